#include "homeostat/review/askings.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/review/median.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::review {

namespace {

using Spans = std::vector<Duration>;

/// Remedies of another name are no answer to this one.
bool is_about(const Asking& asking, const Remedy& remedy) {
    return asking.remedy == remedy;
}

std::optional<Remedy> asked_in(const Entry& entry) {
    if (entry.kind != EntryKind::verdict) {
        return std::nullopt;
    }
    Result<VerdictBody> body = from_json<VerdictBody>(entry.body);
    const bool is_question = body && body->verdict.kind == VerdictKind::question;
    return is_question ? std::optional(std::move(body->remedy)) : std::nullopt;
}

bool ends_unanswered(EntryKind kind) {
    return kind == EntryKind::escalated || kind == EntryKind::closed;
}

/// Whether the asking is over by it.
bool note_answer(Asking& asking, const AnsweredBody& body, WallTime at) {
    const bool is_yes = body.says != PersonSays::denied;
    asking.answers.push_back({body.by, is_yes, std::max(Duration{at - asking.at}, Duration{})});
    if (body.says == PersonSays::agreed_in_part) {
        return false;
    }
    asking.says = body.says;
    return true;
}

void count(QuestionRow& row, Spans& spans, const Asking& asking) {
    row.asked_count += 1;
    row.approved_count += asking.says == PersonSays::approved ? 1 : 0;
    row.denied_count += asking.says == PersonSays::denied ? 1 : 0;
    row.silent_count += asking.says ? 0 : 1;
    if (asking.says && !asking.answers.empty()) {
        spans.push_back(asking.answers.back().after);
    }
}

QuestionRow finished(QuestionRow row, Spans spans) {
    const std::uint32_t answered_count = row.approved_count + row.denied_count;
    if (answered_count > 0) {
        row.approved_ratio = static_cast<double>(row.approved_count) / answered_count;
    }
    row.answer_median = median_of(std::move(spans));
    return row;
}

AnswererRow finished(AnswererRow row, Spans spans) {
    row.yes_median = median_of(std::move(spans));
    row.is_by_habit = row.answers_count >= habit_answers_min &&
                      row.yes_count >= habit_yes_ratio_min * row.answers_count &&
                      row.yes_median <= habit_within;
    return row;
}

/// From keyed rows with their spans to rows.
template <class Row, class Key>
std::vector<Row> rows_of(std::map<Key, std::pair<Row, Spans>> keyed) {
    std::vector<Row> rows;
    for (auto& [key, row] : keyed) {
        rows.push_back(finished(std::move(row.first), std::move(row.second)));
    }
    return rows;
}

}  // namespace

std::vector<Asking> Askings::note(const EntryGroup& group) {
    std::vector<Asking> ended;
    const auto end = [&](auto found) {
        ended.push_back(std::move(found->second));
        open_.erase(found);
    };
    for (const Entry& entry : group.entries) {
        auto found = open_.find(entry.incident);
        if (std::optional<Remedy> remedy = asked_in(entry)) {
            if (found != open_.end() && is_about(found->second, *remedy)) {
                continue;
            }
            if (found != open_.end()) {
                end(found);
            }
            open_[entry.incident] = Asking{std::move(*remedy), group.wall_at, {}, {}};
        } else if (found != open_.end() && ends_unanswered(entry.kind)) {
            end(found);
        } else if (found != open_.end() && entry.kind == EntryKind::answered) {
            const Result<AnsweredBody> body = from_json<AnsweredBody>(entry.body);
            const bool is_ours = body && is_about(found->second, body->remedy);
            if (is_ours && note_answer(found->second, *body, group.wall_at)) {
                end(found);
            }
        }
    }
    return ended;
}

QuestionFigures figures_of(std::span<const Asking> askings) {
    std::map<std::pair<RemedyKind, std::optional<TaskId>>, std::pair<QuestionRow, Spans>> rows;
    std::map<std::string, std::pair<AnswererRow, Spans>> answerers;
    for (const Asking& asking : askings) {
        const DeclaredTask* task = task_of(asking.remedy);
        const RemedyKind kind = kind_of(asking.remedy);
        const std::optional<TaskId> name = task ? std::optional(task->task) : std::nullopt;
        auto& [row, spans] = rows[{kind, name}];
        row.remedy = kind;
        row.task = name;
        count(row, spans, asking);
        for (const PersonAnswer& answer : asking.answers) {
            auto& [person, yes_spans] = answerers[answer.by];
            person.by = answer.by;
            person.answers_count += 1;
            person.yes_count += answer.is_yes ? 1 : 0;
            if (answer.is_yes) {
                yes_spans.push_back(answer.after);
            }
        }
    }
    return {rows_of(std::move(rows)), rows_of(std::move(answerers))};
}

}  // namespace homeostat::review
