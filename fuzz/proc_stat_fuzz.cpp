// Any bytes for a line of /proc/PID/stat: read or refused, and what was read can be.

#include "homeostat/base/ensure.hpp"
#include "homeostat/os/proc.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto stat = homeostat::os::parse_process_stat(text);
    if (!stat) {
        homeostat::ensure(!stat.error().text.empty(), "a refusal says why");
        return 0;
    }
    homeostat::ensure(text.contains(" ("), "only a line with a name is read");
    const auto age = homeostat::os::duration_of_ticks(stat->start_ticks, 100);
    homeostat::ensure(age >= homeostat::Duration::zero(), "no process began before the boot");
    return 0;
}
