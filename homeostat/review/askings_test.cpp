// What people were asked, and how they answer.

#include "homeostat/review/askings.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/review/story_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::review {

namespace {

using namespace for_test;
using namespace std::chrono_literals;

/// A made-up ledger of questions and answers, and the askings that ended in it.
struct Ledger {
    Askings askings{};
    std::vector<Asking> ended{};
    std::chrono::milliseconds at{0};

    void tell(EntryKind kind, json::value body, const std::string& id = "i-1") {
        EntryGroup group;
        group.wall_at = WallTime{at};
        group.entries.push_back({kind, IncidentId(id), std::move(body)});
        for (Asking& one : askings.note(group)) {
            ended.push_back(std::move(one));
        }
    }

    void ask(const Remedy& remedy, const std::string& id = "i-1") {
        VerdictBody body;
        body.remedy = remedy;
        body.verdict = {.kind = VerdictKind::question, .rule = "a person has agreed"};
        tell(EntryKind::verdict, to_json(body), id);
    }

    void answer(const Remedy& remedy,
                PersonSays says,
                const std::string& by,
                const std::string& id = "i-1") {
        AnsweredBody body;
        body.remedy = remedy;
        body.says = says;
        body.by = by;
        tell(EntryKind::answered, to_json(body), id);
    }

    /// `count` questions about `remedy`, each answered after `within`.
    void ask_often(std::uint32_t count, PersonSays says, std::chrono::milliseconds within) {
        for (std::uint32_t number = 0; number < count; ++number) {
            ask(restart_0);
            at += within;
            answer(restart_0, says, "anna");
        }
    }

    [[nodiscard]] bool is_by_habit() const {
        const QuestionFigures figures = figures_of(ended);
        REQUIRE(figures.answerers.size() == 1);
        return figures.answerers.front().is_by_habit;
    }
};

struct HabitCase {
    std::uint32_t yes_count;
    std::uint32_t no_count;
    std::chrono::milliseconds within;
    bool is_habit;
};

}  // namespace

TEST_CASE("a question is one asking however often guard puts it, and its answer has its time") {
    Ledger ledger;
    ledger.ask(rollback);
    ledger.at += 3s;
    ledger.ask(rollback);
    ledger.at += 4s;
    ledger.answer(rollback, PersonSays::approved, "anna");
    const QuestionFigures figures = figures_of(ledger.ended);
    REQUIRE(figures.rows.size() == 1);
    const QuestionRow& row = figures.rows.front();
    CHECK(row.remedy == RemedyKind::rollback);
    CHECK(row.asked_count == 1);
    CHECK(row.approved_count == 1);
    CHECK(row.answer_median == Duration{7s});
    CHECK(row.approved_ratio == 1.0);
}

TEST_CASE("silence, another question and the end of the incident leave a question unanswered") {
    Ledger ledger;
    ledger.ask(rollback, "i-1");
    ledger.tell(EntryKind::escalated, json::object{}, "i-1");
    ledger.ask(rollback, "i-2");
    ledger.ask(restart_0, "i-2");
    ledger.tell(EntryKind::closed, json::object{}, "i-2");
    ledger.answer(restart_0, PersonSays::approved, "anna", "i-2");  // Too late.
    const QuestionFigures figures = figures_of(ledger.ended);
    REQUIRE(figures.rows.size() == 2);
    for (const QuestionRow& row : figures.rows) {
        CHECK(row.silent_count == row.asked_count);
        CHECK_FALSE(row.approved_ratio);
        CHECK_FALSE(row.answer_median);
    }
    CHECK(figures.rows[0].asked_count + figures.rows[1].asked_count == 3);
    CHECK(figures.answerers.empty());
}

TEST_CASE("an answer to something else is no answer, and a part of a yes is one person's") {
    Ledger ledger;
    ledger.ask(rollback);
    ledger.answer(restart_0, PersonSays::denied, "eve");
    ledger.at += 2s;
    ledger.answer(rollback, PersonSays::agreed_in_part, "anna");
    CHECK(ledger.ended.empty());
    ledger.at += 4s;
    ledger.answer(rollback, PersonSays::approved, "bert");
    const QuestionFigures figures = figures_of(ledger.ended);
    REQUIRE(figures.rows.size() == 1);
    CHECK(figures.rows.front().asked_count == 1);
    CHECK(figures.rows.front().answer_median == Duration{6s});
    REQUIRE(figures.answerers.size() == 2);
    CHECK(figures.answerers[0].by == "anna");
    CHECK(figures.answerers[0].yes_median == Duration{2s});
    CHECK(figures.answerers[1].yes_median == Duration{6s});
}

TEST_CASE("tasks are told apart, and a no counts for the ratio and the time") {
    Ledger ledger;
    const auto of_task = [](const char* name) {
        DeclaredTask task;
        task.task = TaskId(name);
        return Remedy{RunTask{task}};
    };
    ledger.ask(of_task("a"));
    ledger.at += 10s;
    ledger.answer(of_task("a"), PersonSays::denied, "anna");
    ledger.ask(of_task("b"));
    ledger.at += 20s;
    ledger.answer(of_task("b"), PersonSays::approved, "anna");
    const QuestionFigures figures = figures_of(ledger.ended);
    REQUIRE(figures.rows.size() == 2);
    CHECK(figures.rows[0].task == TaskId("a"));
    CHECK(figures.rows[0].approved_ratio == 0.0);
    CHECK(figures.rows[0].answer_median == Duration{10s});
    CHECK(figures.rows[1].task == TaskId("b"));
    REQUIRE(figures.answerers.size() == 1);
    CHECK(figures.answerers[0].answers_count == 2);
    CHECK(figures.answerers[0].yes_count == 1);
}

TEST_CASE("who says yes to nearly everything within seconds does so by habit, and nobody else") {
    for (const HabitCase& each :
         {HabitCase{20, 0, 3s, true}, HabitCase{19, 0, 3s, false}, HabitCase{20, 0, 10s, true},
          HabitCase{20, 0, 10'001ms, false}, HabitCase{38, 2, 3s, true},
          HabitCase{37, 3, 3s, false}, HabitCase{0, 40, 3s, false}}) {
        CAPTURE(each.yes_count);
        CAPTURE(each.no_count);
        Ledger ledger;
        ledger.ask_often(each.yes_count, PersonSays::approved, each.within);
        ledger.ask_often(each.no_count, PersonSays::denied, each.within);
        CHECK(ledger.is_by_habit() == each.is_habit);
    }
}

}  // namespace homeostat::review
