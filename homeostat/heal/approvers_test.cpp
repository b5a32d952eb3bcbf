#include "homeostat/heal/approvers_for_test.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/signature_desk.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

const IncidentId incident("i-1");
constexpr WallTime now{std::chrono::milliseconds{1'800'000'000'000}};

Preconditions world_for_test() {
    Preconditions world;
    world.alive_count = 3;
    world.version = VersionId("v2");
    return world;
}

Question question_for_test() {
    return {rollback_for_test(), world_for_test()};
}

/// It asks, and the form is out.
SignatureDesk asking_desk(std::uint32_t quorum = 1, std::uint64_t chance = 7) {
    SignatureDesk desk(approvers_for_test(quorum), chance);
    desk.note_head("ab");
    desk.ask(incident, "00000000000000aa", question_for_test(), now + 10min);
    return desk;
}

std::string text_at(const SignatureDesk& desk) {
    const SignedLeave* open = desk.find(incident);
    REQUIRE(open != nullptr);
    return text_of(open->form);
}

/// As guard remembers it once these have signed.
Approval approval_of(const SignatureDesk& desk, const std::vector<PersonForTest>& signers) {
    SignedLeave leave = *desk.find(incident);
    for (const PersonForTest& person : signers) {
        leave.signatures.push_back(sign_for_test(person, text_of(leave.form)));
    }
    return {.question = leave.form.question,
            .remedy = leave.form.remedy,
            .preconditions = leave.form.preconditions,
            .by = "anna",
            .leave = leave};
}

void expect_refused(Approvers approvers, const std::string& words) {
    const Result<void> checked = check(approvers);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().fault == Fault::invalid);
    CHECK(checked.error().text.contains(words));
}

}  // namespace

TEST_CASE("a list of approvers in which one person could count as two is refused") {
    CHECK(check(approvers_for_test()));
    CHECK(check(Approvers{}));
    Approvers approvers = approvers_for_test();
    SUBCASE("a name twice") {
        approvers.listed.push_back({"anna", mallory.listed().key});
        expect_refused(approvers, "anna is listed twice");
    }
    SUBCASE("a key under two names") {
        approvers.listed.push_back({"anne", anna.listed().key});
        expect_refused(approvers, "listed under another name as well");
    }
    SUBCASE("a key of the agent") {
        approvers.own_keys = {bert.listed().key};
        expect_refused(approvers, "the key of bert is the agent's own");
    }
    SUBCASE("a name that could pass for something else") {
        for (const char* name : {"", "an na", "anna\n", "anna\"", "änna"}) {
            approvers.listed[0].name = name;
            expect_refused(approvers, "a name has 1 to 40");
        }
    }
    SUBCASE("more than are listed would have to agree") {
        approvers.quorum = 3;
        expect_refused(approvers, "quorum: 3 of 2 approvers can never agree");
        approvers.quorum = 0;
        expect_refused(approvers, "quorum: 0 of 2");
        approvers.quorum = 2;
        CHECK(check(approvers));
        approvers.quorum_of = {{RemedyKind::rollback, 3}};
        expect_refused(approvers, "quorum_of.rollback: 3 of 2");
    }
    SUBCASE("more than anybody reads") {
        for (std::uint8_t number = 10; number < 50; ++number) {
            approvers.listed.push_back(
                person_for_test("p" + std::to_string(number), number).listed());
        }
        expect_refused(approvers, "at most 32");
    }
}

TEST_CASE("a form has one byte form, and is read back from it and from no other") {
    const SignatureDesk desk = asking_desk();
    const std::string text = text_at(desk);
    CHECK(text.starts_with(R"({"form":"homeostat approval 1","service":"payments",)"
                           R"("incident":"i-1","question":"00000000000000aa","says":"approved",)"
                           R"("remedy":{"kind":"rollback")"));
    CHECK(text.ends_with(R"(,"expires_at":1800000600000})"));
    const Result<ApprovalForm> read = parse_form(text);
    REQUIRE(read);
    CHECK(*read == desk.find(incident)->form);
    for (const std::string& other :
         {text + " ", " " + text, text.substr(0, text.size() - 1), std::string("{}"),
          std::string(R"({"form":1})"), std::string()}) {
        CAPTURE(other);
        CHECK_FALSE(parse_form(other));
    }
    std::string later = text;
    later.replace(later.find("approval 1"), 10, "approval 2");
    const Result<ApprovalForm> of_later = parse_form(later);
    REQUIRE_FALSE(of_later);
    CHECK(of_later.error().text.contains("only \"homeostat approval 1\" is known"));
}

