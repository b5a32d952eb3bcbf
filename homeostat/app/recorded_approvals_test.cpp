#include "homeostat/app/recorded_approvals.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/app/approval_signing.hpp"
#include "homeostat/app/child_for_test.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/mesh_key.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/heal/person_order.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;

const mesh::SigningSeed seed_of_anna{1, 2, 3};
const mesh::SigningSeed seed_of_bert{4, 5, 6};
const IncidentId incident("i-1");
const Rollback rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};

SignedLeave signed_by_anna(const Remedy& remedy, const std::string& question) {
    ApprovalForm form{.service = ServiceId("payments"),
                      .incident = incident,
                      .question = question,
                      .remedy = remedy,
                      .nonce = "a813d0f5596d5c4ac0ae9672e88eb9b1"};
    const ApprovalSignature signature = signed_by(seed_of_anna, "anna", form);
    return {std::move(form), {signature}};
}

AnsweredBody yes() {
    return {.question = "00000000000000aa",
            .remedy = rollback,
            .says = PersonSays::approved,
            .by = "anna",
            .leave = signed_by_anna(rollback, "00000000000000aa")};
}

UndoBody order() {
    return {.remedy = rollback,
            .inverse = rollback,
            .by = "anna",
            .undoes = incident,
            .leave = signed_by_anna(rollback, std::string(heal::undo_question))};
}

std::string key_of_anna() {
    return to_hex(mesh::public_key_of(seed_of_anna));
}

/// What verify-ledger says of a ledger that holds just these groups of one entry.
VerifyLedgerOptions ledger_of(const ledger::ScratchForTest& scratch,
                              const std::vector<Entry>& entries) {
    ledger::LogForTest log(ledger::options_for_test(scratch));
    for (std::size_t number = 0; number < entries.size(); ++number) {
        EntryGroup group = ledger::group_for_test(number);
        group.entries = {entries[number]};
        REQUIRE(log.append(std::move(group)));
    }
    VerifyLedgerOptions options;
    options.ledger.ledger = scratch.ledger();
    options.ledger.common.is_json = true;
    return options;
}

json::object document_of(const VerifyLedgerOptions& options, ExitStatus expected) {
    const ChildForTest verifying([&] { return verify_ledger_of(options); }, STDOUT_FILENO);
    const std::string printed = verifying.read_all();
    CHECK_MESSAGE(verifying.wait() == expected, printed);
    const Result<json::value> document = parse_json(printed);
    REQUIRE_MESSAGE(document, printed);
    return document->as_object();
}

}  // namespace

TEST_CASE("what people signed is counted by whose key it is, and a yes that nobody signed too") {
    const ledger::ScratchForTest scratch;
    AnsweredBody unsigned_yes = yes();
    unsigned_yes.leave.reset();
    AnsweredBody no = unsigned_yes;
    no.says = PersonSays::denied;
    VerifyLedgerOptions options = ledger_of(
        scratch, {record::answered(incident, yes()), record::undo(IncidentId("i-2"), order()),
                  record::answered(incident, unsigned_yes), record::answered(incident, no)});
    const json::object document = document_of(options, ExitStatus::ok);
    CHECK(document.at("intact") == true);
    CHECK(document.at("first_bad").is_null());
    const json::object& approvals = document.at("approvals").as_object();
    CHECK(approvals.at("signed_count") == 2);
    CHECK(approvals.at("unsigned_count") == 1);
    const json::object& signer = approvals.at("signers").at(0).as_object();
    CHECK(signer.at("approver") == "anna");
    CHECK(signer.at("key") == json::value(key_of_anna()));
    CHECK(signer.at("records_count") == 2);
    options.ledger.common.is_json = false;
    const ChildForTest verifying([&] { return verify_ledger_of(options); }, STDOUT_FILENO);
    const std::string told = verifying.read_all();
    CHECK(verifying.wait() == ExitStatus::ok);
    CHECK_MESSAGE(told.contains("people: 2 signed records hold, by anna ("), told);
    CHECK_MESSAGE(told.contains("; 1 yes without a signature\n"), told);
}

