#include "homeostat/app/signature_document.hpp"

#include "homeostat/app/approval_signing.hpp"
#include "homeostat/app/input_text.hpp"
#include "homeostat/app/sign_command.hpp"
#include "homeostat/heal/approvers.hpp"
#include "homeostat/heal/person_order.hpp"
#include "homeostat/heal/signature_desk.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

const mesh::SigningSeed seed_of_anna{1, 2, 3};
const mesh::SigningSeed seed_of_bert{4, 5, 6};
constexpr WallTime until{std::chrono::milliseconds{1'800'000'000'000}};

heal::SignatureDesk asking_desk() {
    heal::SignatureDesk desk({.service = ServiceId("payments"),
                              .listed = {{"anna", mesh::public_key_of(seed_of_anna)},
                                         {"bert", mesh::public_key_of(seed_of_bert)}}},
                             7);
    Preconditions world;
    world.processes = {{.pid = 4711, .start_ticks = 90'210}};
    world.alive_count = 1;
    world.version = VersionId("v2");
    desk.ask(IncidentId("i-1"), "00000000000000aa", {Restart{InstanceId("payments-0")}, world},
             until);
    return desk;
}

/// As it comes out of `approve --form`, through `sign`, to `approve --signature`.
SignedLeave signed_leave(const heal::SignatureDesk& desk) {
    const ApprovalForm form = desk.find(IncidentId("i-1"))->form;
    return {form, {signed_by(seed_of_anna, "anna", form)}};
}

std::string replaced(std::string text, const std::string& given, const std::string& wanted) {
    const std::size_t at = text.find(given);
    REQUIRE_MESSAGE(at != std::string::npos, given);
    return text.replace(at, given.size(), wanted);
}

}  // namespace

TEST_CASE("what was signed away from the agent is leave at its desk") {
    const heal::SignatureDesk desk = asking_desk();
    const std::string line = document_of(signed_leave(desk));
    CHECK_FALSE(line.contains('\n'));
    for (const std::string& carried : {line, line + "\n", " \r\n" + line + "\r\n"}) {
        const Result<SignedLeave> read = parse_signature_document(carried);
        REQUIRE_MESSAGE(read, read.error().text);
        CHECK(*read == signed_leave(desk));
        CHECK(desk.check(IncidentId("i-1"), read->signatures, until));
    }
}

TEST_CASE("a signature that two have signed is read, and one person's twice is not") {
    const heal::SignatureDesk desk = asking_desk();
    SignedLeave leave = signed_leave(desk);
    leave.signatures.push_back(signed_by(seed_of_bert, "bert", leave.form));
    CHECK(parse_signature_document(document_of(leave)));
    leave.signatures.push_back(leave.signatures.front());
    const Result<SignedLeave> twice = parse_signature_document(document_of(leave));
    REQUIRE_FALSE(twice);
    CHECK(twice.error().text.contains("anna has signed it twice"));
    leave.signatures.assign(heal::approvers_max + 1, leave.signatures.front());
    const Result<SignedLeave> many = parse_signature_document(document_of(leave));
    REQUIRE_FALSE(many);
    CHECK(many.error().text.contains("33 signatures"));
}

TEST_CASE("what was changed on the way is refused, whatever of it was changed") {
    const heal::SignatureDesk desk = asking_desk();
    const std::string line = document_of(signed_leave(desk));
    const std::string nonce = signed_leave(desk).form.nonce;
    const std::vector<std::pair<std::string, std::string>> changes{
        {"payments-0", "payments-1"},
        {R"("service":"payments")", R"("service":"orders")"},
        {R"("incident":"i-1")", R"("incident":"i-2")"},
        {R"("question":"00000000000000aa")", R"("question":"00000000000000ab")"},
        {"4711", "4712"},
        {R"("version":"v2")", R"("version":"v3")"},
        {nonce, std::string(nonce.size(), '0')},
        {"1800000000000", "1800000000001"},
        {R"("approver":"anna")", R"("approver":"bert")"},
        {R"("signature":")", R"("signature":"0)"},
    };
    for (const auto& [given, wanted] : changes) {
        CAPTURE(given);
        const Result<SignedLeave> read = parse_signature_document(replaced(line, given, wanted));
        REQUIRE_FALSE(read);
        CHECK(read.error().fault == Fault::refused);
        CHECK(read.error().text.contains("was changed on the way"));
    }
}

TEST_CASE("what is no signature is refused with what it lacks") {
    const heal::SignatureDesk desk = asking_desk();
    const SignedLeave leave = signed_leave(desk);
    const std::string line = document_of(leave);
    const std::vector<std::pair<std::string, std::string>> refused{
        {"", "it is empty"},
        {" \n", "it is empty"},
        {heal::text_of(leave.form), "the form itself"},
        {"{", "homeostat sign FORM"},
        {"[]", "homeostat sign FORM"},
        {document_of({leave.form, {}}), "it has 0 signatures"},
        {replaced(line, R"({"form":{)", R"({ "form":{)"), "one byte form"},
        {replaced(line, "approval 1", "approval 2"), "only \"homeostat approval 1\" is known"},
        {replaced(line, R"({"form":{)", R"({"note":"x","form":{)"), "note"},
        {replaced(line, R"("approver":"anna")", R"("approver":"a b")"), "an approver's name"},
        {replaced(line, "payments-0", std::string(signature_document_bytes_max, 'x')), "bytes"},
        {line + line, "homeostat sign FORM"},
    };
    for (const auto& [text, word] : refused) {
        CAPTURE(word);
        const Result<SignedLeave> read = parse_signature_document(text);
        REQUIRE_FALSE(read);
        CHECK(read.error().fault == Fault::invalid);
        CHECK_MESSAGE(read.error().text.contains(word), read.error().text);
    }
}

TEST_CASE("a signature is handed in for what it is of, and for nothing else") {
    const heal::SignatureDesk desk = asking_desk();
    ApprovalForm form = signed_leave(desk).form;
    const SignedFor wanted{ServiceId("payments"), IncidentId("i-1"), "00000000000000aa"};
    CHECK(check_is_for(form, wanted));
    CHECK(check_is_for(form, {wanted.service, wanted.incident, ""}));
    const std::string undo(heal::undo_question);
    const std::vector<std::pair<SignedFor, std::string>> others{
        {{ServiceId("orders"), wanted.incident, ""}, "the service payments"},
        {{wanted.service, IncidentId("i-2"), ""}, "the incident i-1"},
        {{wanted.service, wanted.incident, "00000000000000ab"}, "another question"},
        {{wanted.service, wanted.incident, undo}, "`homeostat approve` takes it"},
    };
    for (const auto& [other, word] : others) {
        const Result<void> refused = check_is_for(form, other);
        REQUIRE_FALSE(refused);
        CHECK_MESSAGE(refused.error().text.contains(word), refused.error().text);
    }
    form.question = undo;
    CHECK(check_is_for(form, {wanted.service, wanted.incident, undo}));
    CHECK_FALSE(check_is_for(form, {wanted.service, wanted.incident, ""}));
    CHECK_FALSE(check_is_for(form, wanted));
}

TEST_CASE("away from the agent a person is shown what is signed, and an undo as one") {
    const heal::SignatureDesk desk = asking_desk();
    ApprovalForm form = signed_leave(desk).form;
    const std::string text = heal::text_of(form);
    for (const std::string& part :
         {std::string("Yes, once and in this world only, to what is asked by incident i-1"),
          std::string("service   payments"), std::string("restart payments-0"),
          std::string("1 alive, version v2"), std::string("4711"), form.question, form.ledger_head,
          std::string("2027-01-15T08:00:00"), text, sha256_of(text)}) {
        CAPTURE(part);
        CHECK(told(form).contains(part));
    }
    form.question = heal::undo_question;
    CHECK(told(form).contains("To take back"));
    CHECK_FALSE(told(form).contains("Yes, once"));
    form.service = ServiceId("pay\x1b[2Jments");
    CHECK_FALSE(told(form).contains('\x1b'));
}

TEST_CASE("a form that has expired is not signed, nor one that is none") {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / "homeostat_sign_command_test";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    const std::filesystem::path key = folder / "anna.key";
    REQUIRE(os::write_file_atomically(key.string(), std::string(63, '0') + "1\n", 0600));
    const std::filesystem::path file = folder / "form";
    const auto sign = [&](const std::string& text, const std::string& name) {
        REQUIRE(os::write_file_atomically(file.string(), text));
        return sign_form({.form = file.string(), .key = key, .name = name, .is_sure = true});
    };
    const heal::SignatureDesk desk = asking_desk();
    ApprovalForm form = signed_leave(desk).form;
    form.expires_at = WallTime{std::chrono::milliseconds{1'000}};
    CHECK(sign(heal::text_of(form), "") == ExitStatus::unexpected);
    CHECK(sign(heal::text_of(form), "an na") == ExitStatus::usage);
    form.expires_at = WallTime{std::chrono::hours{24 * 365 * 200}};
    CHECK(sign(heal::text_of(form) + "\n", "") == ExitStatus::ok);
    CHECK(sign(heal::text_of(form) + "x", "") == ExitStatus::usage);
    CHECK(sign(std::string(signature_document_bytes_max + 1, ' '), "") == ExitStatus::usage);
    REQUIRE(std::filesystem::remove(key));
    CHECK(sign(heal::text_of(form), "") == ExitStatus::usage);
    std::filesystem::remove_all(folder);
}

}  // namespace homeostat::app
