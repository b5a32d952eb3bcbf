#pragma once

// Askings: what people were asked, and what they said and how soon.
//
// Who is asked often says yes unread: a yes that comes within seconds to whatever is asked is no
// judgement, and a safeguard that rests on it is none. No single answer shows that; many do.
//
// A question that guard puts again while nobody has answered is the same asking. It ends by a yes
// or a no, by silence (a person is called), and where its incident goes on to something else or is
// over.
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/remedy.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace homeostat::review {

/// Fewer answers are no habit.
constexpr std::uint32_t habit_answers_min = 20;
constexpr double habit_yes_ratio_min = 0.95;
/// Nobody has read by then which processes a remedy touches.
constexpr Duration habit_within{std::chrono::seconds{10}};

/// One person's word; of several signatures that are needed each.
struct PersonAnswer {
    std::string by;
    bool is_yes{false};
    Duration after{};  ///< Since it was asked.
};

struct Asking {
    Remedy remedy;
    WallTime at{};
    std::vector<PersonAnswer> answers;
    std::optional<PersonSays> says;  ///< What it came to; absent: nothing, which is no.
};

class Askings {
  public:
    /// Goes on by one group, oldest first. Gives the askings that ended by it.
    [[nodiscard]] std::vector<Asking> note(const EntryGroup& group);

  private:
    std::map<IncidentId, Asking> open_;
};

/// Questions about one kind of remedy, of tasks about one task.
struct QuestionRow {
    RemedyKind remedy{RemedyKind::observe};
    std::optional<TaskId> task{};
    std::uint32_t asked_count{0};
    std::uint32_t approved_count{0};
    std::uint32_t denied_count{0};
    std::uint32_t silent_count{0};
    std::optional<double> approved_ratio{};   ///< Of those that were answered.
    std::optional<Duration> answer_median{};  ///< From the question to the yes or no.

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("task", self.task);
        field("asked_count", self.asked_count);
        field("approved_count", self.approved_count);
        field("denied_count", self.denied_count);
        field("silent_count", self.silent_count);
        field("approved_ratio", self.approved_ratio);
        field("answer_median_ns", self.answer_median);
    }
};

/// The same by who answered.
struct AnswererRow {
    std::string by;
    std::uint32_t answers_count{0};
    std::uint32_t yes_count{0};
    std::optional<Duration> yes_median{};
    bool is_by_habit{false};  ///< Yes to nearly everything, within seconds.

    static void fields(auto& self, auto&& field) {
        field("by", self.by);
        field("answers_count", self.answers_count);
        field("yes_count", self.yes_count);
        field("yes_median_ns", self.yes_median);
        field("is_by_habit", self.is_by_habit);
    }
};

struct QuestionFigures {
    std::vector<QuestionRow> rows;       ///< By kind, then by task.
    std::vector<AnswererRow> answerers;  ///< By name.
};

[[nodiscard]] QuestionFigures figures_of(std::span<const Asking> askings);

}  // namespace homeostat::review
