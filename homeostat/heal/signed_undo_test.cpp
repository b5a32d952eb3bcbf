// An undo where approvers are listed: what they sign, that it works once, and what it is void by.

#include "homeostat/heal/approvers_for_test.hpp"
#include "homeostat/heal/entry_line_for_test.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

const IncidentId healed_one("i-1");

/// The rollback of a bad deploy has helped without anybody's leave, and people want v2 after all;
/// from then on anna and bert have to sign.
struct SignedScene {
    explicit SignedScene(std::uint32_t quorum = 1) {
        machine.settings.undo_for_max = 30min;
        live_until(machine, 200, 1s);
        REQUIRE(machine.story().back() == "closed healed");
        machine.world.versions_bad.clear();
        machine.settings.approvers = approvers_for_test(quorum);
        process.emplace(machine);
        REQUIRE(process->start());
        process->clock.run_for(3s);
    }

    Result<ApprovalForm> form() {
        const Result<QuestionView> asked = process->await(process->executor->undo_form(healed_one));
        return asked ? parse_form(asked->to_sign->text) : std::unexpected(asked.error());
    }
    Result<IncidentId> undo(std::vector<ApprovalSignature> signatures) {
        return process->await(process->executor->undo(healed_one, {"console", "v2 is wanted"},
                                                      std::move(signatures)));
    }
    ApprovalSignature signed_by(const PersonForTest& person) {
        const Result<ApprovalForm> asked = form();
        REQUIRE_MESSAGE(asked, asked.error().text);
        return sign_for_test(person, text_of(*asked));
    }
    [[nodiscard]] bool has_begun() const {
        return std::ranges::any_of(
            machine.story(), [](const std::string& line) { return line.starts_with("undo: "); });
    }

    SimulatedMachine machine{bad_deploy()};
    std::optional<SimulatedProcess> process;
};

/// Of the ledger's latest `undo` entry.
UndoBody undo_body(const SimulatedMachine& machine) {
    std::optional<UndoBody> found;
    for (const EntryGroup& group : machine.disk.groups) {
        for (const Entry& entry : group.entries) {
            if (entry.kind == EntryKind::undo) {
                found = body_for_test<UndoBody>(entry);
            }
        }
    }
    REQUIRE(found);
    return *found;
}

}  // namespace

TEST_CASE("what a closed incident did is taken back once a listed approver has signed just that") {
    SignedScene undoing;
    const Result<ApprovalForm> form = undoing.form();
    REQUIRE_MESSAGE(form, form.error().text);
    CHECK(form->incident == healed_one);
    CHECK(form->question == undo_question);
    CHECK(describe(form->remedy) == "rollback payments from v1 to v2");
    const Result<IncidentId> begun = undoing.undo({sign_for_test(anna, text_of(*form))});
    REQUIRE_MESSAGE(begun, begun.error().text);
    REQUIRE(undoing.process->settle());
    CHECK(undoing.machine.world.version_current == VersionId("v2"));
    const UndoBody body = undo_body(undoing.machine);
    CHECK(body.by == "anna");
    REQUIRE(body.leave);
    CHECK(body.leave->form == *form);
    REQUIRE(body.leave->signatures.size() == 1);
    CHECK(checked(approvers_for_test(), body.leave->form, body.leave->signatures.front()));
}

TEST_CASE(
    "an undo that nobody signs, or somebody else, or that is signed for another, is refused") {
    SignedScene undoing;
    const Result<IncidentId> unsigned_one = undoing.undo({});
    REQUIRE_FALSE(unsigned_one);
    CHECK(unsigned_one.error().text.contains("homeostat undo i-1 --key FILE"));
    const ApprovalForm form = undoing.form().value();
    CHECK_FALSE(undoing.undo({sign_for_test(mallory, text_of(form))}));
    ApprovalForm other = form;
    other.incident = IncidentId("i-2");
    CHECK_FALSE(undoing.undo({sign_for_test(anna, text_of(other))}));
    other = form;
    other.nonce.front() = other.nonce.front() == '0' ? '1' : '0';
    CHECK_FALSE(undoing.undo({sign_for_test(anna, text_of(other))}));
    CHECK_FALSE(undoing.has_begun());
}

TEST_CASE("whoever is told that something lasting was done is told the command that is taken") {
    SimulatedMachine machine{bad_deploy()};
    machine.settings.undo_for_max = 30min;
    const auto tells = [&](const std::string& command) {
        return std::ranges::any_of(machine.notices, [&](const std::string& one) {
            return one.contains(" helped; ") && one.ends_with(command);
        });
    };
    SUBCASE("without a key where nobody has to sign") {
        live_until(machine, 200, 1s);
        CHECK(tells("homeostat undo i-1"));
    }
    SUBCASE("with one where approvers are listed") {
        machine.settings.approvers = approvers_for_test();
        live_until(machine, 200, 1s);
        CHECK(tells("homeostat undo i-1 --key FILE"));
    }
    CHECK(machine.story().back() == "closed healed");
}

