// Any bytes for the small files beside a ledger.
//
// LEDGER.starts: no more is read than may stand there, and of each start it can be said whether it
// was in the ten minutes before another one. LEDGER.notices: what is read is written as it was
// read, and a refusal says why.

#include "homeostat/app/notice_cursor.hpp"
#include "homeostat/app/own_start.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using homeostat::ensure;

namespace {

void read_cursors(std::string_view text) {
    const auto cursors = homeostat::app::parse_notice_cursors(text);
    if (!cursors) {
        ensure(!cursors.error().text.empty(), "a refusal says why");
        return;
    }
    ensure(text.size() <= homeostat::app::notice_cursors_bytes_max, "no larger file is read");
    const std::string again = homeostat::to_text(homeostat::to_json(*cursors));
    ensure(again.size() > homeostat::app::notice_cursors_bytes_max ||
               homeostat::app::parse_notice_cursors(again) == *cursors,
           "written, it is the same");
    static_cast<void>(homeostat::app::told_up_to(*cursors, "json 00", 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    read_cursors(text);
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
