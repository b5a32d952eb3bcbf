#include "homeostat/adapters/modes/mode_file.hpp"

#include "homeostat/os/error.hpp"
#include "homeostat/os/fd.hpp"
#include "homeostat/os/file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace homeostat::adapters::modes {

namespace {

namespace layout = homeostat::modes;

using Slot = std::array<char, layout::slot_bytes>;

std::string empty_file() {
    std::string bytes(layout::file_bytes, '\0');
    bytes.replace(0, layout::magic_bytes, layout::file_magic);
    const std::array<std::uint32_t, 2> shape{layout::slots_count, layout::slot_bytes};
    std::memcpy(bytes.data() + layout::magic_bytes, shape.data(), sizeof shape);
    return bytes;
}

std::string_view route_in(const char* slot) {
    return {slot + layout::route_at, ::strnlen(slot + layout::route_at, layout::route_bytes)};
}

std::atomic<std::uint64_t>& word_at(char* slot, std::size_t at) {
    return *reinterpret_cast<std::atomic<std::uint64_t>*>(slot + at);
}

Slot slot_with(const ports::ModeNotice& notice) {
    Slot slot{};
    const std::int64_t until = to_ns(notice.until);
    std::memcpy(slot.data() + layout::until_at, &until, sizeof until);
    std::memcpy(slot.data() + layout::permille_at, &notice.permille, sizeof notice.permille);
    std::memcpy(slot.data() + layout::rate_at, &notice.rps_max, sizeof notice.rps_max);
    std::memcpy(slot.data() + layout::mode_at, notice.mode.data(), notice.mode.size());
    std::memcpy(slot.data() + layout::route_at, notice.route.data(), notice.route.size());
    return slot;
}

}  // namespace

Result<std::unique_ptr<ModeFile>> ModeFile::open(const std::string& path) {
    const Result<std::string> there = os::read_file(path, layout::file_bytes);
    const std::string fresh = empty_file();
    if (!there && there.error().fault != Fault::absent) {
        return std::unexpected(there.error());
    }
    if (there && (there->size() != fresh.size() || there->substr(0, layout::header_bytes) !=
                                                       fresh.substr(0, layout::header_bytes))) {
        return fail(Fault::invalid, path +
                                        ": something else than modes lies there; name another "
                                        "file, or delete it");
    }
    if (!there) {
        Result<void> made = os::make_directories(os::parent_of(path));
        made = made ? os::write_file_atomically(path, fresh) : made;
        if (!made) {
            return std::unexpected(made.error());
        }
    }
    const os::Fd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    void* mapped = file.is_open() ? ::mmap(nullptr, layout::file_bytes, PROT_READ | PROT_WRITE,
                                           MAP_SHARED, file.number(), 0)
                                  : MAP_FAILED;
    if (mapped == MAP_FAILED) {
        return std::unexpected(os::write_error("map the modes", path, errno));
    }
    return std::unique_ptr<ModeFile>(new ModeFile(static_cast<char*>(mapped)));
}

ModeFile::~ModeFile() {
    ::munmap(bytes_, layout::file_bytes);
}

/// The slot that has this route, or the first free one; null: there is none.
char* ModeFile::slot_of(const std::string& route) const {
    for (std::uint32_t index = 0; index < layout::slots_count; ++index) {
        char* slot = bytes_ + layout::header_bytes + std::size_t{index} * layout::slot_bytes;
        const std::string_view there = route_in(slot);
        if (there == route || there.empty()) {
            return slot;
        }
    }
    return nullptr;
}

void ModeFile::show(const ports::ModeNotice& notice) {
    const bool fits = !notice.route.empty() && notice.route.size() <= layout::route_bytes &&
                      notice.mode.size() <= layout::mode_bytes;
    char* slot = fits ? slot_of(notice.route) : nullptr;
    if (slot == nullptr) {
        return;
    }
    const Slot wanted = slot_with(notice);
    std::atomic<std::uint64_t>& turn = word_at(slot, 0);
    // A predecessor may have died while it wrote: the turn is even again after this in any case.
    const std::uint64_t writing = turn.load(std::memory_order_relaxed) | 1U;
    turn.store(writing, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    for (std::size_t at = sizeof(std::uint64_t); at < layout::slot_bytes;
         at += sizeof(std::uint64_t)) {
        std::uint64_t value = 0;
        std::memcpy(&value, wanted.data() + at, sizeof value);
        word_at(slot, at).store(value, std::memory_order_relaxed);
    }
    turn.store(writing + 1, std::memory_order_release);
}

}  // namespace homeostat::adapters::modes
