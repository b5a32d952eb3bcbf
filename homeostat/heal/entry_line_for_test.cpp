// entry_line_for_test.hpp: compiled once, because it reads the bodies of all kinds of entries.

#include "homeostat/heal/entry_line_for_test.hpp"

#include "homeostat/domain/demotion.hpp"

#include <string>
#include <variant>

namespace homeostat::heal {

template AnsweredBody body_for_test<AnsweredBody>(const Entry& entry);
template IntentBody body_for_test<IntentBody>(const Entry& entry);
template OutcomeBody body_for_test<OutcomeBody>(const Entry& entry);
template ProofBody body_for_test<ProofBody>(const Entry& entry);
template Proposal body_for_test<Proposal>(const Entry& entry);
template UndoBody body_for_test<UndoBody>(const Entry& entry);

std::string line_for_test(const Step& step) {
    const auto* replace = std::get_if<Replace>(&step);
    if (replace == nullptr) {
        return describe(step);
    }
    const std::string version = replace->version.empty() ? "" : " by " + replace->version.text();
    const std::string config = replace->config.empty() ? "" : " with " + replace->config.text();
    return "replace " + replace->instance.text() + version + config +
           (replace->expected.pid == 0 ? " (dead)" : "");
}

std::string line_for_test(const Verdict& verdict) {
    const std::string kind(to_text(verdict.kind));
    return verdict.kind == VerdictKind::permit ? kind : kind + ": " + verdict.rule;
}

std::string line_for_test(const Entry& entry) {
    switch (entry.kind) {
        case EntryKind::started:
            return "started";
        case EntryKind::opened:
            return "opened: " + describe(body_for_test<Proposal>(entry).choice.remedy);
        case EntryKind::proposed:
            return "proposed: " + describe(body_for_test<Proposal>(entry).choice.remedy);
        case EntryKind::verdict:
            return line_for_test(body_for_test<VerdictBody>(entry).verdict);
        case EntryKind::intent: {
            const auto body = body_for_test<IntentBody>(entry);
            return "intent " + body.effect.text() + " " + line_for_test(body.step);
        }
        case EntryKind::outcome: {
            const auto body = body_for_test<OutcomeBody>(entry);
            return "outcome " + body.effect.text() + " " + std::string(to_text(body.outcome.kind)) +
                   (body.is_read_back ? " (read back)" : "");
        }
        case EntryKind::answered: {
            const auto body = body_for_test<AnsweredBody>(entry);
            return std::string(to_text(body.says)) + " by " + body.by;
        }
        case EntryKind::proof:
            return std::string(to_text(body_for_test<ProofBody>(entry).proof.kind));
        case EntryKind::undo:
            return "undo: " + describe(body_for_test<UndoBody>(entry).inverse);
        case EntryKind::held:
            return "held: " + describe(body_for_test<HeldBody>(entry).remedy);
        case EntryKind::given_back:
            return "given back: " + body_for_test<GivenBackBody>(entry).because;
        case EntryKind::escalated:
            return "escalated: " + body_for_test<EscalatedBody>(entry).because;
        case EntryKind::closed:
            return "closed " + std::string(to_text(body_for_test<ClosedBody>(entry).how));
        case EntryKind::change:
            return "change to " + body_for_test<Change>(entry).to.text();
        case EntryKind::good:
            return "good " + body_for_test<GoodBody>(entry).version.text();
        case EntryKind::suspended:
            return "suspended";
        case EntryKind::resumed:
            return "resumed";
        case EntryKind::gap:
            return "gap of " + std::to_string(body_for_test<GapBody>(entry).groups) + " groups";
        case EntryKind::demoted:
            return "demoted: " + std::string(to_text(body_for_test<Demotion>(entry).remedy));
        case EntryKind::promoted:
            return "promoted: " + std::string(to_text(body_for_test<PromotedBody>(entry).remedy));
        case EntryKind::aftermath:
            return "aftermath";
        case EntryKind::checkpoint:
        case EntryKind::dropped:
        case EntryKind::pledge:
        case EntryKind::dimming:
        case EntryKind::dimmed:
        case EntryKind::marking:
        case EntryKind::marked:
        case EntryKind::feed:
            break;
    }
    return {};
}

}  // namespace homeostat::heal
