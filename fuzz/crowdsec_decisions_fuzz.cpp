// Any bytes as CrowdSec's answer: refused, or listings whose texts are plain and whose times are
// bounded; and whatever they list, no source that is allowed, reserved or too wide gets a mark.

#include "homeostat/adapters/crowdsec/decisions.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/immune/immune.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace crowdsec = homeostat::adapters::crowdsec;
namespace immune = homeostat::immune;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using homeostat::ensure;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto update = crowdsec::parse_decisions(text);
    if (!update) {
        ensure(update.error().fault == homeostat::Fault::broken, "a refusal says why");
        return 0;
    }
    for (const homeostat::Listing& listing : update->listed) {
        const bool is_plain = std::ranges::all_of(
            listing.reason, [](char c) { return c > ' ' && c < '\x7f' && c != ';'; });
        ensure(is_plain && listing.reason.size() <= homeostat::reason_bytes_listed_max,
               "a reason is short and plain");
    }
    immune::Settings settings;
    settings.feeds = {{.name = "any", .confidence = 90}};
    settings.may_deny = true;
    immune::State state(settings);
    const homeostat::Instant now = homeostat::instant_of_ns(1'000'000'000'000);
    static_cast<void>(immune::take(state, settings, 0, *update, now));
    const immune::Orders orders = immune::judge(state, settings, {}, now);
    for (const homeostat::Marking& marking : orders.markings) {
        ensure(
            marking.mark == homeostat::Mark::on_trial || marking.mark == homeostat::Mark::watched,
            "nothing is denied before its trial");
        ensure(std::ranges::all_of(marking.sources, homeostat::is_source) &&
                   std::ranges::none_of(marking.sources, homeostat::is_reserved),
               "what gets a mark is a source out there");
    }
    return 0;
}
