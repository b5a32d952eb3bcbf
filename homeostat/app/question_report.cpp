#include "homeostat/app/question_report.hpp"

#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"

#include <fmt/format.h>

#include <optional>

namespace homeostat::app {

namespace {

using review::AnswererRow;
using review::QuestionRow;

std::string seconds_text(const std::optional<Duration>& span) {
    return span ? fmt::format("{:.1f} s", to_seconds(*span)) : std::string("—");
}

std::string line_of(const QuestionRow& row) {
    const std::string about =
        row.task ? "task " + plain(row.task->text()) : std::string(to_text(row.remedy));
    const std::string ratio =
        row.approved_ratio ? fmt::format("{:.0f} %", *row.approved_ratio * 100) : std::string("—");
    return fmt::format("{:<24} {:>6} {:>6} {:>6} {:>8} {:>10} {:>16}\n", about, row.asked_count,
                       row.approved_count, row.denied_count, row.silent_count, ratio,
                       seconds_text(row.answer_median));
}

std::string warning_of(const AnswererRow& row) {
    return fmt::format(
        "WARNING: {} said yes to {} of {} questions, in the median after {}: that is a habit, and "
        "nothing that rests on it is safe. Raise what is always agreed to (`homeostat autonomy`), "
        "ask less (approvals.questions_per_hour_max), or ask somebody else, too "
        "(approvals.quorum).\n",
        plain(row.by), row.yes_count, row.answers_count, seconds_text(row.yes_median));
}

}  // namespace

std::string to_lines(const review::QuestionFigures& figures) {
    if (figures.rows.empty()) {
        return {};
    }
    std::string text =
        fmt::format("\n{:<24} {:>6} {:>6} {:>6} {:>8} {:>10} {:>16}\n", "QUESTIONS ABOUT", "ASKED",
                    "YES", "NO", "SILENCE", "YES OF", "MEDIAN TO ANSWER");
    for (const QuestionRow& row : figures.rows) {
        text += line_of(row);
    }
    for (const AnswererRow& row : figures.answerers) {
        text += row.is_by_habit ? warning_of(row) : "";
    }
    return text;
}

void add_to(json::object& document, const review::QuestionFigures& figures) {
    document["questions"] = to_json(figures.rows);
    document["answerers"] = to_json(figures.answerers);
}

}  // namespace homeostat::app
