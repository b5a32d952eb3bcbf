#include "homeostat/adapters/roles/letter.hpp"

#include "homeostat/adapters/roles/reply.hpp"
#include "homeostat/adapters/roles/roles_for_test.hpp"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

namespace homeostat::adapters::roles {

namespace {

const Instant noon = instant_of_ns(1'000'000'000'000);

std::vector<LetterBody> bodies() {
    const Symptom errors = symptom_for_test(SymptomKind::errors, "payments", noon);
    Change change;
    change.service = ServiceId("payments");
    change.from = VersionId("v1");
    change.to = VersionId("v2");
    change.is_first_hand = true;
    change.at = noon;
    return {Look{{errors}, {"edge does not answer"}},
            Submit{proposal_for_test(errors), IncidentId("i-3")}, Clear{errors}, Note{change}};
}

std::vector<mesh::PublicKey> ours() {
    return {mesh::public_key_of(seed_for_test)};
}

/// Signed like a letter, whatever it is.
std::string sign_for_test(std::string text) {
    const mesh::Signature signature = mesh::sign(seed_for_test, "homeostat letter 1\n" + text);
    text.pop_back();
    return text + R"(,"signature":")" + to_hex(signature) + R"("})";
}

/// What `open` says of a letter that was changed after all checks of our own.
std::optional<Discard> discard_of(const Letter& letter) {
    const auto opened = open(sign_for_test(to_text(to_json(letter))), ours());
    return opened ? std::nullopt : std::optional(opened.error());
}

}  // namespace

TEST_CASE("a letter that was sealed opens as what it was, whatever it says") {
    Pen pen;
    for (const LetterBody& body : bodies()) {
        const Letter letter = pen.letter(body);
        const Result<std::string> sealed = seal(letter, seed_for_test);
        REQUIRE(sealed);
        const auto opened = open(*sealed, ours());
        REQUIRE(opened);
        CHECK(to_text(to_json(*opened)) == to_text(to_json(letter)));
    }
}

TEST_CASE("a letter without a scope speaks of the whole, and a scope has a kind and a name") {
    Letter letter = Pen{}.letter(bodies()[0]);
    CHECK_FALSE(to_text(to_json(letter)).contains("scope"));  // As older agents write it.
    CHECK(voice_of(letter) == letter.agent);
    letter.scope = Scope{ScopeKind::pod, "payments-7d9f8c6b5d-x2x4q"};
    const auto opened = open(seal(letter, seed_for_test).value_or(""), ours());
    REQUIRE(opened);
    CHECK(opened->scope == letter.scope);
    CHECK(voice_of(*opened) == letter.agent + " pod payments-7d9f8c6b5d-x2x4q");
    for (const Scope& scope :
         {Scope{ScopeKind::whole, ""}, Scope{ScopeKind::whole, "payments"},
          Scope{ScopeKind::pod, ""}, Scope{ScopeKind::pod, "a b"}, Scope{ScopeKind::node, "-x"},
          Scope{ScopeKind::node, std::string(scope_name_bytes_max + 1, 'x')}}) {
        letter.scope = scope;
        CHECK_FALSE(seal(letter, seed_for_test));
        CHECK(discard_of(letter) == Discard::malformed);
    }
    letter.scope = Scope{ScopeKind::node, std::string(scope_name_bytes_max, 'x')};
    CHECK(seal(letter, seed_for_test));
}

TEST_CASE("key and stamp stand at the head of what is sealed, however long its names are") {
    Pen pen{.life = std::string(64, 'l'),
            .stamp = std::string(64, 's'),
            .service = std::string(64, 'p')};
    const Letter letter = pen.letter(bodies()[0]);
    const std::string sealed = seal(letter, seed_for_test).value_or("");
    CHECK(head_of(sealed).contains(letter.agent));
    CHECK(head_of(sealed).contains(letter.stamp));
    CHECK(head_of("{}") == "{}");
}

TEST_CASE("no byte of a letter can be another one") {
    Pen pen;
    const std::string sealed = pen.write(bodies()[2]);
    for (std::size_t at = 0; at < sealed.size(); ++at) {
        std::string changed = sealed;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        INFO(at);
        CHECK_FALSE(open(changed, ours()));
    }
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        INFO(size);
        CHECK_FALSE(open(sealed.substr(0, size), ours()));
    }
}

TEST_CASE("a stranger's letter is thrown away before what it says is read") {
    Pen stranger{.seed = other_seed_for_test};
    const auto opened = open(stranger.write(bodies()[1]), ours());
    REQUIRE_FALSE(opened);
    CHECK(opened.error() == Discard::agent_unknown);
    // One that gives itself out for an agent of ours.
    Letter letter = Pen{}.letter(bodies()[1]);
    const auto forged = open(seal(letter, other_seed_for_test).value_or(""), ours());
    REQUIRE_FALSE(forged);
    CHECK(forged.error() == Discard::forged);
}

