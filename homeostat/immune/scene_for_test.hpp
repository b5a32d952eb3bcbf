#pragma once

// A scene for the tests of this stage: feeds that say what a test wants, and an edge of which only
// the counters matter.
//
// For tests only.

#include "homeostat/immune/immune.hpp"
#include "homeostat/immune/suspects.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace homeostat::immune {

inline Network network_for_test(const std::string& text) {
    const Result<Network> network = parse_network(text);
    REQUIRE_MESSAGE(network, text);
    return *network;
}

/// The address number `index` of many.
inline Network address_for_test(std::size_t index) {
    return network_for_test("1." + std::to_string(index / 65'536) + "." +
                            std::to_string(index / 256 % 256) + "." + std::to_string(index % 256));
}

inline FeedUpdate update_for_test(const std::vector<std::string>& networks,
                                  std::optional<Duration> lasts = std::chrono::hours{4}) {
    FeedUpdate update;
    for (const std::string& network : networks) {
        update.listed.push_back({network_for_test(network), "ssh-bf", lasts});
    }
    return update;
}

inline FeedUpdate many_for_test(std::size_t begin, std::size_t count) {
    FeedUpdate update;
    for (std::size_t index = begin; index < begin + count; ++index) {
        update.listed.push_back({address_for_test(index), "list", std::chrono::hours{4}});
    }
    return update;
}

class Scene {
  public:
    Settings settings{.limits = {},
                      .feeds = {{.name = "sure", .confidence = 90},
                                {.name = "doubtful", .confidence = 40},
                                {.name = "other", .confidence = 40}},
                      .allowed = {network_for_test("198.51.100.0/24")},
                      .may_deny = true};
    State state{settings};
    MarkCounts counts{};
    Instant now{instant_of_ns(1'000'000'000'000)};
    std::vector<FeedBody> news{};

    void hear(const FeedUpdate& update, std::size_t feed = 0) {
        const std::vector<FeedBody> told = take(state, settings, feed, update, now);
        news.insert(news.end(), told.begin(), told.end());
    }
    void hear(const std::vector<std::string>& networks, std::size_t feed = 0) {
        hear(update_for_test(networks), feed);
    }

    /// Judges, and an edge does all that is ordered.
    std::vector<Marking> obey(OutcomeKind outcome = OutcomeKind::done) {
        const Orders orders = judge(state, settings, counts, now);
        news.insert(news.end(), orders.news.begin(), orders.news.end());
        for (const Marking& marking : orders.markings) {
            settle(state, marking, outcome, now);
        }
        return orders.markings;
    }

    /// Time and requests pass; of the latter so many come from sources on trial.
    void pass(Duration span, std::uint64_t requests = 0, std::uint64_t on_trial = 0) {
        now += span;
        counts.requests += requests;
        counts.on_trial += on_trial;
    }

    /// As above, and what a trial needs to end well.
    void pass_trial() {
        obey();
        pass(std::chrono::seconds{1}, 1'000);
        obey();
    }

    [[nodiscard]] Mark mark_of(const std::string& source) const {
        const auto found = state.suspects.find(network_for_test(source));
        return found == state.suspects.end() ? Mark::none : found->second.mark;
    }
    [[nodiscard]] std::size_t count_of(Mark mark) const {
        return marks_of(state)[static_cast<std::size_t>(mark)];
    }
    [[nodiscard]] std::uint64_t refused(Objection why, std::size_t feed = 0) const {
        return state.feeds[feed].objections[static_cast<std::size_t>(why)];
    }
    [[nodiscard]] bool told(FeedEvent event) const {
        return std::ranges::any_of(news, [event](const auto& one) { return one.event == event; });
    }
};

}  // namespace homeostat::immune
