#include "homeostat/app/ledger_figures.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

namespace homeostat::app {

namespace {

void count_proposal(LedgerFigures& figures, const Entry& entry) {
    const Result<Proposal> proposal = from_json<Proposal>(entry.body);
    if (!proposal) {
        return;
    }
    figures.decisions.add(proposal->judging_took);
    if (proposal->choice.ranking) {
        figures.models.add(proposal->choice.ranking->took);
    }
}

void count_verdict(LedgerFigures& figures, const Entry& entry) {
    const Result<VerdictBody> body = from_json<VerdictBody>(entry.body);
    if (!body || body->verdict.kind != VerdictKind::refusal) {
        return;
    }
    const std::string& rule = body->verdict.rule;
    const bool has_room = figures.refusals.size() < rules_max || figures.refusals.contains(rule);
    figures.refusals[has_room ? rule : "other"] += 1;
}

void count_proof(LedgerFigures& figures, const Entry& entry) {
    const Result<ProofBody> body = from_json<ProofBody>(entry.body);
    if (body && body->proof.kind != ProofKind::undecided) {
        figures.remedies[{kind_of(body->remedy), body->proof.kind}] += 1;
    }
}

/// Each give-back that is refused anew stands in the ledger as an escalation; a person is called
/// once.
void count_escalation(LedgerFigures& figures, const Entry& entry) {
    switch (entry.kind) {
        case EntryKind::escalated:
            figures.escalations += figures.handed_over.insert(entry.incident).second ? 1 : 0;
            break;
        case EntryKind::proposed:
        case EntryKind::proof:
        case EntryKind::closed:
            figures.handed_over.erase(entry.incident);
            break;
        default:
            break;
    }
}

std::string_view came_to(const review::Asking& asking) {
    if (!asking.says) {
        return "none";
    }
    return asking.says == PersonSays::approved ? "yes" : "no";
}

void count_askings(LedgerFigures& figures, const EntryGroup& group) {
    for (const review::Asking& asking : figures.askings.note(group)) {
        const RemedyKind kind = kind_of(asking.remedy);
        figures.questions[{kind, came_to(asking)}] += 1;
        if (asking.says && !asking.answers.empty()) {
            figures.answers[kind].add(asking.answers.back().after);
        }
    }
}

}  // namespace

void LedgerFigures::count(const EntryGroup& group) {
    count_askings(*this, group);
    for (const Entry& entry : group.entries) {
        records += 1;
        incidents += entry.kind == EntryKind::opened ? 1 : 0;
        count_escalation(*this, entry);
        if (entry.kind == EntryKind::opened || entry.kind == EntryKind::proposed) {
            count_proposal(*this, entry);
        } else if (entry.kind == EntryKind::verdict) {
            count_verdict(*this, entry);
        } else if (entry.kind == EntryKind::proof) {
            count_proof(*this, entry);
        }
    }
}

Task<Result<ports::Position>> CountingLedger::append(EntryGroup group,
                                                     ports::Durability durability) {
    EntryGroup counted = group;
    Result<ports::Position> position = co_await ledger_.append(std::move(group), durability);
    if (position) {
        if (position->index == 0) {
            name_begun_ = position->hash;
        }
        figures_.count(counted);
        if (listener_) {
            listener_(counted);
        }
    }
    co_return position;
}

Result<void> CountingLedger::replay(const std::function<void(const EntryGroup&)>& visit) {
    return ledger_.replay([&](const EntryGroup& group) {
        figures_.count(group);
        if (recaller_) {
            recaller_(group);
        }
        visit(group);
    });
}

}  // namespace homeostat::app
