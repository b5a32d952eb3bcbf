#pragma once

// The bodies of ledger entries about sources of requests that are marked by the lists of others.
//
// Pure; values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/marking.hpp"
#include "homeostat/domain/outcome.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat {

struct MarkedSource {
    std::string source;
    std::string feeds;   ///< Who lists it, with commas between.
    std::string reason;  ///< Of the feed that listed it first.
    Duration lasts{};    ///< On the list, from then on; zero: it is on none any more.

    static void fields(auto& self, auto&& field) {
        field("source", self.source);
        field("feeds", self.feeds);
        field("reason", self.reason);
        field("lasts", self.lasts);
    }
};

/// Sources are about to be marked: durable before they are.
struct MarkingBody {
    EffectId effect;
    Mark mark{Mark::none};
    std::uint64_t sources_count{0};
    /// Of a renewal none: they stand where the mark was put on.
    std::vector<MarkedSource> sources;
    Instant until{};  ///< Of the mark at the edge, which is renewed as long as the listing lasts.

    static void fields(auto& self, auto&& field) {
        field("effect", self.effect);
        field("mark", self.mark);
        field("sources_count", self.sources_count);
        field("sources", self.sources);
        field("until", self.until);
    }
};

/// What became of it; or why guard did not permit it.
struct MarkedBody {
    EffectId effect;
    Outcome outcome;
    std::string rule{};  ///< Of guard's, where it was refused; else empty.

    static void fields(auto& self, auto&& field) {
        field("effect", self.effect);
        field("outcome", self.outcome);
        field("rule", self.rule, may_be_absent);
    }
};

/// What happened to a feed, or to what it lists.
enum class FeedEvent : std::uint8_t {
    silent,       ///< It did not answer several times in a row.
    answers,      ///< And does again.
    grown,        ///< It lists so many more that they are only watched until a person agrees.
    trial_ended,  ///< So many requests came from the sources on trial that they are only watched.
    taken_back,   ///< So many requests were denied that the sources are only watched again.
    refused,      ///< It lists what is never marked.
};

constexpr auto names_of(std::type_identity<FeedEvent>) {
    return std::to_array<std::string_view>(
        {"silent", "answers", "grown", "trial_ended", "taken_back", "refused"});
}

struct FeedBody {
    FeedEvent event{FeedEvent::silent};
    std::string feed;  ///< Empty: it is about all of them.
    std::uint64_t sources_count{0};
    std::string because;  ///< The numbers.

    static void fields(auto& self, auto&& field) {
        field("event", self.event);
        field("feed", self.feed);
        field("sources_count", self.sources_count);
        field("because", self.because);
    }
};

}  // namespace homeostat
