// Any bytes for LEDGER.starts: no more is read than may stand there, and of each start it can be
// said whether it was in the ten minutes before another one.

#include "homeostat/app/own_start.hpp"
#include "homeostat/base/ensure.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

using homeostat::ensure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto starts = homeostat::app::parse_starts(text);
    if (!starts || starts->empty()) {
        return 0;
    }
    ensure(size <= homeostat::app::starts_bytes_max, "no more is read than may stand there");
    const std::vector<homeostat::app::AgentStart> lately =
        homeostat::app::starts_lately(*starts, starts->front());
    ensure(lately.size() <= starts->size(), "none comes to those that stand there");
    ensure(!lately.empty(), "a start is of the ten minutes before itself");
    return 0;
}