TEST_CASE("a letter that is signed and out of bounds is malformed, and nobody of ours seals it") {
    const Symptom errors = symptom_for_test(SymptomKind::errors, "payments", noon);
    std::vector<LetterBody> beyond{Look{std::vector<Symptom>(symptoms_max + 1, errors), {}},
                                   Look{{}, std::vector<std::string>(troubles_max + 1)},
                                   Look{{}, {std::string(trouble_bytes_max + 1, 'x')}},
                                   Clear{symptom_for_test(SymptomKind::errors, "pay\nments", noon)},
                                   Clear{symptom_for_test(SymptomKind::errors, "", noon)}};
    Submit long_menu{proposal_for_test(errors), {}};
    long_menu.proposal.menu.items.resize(menu_items_max + 1);
    beyond.emplace_back(long_menu);
    Submit long_text{proposal_for_test(errors), {}};
    long_text.proposal.choice.model_trouble = std::string(4096, 'x');
    beyond.emplace_back(long_text);
    Submit long_list{proposal_for_test(errors), {}};
    long_list.proposal.diagnosis.measured = std::vector<std::string>(65, "x");
    beyond.emplace_back(long_list);
    Submit no_cause{proposal_for_test(errors), {}};
    no_cause.proposal.diagnosis.causes.clear();
    beyond.emplace_back(no_cause);
    Note note{std::get<Note>(bodies()[3])};
    note.change.reference = "rm -rf /";
    beyond.emplace_back(note);
    for (const LetterBody& body : beyond) {
        const Letter letter = Pen{}.letter(body);
        CHECK_FALSE(seal(letter, seed_for_test));
        CHECK(discard_of(letter) == Discard::malformed);
    }
    CHECK_FALSE(discard_of(Pen{}.letter(bodies()[0])));
}

TEST_CASE("what is no letter is told by why") {
    const auto why = [](const std::string& bytes) {
        const auto opened = open(bytes, ours());
        return opened ? std::nullopt : std::optional(opened.error());
    };
    CHECK(why(std::string(letter_bytes_max + 1, 'x')) == Discard::oversized);
    const std::string letter = to_text(to_json(Pen{}.letter(bodies()[2])));
    const std::string twice = R"({"service":"fraud",)" + letter.substr(1);
    const std::string unknown = R"({"more":1,)" + letter.substr(1);
    const std::string deep =
        std::string(R"({"agent":)") + std::string(64, '[') + std::string(64, ']') + "}";
    for (const std::string& text :
         {std::string(), std::string("{}"), std::string("garbage"), std::string(letter),
          sign_for_test(twice), sign_for_test(unknown), sign_for_test(deep)}) {
        INFO(text);
        CHECK(why(text) == Discard::malformed);
    }
}

TEST_CASE("a reply reads as what it was, and one with too much in it is broken") {
    Reply reply;
    reply.life = life_for_test;
    reply.boot_id = boot_for_test;
    reply.now = noon;
    reply.epoch = 4;
    const Symptom errors = symptom_for_test(SymptomKind::errors, "payments", noon);
    reply.standings = {{errors.kind, errors.subject, Standing{IncidentId("i-1"), true, {}}}};
    reply.open = {errors};
    reply.refused = Refusal{Fault::busy, "in hand"};
    const Result<Reply> read = parse_reply(to_text(to_json(reply)));
    REQUIRE(read);
    CHECK(to_text(to_json(*read)) == to_text(to_json(reply)));

    for (const Instant now : {instant_of_ns(-1), Instant::min(), Instant::max()}) {
        Reply of_no_time = reply;
        of_no_time.now = now;
        CHECK_FALSE(parse_reply(to_text(to_json(of_no_time))));
    }
    for (const Instant at : {Instant::min(), Instant::max()}) {
        Reply of_all_time = reply;
        of_all_time.open[0].began_at = at;
        CHECK_FALSE(parse_reply(to_text(to_json(of_all_time))));
        of_all_time = reply;
        of_all_time.open[0].noticed_at = at;
        CHECK_FALSE(parse_reply(to_text(to_json(of_all_time))));
        of_all_time = reply;
        of_all_time.changes = {Change{.service = ServiceId("payments"), .at = at}};
        CHECK_FALSE(parse_reply(to_text(to_json(of_all_time))));
    }
    Reply no_room = reply;
    no_room.epoch = number_max;
    CHECK_FALSE(parse_reply(to_text(to_json(no_room))));
    no_room.epoch = number_max - 1;
    CHECK(parse_reply(to_text(to_json(no_room))));

    Reply long_one = reply;
    long_one.changes.resize(changes_max + 1);
    for (const std::string& text :
         {to_text(to_json(long_one)), std::string(), std::string("<html>"), std::string("{}"),
          std::string(reply_bytes_max + 1, ' ')}) {
        const Result<Reply> broken = parse_reply(text);
        REQUIRE_FALSE(broken);
        CHECK(broken.error().fault == Fault::broken);
    }
}

}  // namespace homeostat::adapters::roles