TEST_CASE("a signature is for the world that its form names, and for five minutes") {
    SignedScene undoing;
    const ApprovalSignature old = undoing.signed_by(anna);
    SUBCASE("later it is void, and the form another") {
        undoing.process->clock.run_for(5min + 1s);
        CHECK_FALSE(undoing.undo({old}));
        CHECK(undoing.undo({undoing.signed_by(anna)}));
    }
    SUBCASE("where another configuration is in force by now it is void, too") {
        undoing.machine.world.give_configs();
        const Result<IncidentId> refused = undoing.undo({old});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().text.contains("no longer what is there"));
        CHECK(undoing.undo({undoing.signed_by(anna)}));
    }
}

TEST_CASE("where two have to sign, the first signature waits for the second") {
    SignedScene undoing(2);
    const Result<IncidentId> first = undoing.undo({undoing.signed_by(anna)});
    REQUIRE_FALSE(first);
    CHECK(first.error().fault == Fault::busy);
    CHECK(first.error().text.contains("1 of 2 have signed (anna)"));
    const Result<IncidentId> again = undoing.undo({undoing.signed_by(anna)});
    REQUIRE_FALSE(again);
    CHECK_FALSE(undoing.has_begun());
    REQUIRE(undoing.undo({undoing.signed_by(bert)}));
    REQUIRE(undoing.process->settle());
    CHECK(undo_body(undoing.machine).by == "anna, bert");
}

TEST_CASE("an order is looked at again as it begins: who signed may be no approver any more") {
    SignedScene undoing;
    const ApprovalSignature signature = undoing.signed_by(anna);
    const std::size_t groups = undoing.machine.disk.groups.size();
    boost::asio::co_spawn(undoing.process->context(),
                          undoing.process->executor->undo(healed_one, {"console", ""}, {signature}),
                          boost::asio::detached);
    REQUIRE(undoing.process->clock.run_until(
        [&] { return undoing.machine.disk.groups.size() > groups; }, 1min));
    undoing.process.reset();  // Killed once it was recorded that it is ordered.
    REQUIRE_FALSE(undoing.has_begun());
    undoing.machine.settings.approvers.listed = {bert.listed()};
    undoing.process.emplace(undoing.machine);
    REQUIRE(undoing.process->start());
    REQUIRE(undoing.process->settle_at("stand_by"));
    CHECK_FALSE(undoing.has_begun());
    CHECK(undoing.machine.world.version_current == VersionId("v1"));
    CHECK(undoing.machine.notices.back().contains("anna is no approver of this service"));
}

TEST_CASE("what waits before its first effect is looked at again: the clock, the world, the list") {
    SignedScene undoing;
    REQUIRE(undoing.undo({undoing.signed_by(anna)}));
    undoing.machine.world.is_suspended =
        true;  // Only once the order stands: else guard refuses it.
    undoing.process->clock.run_for(1s);
    REQUIRE(undoing.has_begun());
    std::string because;
    SUBCASE("its form has expired") {
        undoing.process->clock.run_for(6min);
        because = "what anna signed has expired";
    }
    SUBCASE("another configuration is in force") {
        undoing.machine.world.give_configs();
        because = "what was signed is of another world";
    }
    SUBCASE("who signed is no approver any more") {
        undoing.process.reset();
        undoing.machine.settings.approvers.listed = {bert.listed()};
        undoing.process.emplace(undoing.machine);
        REQUIRE(undoing.process->start());
        because = "anna is no approver of this service";
    }
    SUBCASE("nothing has changed, and it is done") {}
    undoing.machine.world.is_suspended = false;
    if (because.empty()) {
        REQUIRE(undoing.process->settle());
        CHECK(undoing.machine.world.version_current == VersionId("v2"));
        return;
    }
    REQUIRE(undoing.process->settle_at("stand_by"));
    CHECK(undoing.machine.world.version_current == VersionId("v1"));
    CHECK(std::ranges::none_of(undoing.machine.story(), [](const std::string& line) {
        return line.starts_with("intent i-2");
    }));
    CHECK(undoing.machine.notices.back().contains("what was ordered is no leave: "));
    CHECK_MESSAGE(undoing.machine.notices.back().contains(because), undoing.machine.notices.back());
}

TEST_CASE("where nobody has to sign there is no form") {
    SignedScene undoing;
    undoing.process.reset();
    undoing.machine.settings.approvers = {};
    undoing.process.emplace(undoing.machine);
    REQUIRE(undoing.process->start());
    undoing.process->clock.run_for(3s);
    const Result<ApprovalForm> form = undoing.form();
    REQUIRE_FALSE(form);
    CHECK(form.error().fault == Fault::absent);
    CHECK(undoing.undo({}));
}

}  // namespace homeostat::heal
