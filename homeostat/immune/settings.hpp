#pragma once

// The bounds within which the lists of others may act on our traffic, and what the operator says of
// each list. docs/block_sources.md tells of them.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/network.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::immune {

constexpr std::size_t feeds_max = 4;  ///< A source remembers each that lists it.
constexpr std::uint64_t permille_max = 1'000;

struct Limits {
    /// Of what a feed lists without an end, and at most: whoever has an address changes.
    Duration lasts_default{std::chrono::hours{1}};
    Duration lasts_max{std::chrono::hours{24}};
    std::size_t sources_max{50'000};  ///< Of all feeds. HAProxy was measured with as many.
    /// New ones of one feed within `growth_for`: more are only watched, until a person has raised
    /// this. Or a fifth of what the feed lists already, where that is more.
    std::size_t growth_max{1'000};
    std::size_t growth_percent_max{20};
    Duration growth_for{std::chrono::minutes{1}};
    /// Sources are on trial for so long or so many requests, whichever is over first.
    Duration trial_for{std::chrono::seconds{60}};
    std::uint64_t trial_requests{1'000};
    std::uint64_t on_trial_permille_max{5};   ///< Of requests, from sources on trial.
    std::uint64_t denied_permille_max{20};    ///< Of requests, within `watch_for`.
    std::uint64_t critical_permille_max{10};  ///< Of critical requests, likewise.
    Duration watch_for{std::chrono::seconds{60}};
    /// Fewer requests are taken for as many, so that one of ten is not a tenth.
    std::uint64_t requests_min{200};
    /// A feed that was wrong lists nothing new for so long, and what it listed is only watched.
    Duration quarantine_for{std::chrono::hours{1}};
    std::uint32_t confidence_min{80};  ///< Of one feed alone; else two have to list a source.
    std::size_t polls_failed_max{3};
    /// Of a mark at the edge. It is renewed at half of it, so this is what a mark outlives us by,
    /// at most; the operator's table adds to it.
    Duration lease{std::chrono::minutes{2}};
    /// How long the operator's table may keep a mark that nobody renews.
    Duration table_lasts_max{std::chrono::minutes{10}};
    std::size_t marking_sources_max{1'000};  ///< Of one order: 120 KB in the ledger.
    std::size_t markings_max{10};            ///< At once: the next ones follow with the next look.
};

struct FeedSettings {
    std::string name;
    std::uint32_t confidence{50};  ///< 0 to 100: how much the operator believes it.
    std::size_t sources_max{10'000};
    Duration poll_every{std::chrono::seconds{1}};  ///< A server of others wants to be left longer.
};

struct Settings {
    Limits limits;
    std::vector<FeedSettings> feeds;  ///< At most `feeds_max`.
    std::vector<Network> allowed;     ///< Never marked, whoever lists them.
    bool may_deny{false};             ///< Else everything ends with the trial.
};

}  // namespace homeostat::immune
