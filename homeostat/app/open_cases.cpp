#include "homeostat/app/open_cases.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/verdict.hpp"

#include <algorithm>
#include <iterator>

namespace homeostat::app {

namespace {

/// Of the remedy as a whole. Read no further: an entry has all that guard saw in it.
bool is_question(const json::value& body) {
    const json::value* verdict = body.is_object() && !body.get_object().contains("step")
                                     ? body.get_object().if_contains("verdict")
                                     : nullptr;
    const json::value* kind = verdict != nullptr && verdict->is_object()
                                  ? verdict->get_object().if_contains("verdict")
                                  : nullptr;
    return kind != nullptr && kind->is_string() &&
           kind->get_string() == to_text(VerdictKind::question);
}

}  // namespace

void OpenCases::learn(const EntryGroup& group) {
    for (const Entry& entry : group.entries) {
        learn(entry, group);
    }
    groups_count_ = group.index + 1;
}

void OpenCases::learn(const Entry& entry, const EntryGroup& group) {
    switch (entry.kind) {
        case EntryKind::opened:
        case EntryKind::proposed: {
            Case& known = open_[entry.incident];
            known.proposal = entry.body;
            known.call = 0;
            break;
        }
        case EntryKind::verdict:
            if (const auto found = open_.find(entry.incident);
                found != open_.end() && is_question(entry.body)) {
                found->second.is_owed = true;
            }
            break;
        case EntryKind::escalated:
            if (const Result<EscalatedBody> body = from_json<EscalatedBody>(entry.body);
                body && !body->is_told_already) {
                Case& known = open_[entry.incident];
                known.call = ++calls_count_;
                known.is_owed = true;
            }
            break;
        case EntryKind::answered:
            if (const Result<AnsweredBody> body = from_json<AnsweredBody>(entry.body);
                body && body->says != PersonSays::agreed_in_part) {
                keep_answer(*body);
            }
            break;
        case EntryKind::closed:
            learn_close(entry, group);
            break;
        default:
            break;
    }
    if (closed_.size() > closed_cases_max) {
        closed_.pop_front();
    }
    if (answers_.size() > answers_max) {
        answers_.pop_front();
    }
}

void OpenCases::learn_close(const Entry& entry, const EntryGroup& group) {
    const auto found = open_.find(entry.incident);
    const bool is_owed = found != open_.end() && found->second.is_owed;
    if (found != open_.end()) {
        open_.erase(found);
    }
    if (Result<ClosedBody> body = from_json<ClosedBody>(entry.body)) {
        closed_.push_back({entry.incident, *std::move(body), group.index, is_owed, group.wall_at});
    }
}

void OpenCases::forget_what_is_owed_to_nobody() {
    std::erase_if(closed_, [](const ClosedCase& one) { return !one.is_owed; });
}

/// A part of a yes is no answer yet.
void OpenCases::keep_answer(const AnsweredBody& body) {
    if (body.says == PersonSays::approved || body.says == PersonSays::denied) {
        answers_.emplace_back(body.question, console::Answered{body.says, body.by});
    }
}

std::optional<Proposal> OpenCases::proposal_of(const IncidentId& incident) const {
    const auto found = open_.find(incident);
    if (found == open_.end()) {
        return std::nullopt;
    }
    Result<Proposal> proposal = from_json<Proposal>(found->second.proposal);
    return proposal ? std::optional(*std::move(proposal)) : std::nullopt;
}

std::uint64_t OpenCases::call_of(const IncidentId& incident) const {
    const auto found = open_.find(incident);
    return found == open_.end() ? 0 : found->second.call;
}

std::optional<console::Answered> OpenCases::answer_to(const std::string& question) const {
    const auto found =
        std::ranges::find(answers_, question, &std::pair<std::string, console::Answered>::first);
    return found == answers_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<ClosedCase> OpenCases::take_closed() {
    std::vector<ClosedCase> taken(std::make_move_iterator(closed_.begin()),
                                  std::make_move_iterator(closed_.end()));
    closed_.clear();
    return taken;
}

Task<Result<ports::Position>> ToldLedger::append(EntryGroup group, ports::Durability durability) {
    EntryGroup told = group;
    Result<ports::Position> position = co_await ledger_.append(std::move(group), durability);
    if (position) {
        told.index = position->index;  // The ledger's to give.
        cases_.learn(told);
        cases_.note(*position);
    }
    co_return position;
}

Result<void> ToldLedger::replay(const std::function<void(const EntryGroup&)>& visit) {
    Result<void> replayed = ledger_.replay([&](const EntryGroup& group) {
        cases_.learn(group);
        cases_.forget_what_is_owed_to_nobody();
        visit(group);
    });
    return replayed;
}

}  // namespace homeostat::app
