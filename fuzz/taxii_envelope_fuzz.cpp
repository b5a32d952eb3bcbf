// Any bytes as a page of a TAXII collection: refused, or indicators whose texts are plain; what
// they make of addresses is bounded and told once, and no source that is allowed, reserved or too
// wide gets a mark.

#include "homeostat/adapters/taxii/envelope.hpp"
#include "homeostat/adapters/taxii/indicators.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/immune/immune.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace taxii = homeostat::adapters::taxii;
namespace immune = homeostat::immune;

namespace {

/// Of the year of the seeds.
constexpr homeostat::WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 27}};

void check_marks(const homeostat::FeedUpdate& update) {
    using homeostat::ensure;
    immune::Settings settings;
    settings.feeds = {{.name = "any", .confidence = 90}};
    settings.may_deny = true;
    immune::State state(settings);
    const homeostat::Instant at = homeostat::instant_of_ns(1'000'000'000'000);
    static_cast<void>(immune::take(state, settings, 0, update, at));
    for (const homeostat::Marking& marking : immune::judge(state, settings, {}, at).markings) {
        ensure(
            marking.mark == homeostat::Mark::on_trial || marking.mark == homeostat::Mark::watched,
            "nothing is denied before its trial");
        ensure(std::ranges::all_of(marking.sources, homeostat::is_source) &&
                   std::ranges::none_of(marking.sources, homeostat::is_reserved),
               "what gets a mark is a source out there");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using homeostat::ensure;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto page = taxii::parse_envelope(text, 0);
    if (!page) {
        ensure(page.error().fault == homeostat::Fault::broken, "a refusal says why");
        return 0;
    }
    taxii::Indicators indicators;
    for (const taxii::Indicator& indicator : page->indicators) {
        const bool lists = indicator.claim == taxii::Claim::lists;
        ensure(!lists || (!indicator.networks.empty() && indicator.from < indicator.until),
               "what lists, lists something for some time");
        indicators.take(indicator, now);
    }
    const homeostat::FeedUpdate update = indicators.changes(now);
    ensure(indicators.changes(now) == homeostat::FeedUpdate{}, "what has changed is told once");
    for (const homeostat::Listing& listing : update.listed) {
        const bool is_plain = std::ranges::all_of(
            listing.reason, [](char c) { return c > ' ' && c < '\x7f' && c != ';'; });
        ensure(is_plain && listing.reason.size() <= homeostat::reason_bytes_listed_max,
               "a reason is short and plain");
        ensure(listing.lasts && *listing.lasts > homeostat::Duration{} &&
                   *listing.lasts <= std::chrono::days{366},
               "each listing ends");
    }
    check_marks(update);
    return 0;
}
