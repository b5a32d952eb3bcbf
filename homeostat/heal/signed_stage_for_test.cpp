#include "homeostat/heal/signed_stage_for_test.hpp"

#include "homeostat/heal/entry_line_for_test.hpp"
#include "homeostat/heal/replay.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

namespace homeostat::heal {

Stage::Stage(std::uint32_t quorum) {
    machine.settings.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
    machine.settings.guard.autonomy[RemedyKind::restart] = Autonomy::ask;
    machine.settings.approvers = approvers_for_test(quorum);
    machine.settings.chance = 7;
    machine.settings.started.settings =
        to_json(DecisionSettings{.guard = machine.settings.guard, .decide = {}});
    start();
    process->clock.run_for(3s);
    REQUIRE(process->submit(rollback_of(machine)));
    REQUIRE(process->clock.run_until([&] { return asks(); }, 1min));
}

Stage::~Stage() = default;
Stage::Stage(Stage&&) noexcept = default;

void Stage::start() {
    machine.settings.chance += 1;  // As chance is: other nonces in each life.
    process = std::make_unique<SimulatedProcess>(machine);
    REQUIRE(process->start());
}

void Stage::restart() {
    process.reset();
    start();
    REQUIRE(process->clock.run_until([&] { return asks() || effects_count() > 0; }, 30s));
}

std::optional<QuestionView> Stage::question() const {
    const std::vector<IncidentView> open = process->executor->incidents();
    return open.empty() ? std::nullopt : open.front().question;
}

Answer Stage::yes(std::vector<ApprovalSignature> signatures) const {
    return {AnswerKind::approved, question() ? question()->id : "", "console", "seen",
            std::move(signatures)};
}

Result<void> Stage::say(Answer answer) {
    return process->await(process->executor->answer(first, std::move(answer)));
}

Result<void> Stage::sign(const PersonForTest& person) {
    return say(yes({sign_for_test(person, form())}));
}

Result<void> Stage::sign_other(const std::function<void(ApprovalForm&)>& change) {
    ApprovalForm other = parse_form(form()).value();
    change(other);
    return say(yes({sign_for_test(anna, text_of(other))}));
}

std::ptrdiff_t Stage::effects_count() const {
    return std::ranges::count_if(
        machine.story(), [](const std::string& line) { return line.starts_with("intent "); });
}

std::ptrdiff_t Stage::lines_count(const std::string& wanted) const {
    return std::ranges::count(machine.story(), wanted);
}

AnsweredBody approved_body(const SimulatedMachine& machine) {
    for (const EntryGroup& group : machine.disk.groups) {
        for (const Entry& entry : group.entries) {
            if (entry.kind == EntryKind::answered) {
                AnsweredBody body = body_for_test<AnsweredBody>(entry);
                if (body.says == PersonSays::approved) {
                    return body;
                }
            }
        }
    }
    FAIL("nobody has agreed");
    return {};
}

bool is_replayed(const std::vector<EntryGroup>& ledger) {
    const Result<IncidentReplay> again = replay(ledger, first);
    REQUIRE(again);
    return std::ranges::none_of(
        again->decisions, [](const Redecision& one) { return one.replay == Replay::differs; });
}

}  // namespace homeostat::heal
