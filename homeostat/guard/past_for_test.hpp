#pragma once

// Past: what guard's specification reads out of a story, by looking the whole way back each time.
// Guard keeps a view that it changes with each event (History): the two have nothing in common but
// the events.
//
// Pure. For tests only.

#include "homeostat/guard/story_for_test.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

namespace homeostat::guard::for_test {

class Past {
  public:
    explicit Past(const Story& story) : story_(story) {}

    /// The latest announcement of what an incident has in hand; null once that is settled.
    [[nodiscard]] const Event* in_hand(const IncidentId& of) const {
        const Event* latest = nullptr;
        for (const Event& event : story_) {
            if (event.of == of && event.kind == EntryKind::intent) {
                latest = &event;
            } else if (event.of == of && is_settling(event)) {
                latest = nullptr;
            }
        }
        return latest;
    }

    /// Remedies that it began, undos aside. A step more of what is in hand begins nothing.
    [[nodiscard]] std::uint32_t attempts(const IncidentId& of) const {
        std::uint32_t count = 0;
        const Event* hand = nullptr;
        for (const Event& event : story_) {
            if (event.of == of && event.kind == EntryKind::intent) {
                const bool goes_on = hand != nullptr && hand->remedy == event.remedy &&
                                     hand->is_undo == event.is_undo;
                count += goes_on || event.is_undo ? 0 : 1;
                hand = &event;
            } else if (event.of == of && is_settling(event)) {
                hand = nullptr;
            }
        }
        return count;
    }

    /// Some effect of it was announced, and nobody knows what became of it.
    [[nodiscard]] bool has_unknown(const IncidentId& of) const {
        std::set<EffectId> open;
        for (const Event& event : story_) {
            const bool is_known = event.outcome != OutcomeKind::unknown || event.is_read_back;
            if (event.of == of && event.kind == EntryKind::intent) {
                open.insert(event.effect);
            } else if (event.of == of && event.kind == EntryKind::outcome && is_known) {
                open.erase(event.effect);
            } else if (event.of == of && event.kind == EntryKind::closed) {
                open.clear();
            }
        }
        return !open.empty();
    }

    /// What it did last and has not begun to take back.
    [[nodiscard]] std::optional<Remedy> done_last(const IncidentId& of) const {
        return walked(of).last;
    }

    /// What it left in force, until a proof follows upon its give-back.
    [[nodiscard]] std::optional<Remedy> held(const IncidentId& of) const { return walked(of).held; }

    [[nodiscard]] bool is_closed(const IncidentId& of) const {
        const auto of_it = [&](EntryKind kind) {
            return std::ranges::find_if(story_, [&, kind](const Event& event) {
                return event.of == of && event.kind == kind;
            });
        };
        return of_it(EntryKind::closed) != story_.end();
    }

    [[nodiscard]] const Event* announced_last(const IncidentId& of) const {
        const auto found = std::find_if(story_.rbegin(), story_.rend(), [&](const Event& event) {
            return event.of == of && event.kind == EntryKind::intent;
        });
        return found == story_.rend() ? nullptr : &*found;
    }

    [[nodiscard]] std::set<IncidentId> others(const IncidentId& than) const {
        std::set<IncidentId> found;
        for (const Event& event : story_) {
            found.insert(event.of);
        }
        found.erase(than);
        return found;
    }

    /// When each incident that used such a remedy there ended, or called a person.
    [[nodiscard]] std::optional<Instant> ended_after(const Remedy& remedy) const {
        std::optional<Instant> latest;
        std::set<IncidentId> users;
        for (const Event& event : story_) {
            const bool ends = event.kind == EntryKind::closed || event.kind == EntryKind::escalated;
            if (uses(event, remedy)) {
                users.insert(event.of);
            } else if (ends && users.contains(event.of)) {
                latest = std::max(latest.value_or(event.at), event.at);
            }
        }
        return latest;
    }

    /// When one of the others that are not over last used such a remedy there.
    [[nodiscard]] std::optional<Instant> used_by_others(const Remedy& remedy,
                                                        const IncidentId& than) const {
        std::optional<Instant> latest;
        for (const Event& event : story_) {
            if (uses(event, remedy) && event.of != than && !is_closed(event.of)) {
                latest = std::max(latest.value_or(event.at), event.at);
            }
        }
        return latest;
    }

    /// The instants, in order, of the announcements after `since` that `counts` agrees to.
    template <class Counts>
    [[nodiscard]] std::vector<Instant> announced(Instant since, const Counts& counts) const {
        std::vector<Instant> found;
        for (const Event& event : story_) {
            if (event.kind == EntryKind::intent && event.at > since && counts(event)) {
                found.push_back(event.at);
            }
        }
        std::ranges::sort(found);
        return found;
    }

  private:
    struct Walked {
        std::optional<Remedy> last;
        std::optional<Remedy> held;
    };

    static bool inverts(const Remedy& remedy, const std::optional<Remedy>& done) {
        return done && inverse_of(*done) == remedy;
    }

    [[nodiscard]] Walked walked(const IncidentId& of) const {
        Walked it;
        for (const Event& event : story_) {
            if (event.of != of) {
                continue;
            }
            const bool is_taken_back = inverts(event.remedy, it.last);
            if (event.kind == EntryKind::intent && (!event.is_undo || is_taken_back)) {
                it.last = event.is_undo ? std::nullopt : std::optional(event.remedy);
            } else if (event.kind == EntryKind::held && it.last == event.remedy) {
                it.held = event.remedy;
            } else if (event.kind == EntryKind::proof && inverts(event.remedy, it.held)) {
                it.held.reset();
            }
        }
        return it;
    }

    static bool uses(const Event& event, const Remedy& remedy) {
        return event.kind == EntryKind::intent && !event.is_undo &&
               kind_of(event.remedy) == kind_of(remedy) &&
               target_of(event.remedy) == target_of(remedy);
    }

    /// After it nothing is in hand.
    static bool is_settling(const Event& event) {
        switch (event.kind) {
            case EntryKind::proposed:
            case EntryKind::undo:
            case EntryKind::given_back:
            case EntryKind::escalated:
            case EntryKind::closed:
                return true;
            case EntryKind::proof:
                return event.proof != ProofKind::undecided;
            case EntryKind::verdict:
                return event.verdict != VerdictKind::permit && !event.may_pass;
            default:
                return false;
        }
    }

    const Story& story_;
};

}  // namespace homeostat::guard::for_test
