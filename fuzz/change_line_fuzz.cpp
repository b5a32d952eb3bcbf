// Any bytes for a line of the changes file, which is also the body of POST /v1/changes: refused, or
// a change of plain names that nobody takes for first-hand.

#include "homeostat/adapters/process/changes_file.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/id.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using homeostat::ensure;

namespace {

bool is_plain_or_empty(std::string_view text) {
    return text.empty() || homeostat::is_plain_name(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    const auto change = homeostat::adapters::process::parse_change_line(line);
    if (!change) {
        ensure(!change.error().text.empty() && change.error().text.size() < 2'048,
               "a refusal says why, and is short");
        return 0;
    }
    ensure(!change->is_first_hand && !change->is_ours && change->id.empty(),
           "what is told is hearsay");
    ensure(homeostat::is_plain_name(change->service.text()), "a service has a plain name");
    ensure(is_plain_or_empty(change->from.text()) && is_plain_or_empty(change->to.text()) &&
               is_plain_or_empty(change->reference),
           "no text but plain names");
    const auto again = homeostat::from_json<homeostat::Change>(homeostat::to_json(*change));
    ensure(again && *again == *change, "written and read, it is the same");
    return 0;
}
