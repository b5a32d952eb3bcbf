#include "homeostat/mesh/precedence.hpp"

#include <algorithm>
#include <chrono>

namespace homeostat::mesh {

namespace {

/// A busy machine is this late now and then; who is later stood still.
constexpr Duration late_max = std::chrono::milliseconds{500};

std::uint32_t whole_ms(Duration span) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
}

NeighbourWord word_of(const AgentId& neighbour, NeighbourSays says, Duration lasts) {
    return {ServiceId(neighbour.text()), says, lasts};
}

}  // namespace

std::vector<Saying> Precedence::ask(const std::vector<AgentId>& neighbours,
                                    const Thread& thread,
                                    Instant now) {
    if (is_asking()) {
        return {};
    }
    ask_ += 1;
    ask_until_ = now + limits_.ask_deadline;
    silent_ = {neighbours.begin(), neighbours.end()};
    words_.clear();
    std::vector<Saying> sayings;
    for (const AgentId& neighbour : neighbours) {
        sayings.push_back({neighbour, thread, Intend{ask_}});
    }
    settle(now);
    return sayings;
}

Word Precedence::answer(const AgentId& neighbour,
                        bool is_caller,
                        const Intend& intend,
                        Instant now) {
    drop_slept_through(now);
    const NeighbourSays no = is_caller ? NeighbourSays::mine : NeighbourSays::wait;
    const Word held_up{intend.ask, no, whole_ms(limits_.word_for)};
    const bool goes_first = is_asking() && self_ < neighbour;
    const bool explains = work_ == CapacityWork::proving && is_caller;
    if (is_taking(now) || goes_first || explains) {
        return held_up;
    }
    if (is_asking()) {
        words_.push_back(word_of(neighbour, NeighbourSays::wait, limits_.word_for));
        settle(now);
    }
    return {intend.ask, NeighbourSays::go, 0};
}

void Precedence::hear(const AgentId& neighbour, const Word& word, Instant now) {
    if (!is_asking() || word.ask != ask_ || silent_.erase(neighbour) == 0) {
        return;
    }
    words_.push_back(word_of(neighbour, word.says, std::chrono::milliseconds{word.lasts_ms}));
    settle(now);
}

void Precedence::note(CapacityWork work) {
    work_ = work;
    if (work != CapacityWork::none) {
        leave_until_ = {};
    }
}

void Precedence::pass_time(Instant now) {
    settle(now);
}

/// Whoever stood still has an open question from before it did, and nobody is to wait for that. Who
/// is only late first hears what has come in time: it may object.
void Precedence::drop_slept_through(Instant now) {
    if (is_asking() && now >= *ask_until_ + late_max) {
        settle(now);
    }
}

/// The first that objects is enough: it is asked again when its word has expired. Who has slept
/// through the end of its question was silent itself meanwhile, and others may have gone.
void Precedence::settle(Instant now) {
    if (!is_asking()) {
        return;
    }
    const bool is_held_up =
        std::ranges::any_of(words_, [](const NeighbourWord& word) { return objects(word.says); });
    const bool is_over = is_held_up || silent_.empty() || now >= *ask_until_;
    if (!is_over) {
        return;
    }
    const bool is_late = now >= *ask_until_ + late_max;
    ask_until_.reset();
    if (!is_held_up && !is_late) {
        leave_until_ = now + limits_.leave_for;
    }
}

}  // namespace homeostat::mesh