TEST_CASE("each asking has a nonce of its own, and a question that stays keeps its form") {
    SignatureDesk desk = asking_desk();
    const std::string first = text_at(desk);
    desk.ask(incident, "00000000000000aa", question_for_test(), now + 20min);
    CHECK(text_at(desk) == first);
    desk.close(incident);
    CHECK(desk.find(incident) == nullptr);
    desk.ask(incident, "00000000000000aa", question_for_test(), now + 10min);
    CHECK(text_at(desk) != first);
    CHECK(text_at(asking_desk(1, 8)) != text_at(asking_desk(1, 9)));
    SignatureDesk closed(Approvers{}, 1);
    closed.ask(incident, "00000000000000aa", question_for_test(), now);
    CHECK(closed.find(incident) == nullptr);  // Nobody has to sign.
}

TEST_CASE("whatever of a form is changed, a signature of it no longer holds") {
    const SignatureDesk desk = asking_desk();
    const ApprovalForm form = desk.find(incident)->form;
    const ApprovalSignature signature = sign_for_test(anna, text_of(form));
    const Result<ApprovalSignature> held = checked(desk.approvers(), form, signature);
    REQUIRE(held);
    CHECK(*held == signature);
    const std::vector<std::pair<const char*, std::function<void(ApprovalForm&)>>> changes{
        {"service", [](ApprovalForm& one) { one.service = ServiceId("orders"); }},
        {"incident", [](ApprovalForm& one) { one.incident = IncidentId("i-2"); }},
        {"question", [](ApprovalForm& one) { one.question = "00000000000000ab"; }},
        {"says", [](ApprovalForm& one) { one.says = PersonSays::denied; }},
        {"remedy", [](ApprovalForm& one) { one.remedy = restart_for_test("payments-0"); }},
        {"target", [](ApprovalForm& one) { std::get<Rollback>(one.remedy).to = VersionId("v0"); }},
        {"world", [](ApprovalForm& one) { one.preconditions.alive_count = 2; }},
        {"process", [](ApprovalForm& one) { one.preconditions.processes.emplace_back(); }},
        {"head", [](ApprovalForm& one) { one.ledger_head = "ac"; }},
        {"nonce",
         [](ApprovalForm& one) { one.nonce.back() = one.nonce.back() == '0' ? '1' : '0'; }},
        {"expiry", [](ApprovalForm& one) { one.expires_at += 1ms; }},
        {"version", [](ApprovalForm& one) { one.form = "homeostat approval 2"; }},
    };
    for (const auto& [what, change] : changes) {
        CAPTURE(what);
        ApprovalForm other = form;
        change(other);
        CHECK_FALSE(checked(desk.approvers(), other, signature));
        CHECK_FALSE(checked(desk.approvers(), form, sign_for_test(anna, text_of(other))));
    }
}

TEST_CASE("a signature with any bit changed, of another name, key or prefix is none") {
    const SignatureDesk desk = asking_desk();
    const ApprovalForm form = desk.find(incident)->form;
    const std::string text = text_of(form);
    const ApprovalSignature good = sign_for_test(anna, text);
    for (std::size_t at = 0; at < good.signature.size(); ++at) {
        ApprovalSignature other = good;
        other.signature[at] = other.signature[at] == '0' ? '1' : '0';
        CHECK_FALSE(checked(desk.approvers(), form, other));
    }
    ApprovalSignature other = good;
    SUBCASE("another name") {
        other.approver = "bert";
    }
    SUBCASE("a name that is not listed") {
        other = sign_for_test(mallory, text);
    }
    SUBCASE("another key under a listed name") {
        other = sign_for_test({"anna", mallory.seed}, text);
    }
    SUBCASE("that key left out") {
        other = sign_for_test({"anna", mallory.seed}, text);
        other.key.clear();
    }
    SUBCASE("signed for another approver") {
        other = signature_for_test(anna, bytes_to_sign("bert", text));
    }
    SUBCASE("no prefix") {
        other = signature_for_test(anna, text);
    }
    SUBCASE("the prefix of neighbours' pledges") {
        other = signature_for_test(anna, "homeostat pledge 1\n" + text);
    }
    SUBCASE("capital digits") {
        other.signature.replace(0, 2, "AB");
    }
    SUBCASE("too long") {
        other.signature += "00";
    }
    SUBCASE("too short") {
        other.signature.pop_back();
    }
    SUBCASE("nothing") {
        other.signature.clear();
    }
    const Result<ApprovalSignature> checked_other = checked(desk.approvers(), form, other);
    REQUIRE_FALSE(checked_other);
    CHECK(checked_other.error().fault == Fault::refused);
}

TEST_CASE("signatures count once per approver until there are enough of them") {
    SignatureDesk desk = asking_desk(2);
    const std::string text = text_at(desk);
    const std::string nonce = desk.find(incident)->form.nonce;
    const ApprovalSignature of_anna = sign_for_test(anna, text);
    const auto twice = desk.check(incident, {of_anna, of_anna}, now);
    REQUIRE(twice);
    CHECK(twice->size() == 1);
    CHECK_FALSE(desk.is_enough(incident, *twice));
    REQUIRE(desk.take(incident, nonce, *twice));
    const auto again = desk.check(incident, {of_anna}, now);
    REQUIRE_FALSE(again);
    CHECK(again.error().text.contains("anna has signed this already; 1 of 2 have"));
    const auto of_bert = desk.check(incident, {sign_for_test(bert, text)}, now);
    REQUIRE(of_bert);
    CHECK(desk.is_enough(incident, *of_bert));
    REQUIRE(desk.take(incident, nonce, *of_bert));
    CHECK(desk.is_enough(incident, {}));
    CHECK(names_of_signers(desk.find(incident)->signatures) == "anna, bert");
}

