// Any bytes as the file in which a service reads its modes: it is none, or what is read of it keeps
// to the lengths of its fields. Whoever has written it, a service that reads it goes on.

#include "homeostat/adapters/modes/mode_reader.hpp"
#include "homeostat/base/ensure.hpp"

#include <fmt/format.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace modes = homeostat::modes;

namespace {

/// A slot's route, as any service might ask for it.
std::string route_in(const std::uint8_t* data, std::uint32_t slot) {
    const auto* begin = reinterpret_cast<const char*>(data) + modes::header_bytes +
                        std::size_t{slot} * modes::slot_bytes + modes::route_at;
    return {begin, ::strnlen(begin, modes::route_bytes)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using homeostat::ensure;
    const int file = ::memfd_create("modes", MFD_CLOEXEC);
    ensure(file >= 0, "there is memory for a file");
    ensure(::write(file, data, size) == static_cast<ssize_t>(size), "it takes them all");
    const modes::ModeReader reader(fmt::format("/proc/self/fd/{}", file));
    ensure(!reader.is_open() || size == modes::file_bytes, "a file of another length is none");
    if (reader.is_open()) {
        // One route is enough: of a slot that seems to be written a thousand looks are taken.
        const modes::Mode mode = reader.of(route_in(data, data[size - 1] % modes::slots_count));
        ensure(mode.mode.size() <= modes::mode_bytes, "a mode's name ends with its field");
        ensure(mode.mode.find('\0') == std::string::npos, "a name has no zero in it");
    } else {
        ensure(reader.of("any").mode.empty(), "no file, no mode");
    }
    ::close(file);
    return 0;
}
