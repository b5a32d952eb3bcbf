#pragma once

// What the rules in words ask of a story where an instance is drained: whether that is our doing.
//
// Pure. For tests only.

#include "homeostat/guard/story_for_test.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <variant>

namespace homeostat::guard::for_test {

using StoryFrom = std::span<const Event>;

template <class S>
[[nodiscard]] bool announces(const Event& event, const InstanceId& instance) {
    const auto* step = std::get_if<S>(&event.step);
    return event.kind == EntryKind::intent && step != nullptr && step->instance == instance;
}

/// What was heard of that which the first event announces; null: nothing.
[[nodiscard]] inline const Event* answer_in(StoryFrom since) {
    const Event* answer = nullptr;
    for (const Event& event : since) {
        const bool is_it = event.kind == EntryKind::outcome && event.effect == since.front().effect;
        const bool says_something = event.outcome != OutcomeKind::unknown || event.is_read_back;
        answer = is_it && says_something ? &event : answer;
    }
    return answer;
}

[[nodiscard]] inline bool is_done_in(StoryFrom since) {
    const Event* answer = answer_in(since);
    return answer != nullptr && answer->outcome == OutcomeKind::done;
}

/// It was put back since, or drained by another order of ours; or the incident has ended with it,
/// unless the process was stopped before.
[[nodiscard]] inline bool is_drain_over(const Story& story, StoryFrom since) {
    const Event& drain = since.front();
    const InstanceId& name = *instance_of(drain.step);
    bool is_stopped = false;
    for (const Event& event : since) {
        is_stopped = is_stopped || announces<Stop>(event, name);
        const auto is_other = [&](const Event& order) {
            return order.effect == event.effect && order.effect != drain.effect &&
                   (announces<Drain>(order, name) || announces<Undrain>(order, name));
        };
        const bool is_done = event.kind == EntryKind::outcome && event.outcome == OutcomeKind::done;
        const bool is_end = event.kind == EntryKind::closed && event.of == drain.of;
        if ((is_end && !is_stopped) || (is_done && std::ranges::any_of(story, is_other))) {
            return true;
        }
    }
    return false;
}

/// We died over it, and its state has changed since, within ten seconds; the edge errs by one. If
/// we lived to look for it any change before that look is in time, and as long as we wait any is.
[[nodiscard]] inline bool is_drain_dated(const InstanceFacts& one, StoryFrom since) {
    using std::chrono::seconds;
    const Instant at = since.front().at;
    const Event* look = answer_in(since);
    bool has_died = false;
    for (const Event& event : since) {
        if (&event == look) {
            break;
        }
        has_died = has_died || event.kind == EntryKind::started;
    }
    Instant until = at + seconds{10};
    if (look != nullptr && !has_died) {
        until = std::max(until, look->at + seconds{2});
    }
    const bool is_waited_for = look == nullptr && !has_died;
    return one.rotation_since && *one.rotation_since >= at - seconds{1} &&
           (is_waited_for || *one.rotation_since <= until + seconds{1});
}

/// Ten seconds and more after an order of ours to put it back, of which nobody has said that it was
/// done, its state has changed.
[[nodiscard]] inline bool is_drained_anew(const InstanceFacts& one, const Story& story) {
    const InstanceId& name = one.runtime.instance;
    bool is_anew = false;
    for (auto at = story.begin(); at != story.end(); ++at) {
        const bool is_late =
            one.rotation_since && *one.rotation_since > at->at + std::chrono::seconds{10};
        if (announces<Undrain>(*at, name)) {
            is_anew = !is_done_in({at, story.end()}) && (is_anew || is_late);
        } else if (announces<Drain>(*at, name)) {
            is_anew = false;
        }
    }
    return is_anew;
}

/// That it is drained is known.
[[nodiscard]] inline bool is_drained_by_us(const InstanceFacts& one, const Story& story) {
    bool is_explained = false;
    for (auto at = story.begin(); at != story.end(); ++at) {
        const StoryFrom since{at, story.end()};
        if (announces<Drain>(*at, one.runtime.instance) && !is_drain_over(story, since)) {
            is_explained = is_explained || is_done_in(since) || is_drain_dated(one, since);
        }
    }
    return is_explained && !is_drained_anew(one, story);
}

}  // namespace homeostat::guard::for_test