TEST_CASE("a yes that is not signed as its record says is found at its place in the ledger") {
    const std::vector<std::pair<std::string, std::function<void(AnsweredBody&)>>> forgeries{
        {"does not hold", [](AnsweredBody& body) { body.leave->signatures[0].signature[0] ^= 1; }},
        {"does not hold",
         [](AnsweredBody& body) {
             body.leave->signatures[0].key = to_hex(mesh::public_key_of(seed_of_bert));
         }},
        {"does not hold", [](AnsweredBody& body) { body.leave->signatures[0].approver = "bert"; }},
        {"does not hold", [](AnsweredBody& body) { body.leave->form.nonce[0] ^= 1; }},
        {"is not what was signed",
         [](AnsweredBody& body) { body.remedy = Restart{InstanceId("payments-0")}; }},
        {"is not what was signed", [](AnsweredBody& body) { body.question = "00000000000000ab"; }},
        {"nobody has signed it", [](AnsweredBody& body) { body.leave->signatures.clear(); }},
    };
    for (const auto& [why, forge] : forgeries) {
        CAPTURE(why);
        const ledger::ScratchForTest scratch;
        AnsweredBody forged = yes();
        forge(forged);
        const json::object document =
            document_of(ledger_of(scratch, {record::answered(incident, yes()),
                                            record::answered(incident, forged),
                                            record::answered(incident, yes())}),
                        ExitStatus::unexpected);
        CHECK(document.at("records") == 1);
        CHECK(document.at("intact") == false);
        const json::object& place = document.at("first_bad").as_object();
        CHECK(place.at("segment") == "000000.hlog");
        CHECK(place.at("offset").to_number<std::size_t>() > 0);
        CHECK_MESSAGE(std::string(place.at("why").as_string()).contains(why),
                      to_text(json::value(place)));
    }
}

TEST_CASE("an answer and an undo that were copied to another incident are not what was signed") {
    RecordedApprovals approvals{KnownApprovers{}};
    CHECK(approvals.take(record::answered(incident, yes())));
    CHECK_FALSE(approvals.take(record::answered(IncidentId("i-2"), yes())));
    UndoBody other = order();
    CHECK(approvals.take(record::undo(IncidentId("i-2"), other)));
    other.undoes = IncidentId("i-3");
    CHECK_FALSE(approvals.take(record::undo(IncidentId("i-2"), other)));
}

TEST_CASE("a signature of nobody on the list is trouble only where the list has all there were") {
    const ledger::ScratchForTest scratch;
    VerifyLedgerOptions options = ledger_of(scratch, {record::answered(incident, yes())});
    const std::string key_of_bert = to_hex(mesh::public_key_of(seed_of_bert));
    options.approvers = {"bert=" + key_of_bert, "anna=" + key_of_anna()};
    const json::object known = document_of(options, ExitStatus::ok);
    CHECK(known.at("approvals").at("signers").at(0).at("is_listed") == true);
    options.approvers = {"anna=" + key_of_bert};
    const json::object other = document_of(options, ExitStatus::unexpected);
    CHECK(std::string(other.at("trouble").as_string()).contains("whom --approver does not name"));
    for (const std::string& wrong : {std::string("anna"), "anna=" + key_of_bert + "0",
                                     "an na=" + key_of_bert, std::string()}) {
        CAPTURE(wrong);
        options.approvers = {wrong};
        CHECK(verify_ledger_of(options) == ExitStatus::usage);
    }
    // By a configuration, whose list is of today.
    options.approvers.clear();
    options.ledger.ledger.clear();
    options.ledger.common.config = scratch.path() / "a.yaml";
    std::ofstream{options.ledger.common.config}
        << "service: payments\nruntime: { process: { command: [x], ports: [1] } }\n"
           "signals: [ { logs: { from: stdout } } ]\nrecord: { ledger: ledger }\n"
           "approvals: { approvers: [ { name: bert, key: "
        << key_of_bert << " } ] }\n";
    const json::object today = document_of(options, ExitStatus::ok);
    CHECK(today.at("approvals").at("signers").at(0).at("is_listed") == false);
}

}  // namespace homeostat::app