TEST_CASE("one that does not hold spoils the answer it came in, and nothing else") {
    SignatureDesk desk = asking_desk(2);
    const std::string text = text_at(desk);
    CHECK_FALSE(
        desk.check(incident, {sign_for_test(anna, text), sign_for_test(mallory, text)}, now));
    CHECK(desk.find(incident)->signatures.empty());
    CHECK_FALSE(desk.check(
        incident, std::vector<ApprovalSignature>(approvers_max + 1, sign_for_test(anna, text)),
        now));
    CHECK_FALSE(desk.check(incident, {}, now));
    CHECK_FALSE(desk.check(IncidentId("i-2"), {sign_for_test(anna, text)}, now));
    CHECK_FALSE(desk.check(incident, {sign_for_test(anna, text)}, now + 10min + 1ms));
    CHECK(desk.check(incident, {sign_for_test(anna, text)}, now + 10min));
    CHECK_FALSE(desk.take(incident, "another nonce", {sign_for_test(anna, text)}));
}

TEST_CASE("leave is looked at again with the list and the clock of the moment") {
    const SignatureDesk desk = asking_desk();
    const Approval good = approval_of(desk, {anna});
    const auto trouble = [&](const Approvers& approvers, const Approval& approval,
                             WallTime at = now) {
        return trouble_with(approvers, incident, approval, at).value_or("");
    };
    const Approvers approvers = approvers_for_test();
    CHECK(trouble(approvers, good).empty());
    CHECK(trouble(approvers, good, now + 10min).empty());
    CHECK(trouble(approvers, good, now + 10min + 1ms) == "what anna signed has expired");
    Approval other = good;
    SUBCASE("nobody has to sign") {
        other.leave.reset();
        CHECK(trouble(Approvers{}, other).empty());
        CHECK(trouble(approvers, other) == "what anna agreed to is not signed by an approver");
    }
    SUBCASE("the list is another one") {
        Approvers without = approvers;
        without.listed.erase(without.listed.begin());
        CHECK(trouble(without, good).contains("anna is no approver of this service"));
        without = approvers;
        without.listed[0].key = mallory.listed().key;
        CHECK(trouble(without, good).contains("another key than the one that is listed"));
    }
    SUBCASE("more are needed") {
        CHECK(trouble(approvers_for_test(2), good).starts_with("1 of 2 signatures"));
        CHECK(trouble(approvers_for_test(2), approval_of(desk, {anna, anna}))
                  .starts_with("1 of 2 signatures"));
        CHECK(trouble(approvers_for_test(2), approval_of(desk, {anna, bert})).empty());
        Approvers of_rollback = approvers;
        of_rollback.quorum_of = {{RemedyKind::rollback, 2}};
        CHECK(trouble(of_rollback, good).starts_with("1 of 2 signatures"));
    }
    SUBCASE("what is recorded is not what was signed") {
        other.remedy = restart_for_test("payments-0");
        CHECK(trouble(approvers, other) == "what was signed is of another remedy");
        other = good;
        other.preconditions.alive_count = 1;
        CHECK(trouble(approvers, other) == "what was signed is of another world");
        other = good;
        other.question = "00000000000000ab";
        CHECK(trouble(approvers, other) == "what was signed is of another question");
        CHECK(trouble_with(approvers, IncidentId("i-2"), good, now).value_or("") ==
              "what was signed is of another question");
        Approvers elsewhere = approvers;
        elsewhere.service = ServiceId("orders");
        CHECK(trouble(elsewhere, good) == "what was signed is of another service");
    }
    SUBCASE("both were changed, and the signature was not") {
        other.remedy = restart_for_test("payments-0");
        other.leave->form.remedy = other.remedy;
        CHECK(trouble(approvers, other).contains("does not hold"));
    }
    SUBCASE("a no was signed") {
        other.leave->form.says = PersonSays::denied;
        CHECK(trouble(approvers, other) == "what was signed is of another kind");
    }
}

TEST_CASE("a reroute needs the quorum of what it drops, too") {
    Approvers approvers = approvers_for_test(1);
    approvers.quorum_of = {{RemedyKind::invalidate_cache, 2}};
    CHECK(approvers.quorum_for(RemedyKind::reroute) == 2);
    CHECK(approvers.quorum_for(RemedyKind::invalidate_cache) == 2);
    CHECK(approvers.quorum_for(RemedyKind::rollback) == 1);
}

}  // namespace homeostat::heal
