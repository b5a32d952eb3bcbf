#pragma once

// Stage: a machine whose process asks for leave that has to be signed. What the tests of signed
// approvals begin with.
//
// Pure but for the io_context that the roles live on.

#include "homeostat/heal/approvers_for_test.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"
#include "homeostat/heal/replay.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

using namespace std::chrono_literals;

inline const IncidentId first("i-1");

/// A machine whose process asks whether it may roll back; anna and bert may say so.
struct Stage {
    explicit Stage(std::uint32_t quorum = 1) {
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

    void start() {
        machine.settings.chance += 1;  // As chance is: other nonces in each life.
        process = std::make_unique<SimulatedProcess>(machine);
        REQUIRE(process->start());
    }

    /// The process dies and its successor goes on.
    void restart() {
        process.reset();
        start();
        REQUIRE(process->clock.run_until([&] { return asks() || effects_count() > 0; }, 30s));
    }

    [[nodiscard]] std::optional<QuestionView> question() const {
        const std::vector<IncidentView> open = process->executor->incidents();
        return open.empty() ? std::nullopt : open.front().question;
    }
    [[nodiscard]] bool asks() const { return question() && question()->to_sign; }
    [[nodiscard]] std::string form() const { return question()->to_sign->text; }

    [[nodiscard]] Answer yes(std::vector<ApprovalSignature> signatures) const {
        return {AnswerKind::approved, question() ? question()->id : "", "console", "seen",
                std::move(signatures)};
    }
    Result<void> say(Answer answer) {
        return process->await(process->executor->answer(first, std::move(answer)));
    }
    Result<void> sign(const PersonForTest& person) {
        return say(yes({sign_for_test(person, form())}));
    }
    Result<void> deny() { return say({AnswerKind::denied, question()->id, "carol", "not today"}); }

    /// The form with something changed, signed by anna.
    Result<void> sign_other(const std::function<void(ApprovalForm&)>& change) {
        ApprovalForm other = parse_form(form()).value();
        change(other);
        return say(yes({sign_for_test(anna, text_of(other))}));
    }

    [[nodiscard]] std::ptrdiff_t effects_count() const {
        return std::ranges::count_if(
            machine.story(), [](const std::string& line) { return line.starts_with("intent "); });
    }
    [[nodiscard]] std::ptrdiff_t lines_count(const std::string& wanted) const {
        return std::ranges::count(machine.story(), wanted);
    }

    SimulatedMachine machine{bad_deploy()};
    std::unique_ptr<SimulatedProcess> process;
};

[[nodiscard]] inline AnsweredBody approved_body(const SimulatedMachine& machine) {
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

/// Everything that the ledger says was decided comes out the same again.
[[nodiscard]] inline bool is_replayed(const std::vector<EntryGroup>& ledger) {
    const Result<IncidentReplay> again = replay(ledger, first);
    REQUIRE(again);
    return std::ranges::none_of(
        again->decisions, [](const Redecision& one) { return one.replay == Replay::differs; });
}

}  // namespace homeostat::heal
