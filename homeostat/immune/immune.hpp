#pragma once

// immune: what feeds list, what the edge counts → marks to put on and take off, with reasons.
//
// Policy from live threat intelligence. A feed can be late, dead, lying or huge; whatever it says,
// what it can do is bounded: it never marks what is allowed or reserved, it is tried on real
// traffic before anything is denied, and once too much is denied it is taken back and not listened
// to for a while. An error here lets a request through; it never holds one up.
//
// What is at the edge is no state of ours alone: it ends by itself, and is put on again where the
// edge has forgotten it.
//
// A state struct and plain functions over it. Pure. Not thread-safe.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry_bodies_feeds.hpp"
#include "homeostat/domain/feed_update.hpp"
#include "homeostat/domain/marking.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/immune/settings.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

namespace homeostat::immune {

/// Why a listing is not taken in.
enum class Objection : std::uint8_t {
    allowed,      ///< It holds what the operator allows.
    reserved,     ///< It holds addresses that nobody out there has.
    too_wide,     ///< Wider than what one customer has.
    uneven,       ///< Wider than an IPv6 address, and narrower than a /64: the edge has no entry.
    quarantined,  ///< The feed was wrong a short while ago.
    no_room,      ///< There were more than may be, and others are newer or surer.
};
constexpr std::size_t objections_count = 6;

constexpr auto names_of(std::type_identity<Objection>) {
    return std::to_array<std::string_view>(
        {"allowed", "reserved", "too_wide", "uneven", "quarantined", "no_room"});
}

/// A source that is listed, or has a mark still.
struct Suspect {
    std::array<Instant, feeds_max> listed_until{};  ///< By each feed; in the past: not.
    Instant listed_at{};                            ///< First.
    Instant held_until{};                           ///< Only watched until then.
    Instant denied_at{};                            ///< Since when it may be.
    Instant marked_until{};                         ///< As the edge said last.
    std::uint32_t trial{0};                         ///< 0: none.
    std::uint16_t reason{0};                        ///< An index into State::reasons.
    Mark mark{Mark::none};                          ///< As it is at the edge.
    bool has_passed{false};                         ///< Its trial.
};

/// Sources that were put on trial together.
struct Trial {
    Instant began_at;
    MarkCounts counts;  ///< When it began.
};

struct Feed {
    std::size_t sources_count{0};
    std::size_t grown_count{0};  ///< New ones since `grown_since`.
    Instant grown_since{};
    Instant quarantined_until{};
    std::size_t polls_failed{0};  ///< In a row.
    Instant answered_at{};        ///< Last.
    bool wants_whole{true};       ///< What has changed is not enough to know what it lists.
    std::uint64_t skipped{0};
    std::array<std::uint64_t, objections_count> objections{};
};

struct Sample {
    Instant at;
    MarkCounts counts;
};

struct State {
    explicit State(const Settings& settings) : feeds(settings.feeds.size()) {}

    std::map<Network, Suspect> suspects;
    std::vector<Feed> feeds;               ///< As in the settings.
    std::vector<std::string> reasons{""};  ///< Each once; at most `reasons_max`, the rest is "".
    std::map<std::uint32_t, Trial> trials;
    std::uint32_t trials_count{0};
    std::deque<Sample> samples;  ///< Of the last `watch_for`.
    std::uint64_t taken_back_count{0};
    bool is_taking_back{false};  ///< The edge may still deny what was taken back last.
};

constexpr std::size_t reasons_max = 256;

/// Takes in what a feed says. What was listed and is not in a whole list stays until its end: an
/// empty answer is no reason to forget.
[[nodiscard]] std::vector<FeedBody> take(State& state,
                                         const Settings& settings,
                                         std::size_t feed,
                                         const FeedUpdate& update,
                                         Instant now);

/// The feed did not answer, or nothing that could be read. Nothing is forgotten.
[[nodiscard]] std::vector<FeedBody> miss(State& state,
                                         const Settings& settings,
                                         std::size_t feed,
                                         const std::string& because);

/// Whether the feed has to be asked for all that it lists.
[[nodiscard]] bool wants_whole(const State& state, std::size_t feed, Instant now);

struct Orders {
    std::vector<Marking> markings;  ///< What takes marks off comes first.
    std::vector<FeedBody> news;
};

/// What has to change at the edge, given what it counts now.
[[nodiscard]] Orders judge(State& state,
                           const Settings& settings,
                           const MarkCounts& counts,
                           Instant now);

/// What has ended is forgotten. Judging does it too; this is for while nothing can be judged.
void let_go(State& state, const Settings& settings, Instant now);

/// What became of an order. After `unknown` the mark may be there, so it is taken off like one that
/// is; but it has to be put on once more, and nothing is tried under it before that.
void settle(State& state, const Marking& marking, OutcomeKind outcome, Instant now);

/// The order for the ledger, with what is known of each source.
[[nodiscard]] MarkingBody body_of(const State& state,
                                  const Settings& settings,
                                  const Marking& marking,
                                  EffectId effect,
                                  Instant now);

/// How many sources have each mark.
[[nodiscard]] std::array<std::size_t, 4> marks_of(const State& state);

}  // namespace homeostat::immune
