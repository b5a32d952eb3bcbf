#pragma once

// ModeReader: in which reduced mode is a route of mine? For services; this header and the standard
// library are all that it needs, in C++17.
//
//     homeostat::modes::ModeReader modes("/run/payments/modes");
//     if (modes.of("fraud").mode == "sampled_checks") { … }
//
// The agent writes the file, services map it: to ask costs a few loads and no call to the kernel
// but for the clock. A mode that has ended is none, though the agent that would say so is dead; a
// file that is not there, or not one, says that all is as usual.
//
// The file, in the machine's byte order: 8 bytes "HSTMODE1", the number of slots and the bytes of a
// slot (32 bits each), then the slots:
//
//      0  u64       turn: odd while the slot is being written, 0 if it never was
//      8  i64       until: CLOCK_BOOTTIME in nanoseconds
//     16  u32       permille of the calls that the edge answers itself
//     20  u32       calls a second that were promised to the callee; 0: nothing is
//     24  char[24]  mode, ended by zeros; empty: none
//     48  char[64]  route, likewise
//    112  16 bytes  0
//
// Thread-safe: a reader changes nothing.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>

namespace homeostat::modes {

constexpr char file_magic[] = "HSTMODE1";  // NOLINT(modernize-avoid-c-arrays): its bytes.
constexpr std::size_t magic_bytes = 8;
constexpr std::size_t header_bytes = 16;
constexpr std::uint32_t slots_count = 32;
constexpr std::uint32_t slot_bytes = 128;
constexpr std::size_t file_bytes = header_bytes + std::size_t{slots_count} * slot_bytes;

constexpr std::size_t until_at = 8;
constexpr std::size_t permille_at = 16;
constexpr std::size_t rate_at = 20;
constexpr std::size_t mode_at = 24;
constexpr std::size_t mode_bytes = 24;
constexpr std::size_t route_at = 48;
constexpr std::size_t route_bytes = 64;

struct Mode {
    std::string mode;           ///< Empty: as usual.
    std::uint32_t permille{0};  ///< Of the calls, answered by the edge.
    std::uint32_t rps_max{0};   ///< UNITS: calls/s. 0: nothing is promised.
};

/// CLOCK_BOOTTIME in nanoseconds.
inline std::int64_t boot_now_ns() {
    constexpr std::int64_t ns_per_second = 1'000'000'000;
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * ns_per_second + now.tv_nsec;
}

class ModeReader {
  public:
    explicit ModeReader(const std::string& file) : file_(file) { map(); }
    ~ModeReader() { unmap(); }
    ModeReader(const ModeReader&) = delete;
    ModeReader& operator=(const ModeReader&) = delete;
    ModeReader(ModeReader&&) = delete;
    ModeReader& operator=(ModeReader&&) = delete;

    /// Whether there is such a file. One that was not there is looked for by each `open_again`.
    [[nodiscard]] bool is_open() const { return bytes_ != nullptr; }
    bool open_again() {
        unmap();
        map();
        return is_open();
    }

    /// The mode of a route now.
    [[nodiscard]] Mode of(const std::string& route) const {
        for (std::uint32_t slot = 0; is_open() && slot < slots_count; ++slot) {
            char copy[slot_bytes];  // NOLINT(modernize-avoid-c-arrays): as it lies in the file.
            if (take(slot, copy) && text_at(copy, route_at, route_bytes) == route) {
                return mode_in(copy);
            }
        }
        return {};
    }

  private:
    static std::string text_at(const char* slot, std::size_t at, std::size_t bytes_max) {
        return std::string(slot + at, ::strnlen(slot + at, bytes_max));
    }

    static Mode mode_in(const char* slot) {
        std::int64_t until = 0;
        std::memcpy(&until, slot + until_at, sizeof until);
        Mode mode;
        if (boot_now_ns() < until) {
            mode.mode = text_at(slot, mode_at, mode_bytes);
            std::memcpy(&mode.permille, slot + permille_at, sizeof mode.permille);
            std::memcpy(&mode.rps_max, slot + rate_at, sizeof mode.rps_max);
        }
        return mode;
    }

    /// A whole slot: one that was not written meanwhile. False: never written, or its writer died
    /// while it wrote.
    bool take(std::uint32_t slot, char* copy) const {
        constexpr int tries_max = 1'000;
        const char* from = bytes_ + header_bytes + std::size_t{slot} * slot_bytes;
        const auto* turn = reinterpret_cast<const std::atomic<std::uint64_t>*>(from);
        for (int tries = 0; tries < tries_max; ++tries) {
            const std::uint64_t before = turn->load(std::memory_order_acquire);
            if (before == 0) {
                return false;
            }
            for (std::size_t at = 0; at < slot_bytes; at += sizeof(std::uint64_t)) {
                const auto* word = reinterpret_cast<const std::atomic<std::uint64_t>*>(from + at);
                const std::uint64_t value = word->load(std::memory_order_relaxed);
                std::memcpy(copy + at, &value, sizeof value);
            }
            std::atomic_thread_fence(std::memory_order_acquire);
            if (before % 2 == 0 && turn->load(std::memory_order_relaxed) == before) {
                return true;
            }
        }
        return false;
    }

    void map() {
        const int file = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
        struct stat status{};
        const bool is_whole = file >= 0 && ::fstat(file, &status) == 0 &&
                              status.st_size == static_cast<off_t>(file_bytes);
        if (is_whole) {
            void* mapped = ::mmap(nullptr, file_bytes, PROT_READ, MAP_SHARED, file, 0);
            bytes_ = mapped == MAP_FAILED ? nullptr : static_cast<const char*>(mapped);
        }
        if (file >= 0) {
            ::close(file);
        }
        std::uint32_t shape[2] = {0, 0};  // NOLINT(modernize-avoid-c-arrays): as it lies there.
        if (bytes_ != nullptr) {
            std::memcpy(shape, bytes_ + magic_bytes, sizeof shape);
        }
        const bool is_ours = bytes_ != nullptr &&
                             std::memcmp(bytes_, file_magic, magic_bytes) == 0 &&
                             shape[0] == slots_count && shape[1] == slot_bytes;
        if (!is_ours) {
            unmap();
        }
    }

    void unmap() {
        if (bytes_ != nullptr) {
            ::munmap(const_cast<char*>(bytes_), file_bytes);
            bytes_ = nullptr;
        }
    }

    std::string file_;
    const char* bytes_{nullptr};
};

}  // namespace homeostat::modes
