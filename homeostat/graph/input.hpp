#pragma once

// Input: everything that can happen to a thread.
//
// Pure. Values only.

#include "homeostat/graph/commit.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace homeostat::graph {

/// Runs what is ready, and what has lost the reply to what it asked for.
struct Go {};
/// For the task that was asked for it; 0: for the one that waits.
template <class D>
struct Tell {
    typename D::Message message;
    std::uint64_t task{0};
    std::uint32_t attempt{0};
};
/// Time has passed: wakes, next attempts, attempts that take too long, questions that nobody
/// answered.
struct Tick {};
/// A person's answer. Without the question's id it is for the only one that is open.
template <class D>
struct Reply {
    typename D::Answer answer;
    std::string question{};
};
/// Another process has taken the thread over; or the same one goes on with it from its latest
/// commit, which is no death of a process.
struct Reopen {
    bool is_same_process{false};
    bool is_other_boot{false};  ///< The clock has begun anew since the latest commit.
};
/// A person lets a parked thread try again: what failed, and what waited beside it, whose replies
/// are lost, begins a new attempt, and has as many as at first.
struct Retry {};
/// A person lets a paused thread go on.
struct Release {};

template <class D>
using Input = std::variant<Go, Tell<D>, Tick, Reply<D>, Reopen, Retry, Release>;

[[nodiscard]] constexpr Cause cause_of(std::size_t input_index) {
    constexpr std::array causes{Cause::stepped,  Cause::told,    Cause::ticked,  Cause::answered,
                                Cause::reopened, Cause::retried, Cause::released};
    return causes.at(input_index);
}

}  // namespace homeostat::graph
