#include "homeostat/app/open_cases.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <algorithm>
#include <iterator>

namespace homeostat::app {

void OpenCases::learn(const EntryGroup& group) {
    for (const Entry& entry : group.entries) {
        learn(entry);
    }
}

void OpenCases::learn(const Entry& entry) {
    switch (entry.kind) {
        case EntryKind::opened:
        case EntryKind::proposed:
            open_[entry.incident] = {entry.body, 0};
            break;
        case EntryKind::escalated:
            if (const Result<EscalatedBody> body = from_json<EscalatedBody>(entry.body);
                body && !body->is_told_already) {
                open_[entry.incident].call = ++calls_count_;
            }
            break;
        case EntryKind::answered:
            if (const Result<AnsweredBody> body = from_json<AnsweredBody>(entry.body);
                body && body->says != PersonSays::agreed_in_part) {
                keep_answer(*body);
            }
            break;
        case EntryKind::closed:
            open_.erase(entry.incident);
            if (const Result<ClosedBody> body = from_json<ClosedBody>(entry.body)) {
                closed_.push_back({entry.incident, *body});
            }
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
        cases_.learn(told);
    }
    co_return position;
}

Result<void> ToldLedger::replay(const std::function<void(const EntryGroup&)>& visit) {
    Result<void> replayed = ledger_.replay([&](const EntryGroup& group) {
        cases_.learn(group);
        visit(group);
    });
    // Whoever was told of those is gone; a successor tells of what closes from now on.
    (void)cases_.take_closed();
    return replayed;
}

}  // namespace homeostat::app
