#include "homeostat/adapters/roles/letter_desk.hpp"

#include "homeostat/adapters/roles/roles_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::roles {

namespace {

const Instant noon = instant_of_ns(1'000'000'000'000'000);

/// An executor behind a desk, at a moment that stands still.
struct World {
    boost::asio::io_context context{1};
    ClockForTest clock{};
    WrittenExecutor executor{};
    std::vector<std::string> lines{};
    LetterDesk desk{executor, clock, desk_settings_for_test(life_for_test, &lines)};
    Pen pen{};

    World() { clock.stands_at = noon; }

    struct Answer {
        int status{0};
        Reply reply{};
    };
    Answer post(std::string bytes) {
        net::HttpRequest request;
        request.method = "POST";
        request.path = letters_path;
        request.body = std::move(bytes);
        const net::HttpResponse response =
            net::run_for_test(context, desk.answer(std::move(request)));
        const Result<Reply> reply = parse_reply(response.body);
        REQUIRE(reply);
        if (!reply->stamp.empty()) {
            pen.stamp = reply->stamp;
        }
        return {response.status, *reply};
    }
    Answer say(LetterBody body) { return post(pen.write(std::move(body))); }
    Answer propose(const Symptom& symptom, std::optional<IncidentId> answers = {}) {
        return say(Submit{proposal_for_test(symptom), std::move(answers)});
    }
    [[nodiscard]] Symptom errors() const {
        return symptom_for_test(SymptomKind::errors, "payments", noon - 1s);
    }
};

}  // namespace

TEST_CASE("an agent that begins is told which life it speaks to, and what was heard of it last") {
    World world;
    world.pen = Pen{.life = "", .epoch = 0};
    const auto first = world.say(Look{});
    CHECK(first.status == 409);
    CHECK(first.reply.discarded == Discard::stale_life);
    CHECK(first.reply.life == life_for_test);
    CHECK(first.reply.boot_id == boot_for_test);
    CHECK((first.reply.now == noon && first.reply.epoch == 0));
    CHECK(first.reply.stamp == "stamp-1");
    world.pen = Pen{};
    CHECK(world.say(Look{}).status == 200);
    world.pen = Pen{.life = "", .epoch = 0};
    CHECK(world.say(Look{}).reply.epoch == 1);
    CHECK(world.lines.size() == 1);  // That an agent speaks; beginning is no trouble.
}

TEST_CASE("a forged, a foreign, a replayed and a stale letter change nothing and learn nothing") {
    World world;
    const std::string good = world.pen.write(Submit{proposal_for_test(world.errors()), {}});
    REQUIRE(world.post(good).status == 200);
    REQUIRE(world.executor.proposals.size() == 1);
    world.executor.open.clear();

    Pen forger{.seed = other_seed_for_test, .epoch = 9};
    Letter in_our_name = world.pen.letter(Submit{proposal_for_test(world.errors()), {}});
    Pen of_fraud{.epoch = 9, .service = "fraud"};
    Pen of_before{.life = "life-0", .epoch = 9};
    Pen earlier{.epoch = 0};
    Pen late{.stamp = "stamp-0", .epoch = 2};
    const std::vector<std::pair<std::string, Discard>> letters{
        {good, Discard::replayed},
        {forger.write(Submit{proposal_for_test(world.errors()), {}}), Discard::agent_unknown},
        {seal(in_our_name, other_seed_for_test).value_or(""), Discard::forged},
        {of_fraud.write(Clear{world.errors()}), Discard::misaddressed},
        {of_before.write(Clear{world.errors()}), Discard::stale_life},
        {earlier.write(Clear{world.errors()}), Discard::stale_epoch},
        {late.write(Clear{world.errors()}), Discard::late},
        {"{}", Discard::malformed},
        {std::string(letter_bytes_max + 1, 'x'), Discard::oversized}};
    for (const auto& [letter, expected] : letters) {
        const auto answer = world.post(letter);
        INFO(to_text(expected));
        CHECK(answer.reply.discarded == expected);
        CHECK(answer.status >= 400);
        CHECK((answer.reply.open.empty() && answer.reply.changes.empty()));
        CHECK(world.desk.discarded_count(expected) == 1);
    }
    CHECK((world.executor.proposals.size() == 1 && world.executor.cleared.empty()));
}

TEST_CASE("a stranger is told neither the life nor the time of the executor") {
    World world;
    Pen stranger{.seed = other_seed_for_test, .life = ""};
    const Reply reply = world.post(stranger.write(Look{})).reply;
    CHECK((reply.life.empty() && reply.boot_id.empty() && reply.now == Instant{}));
    CHECK(reply.stamp.empty());
    Pen of_fraud{.life = "", .service = "fraud"};
    CHECK(world.post(of_fraud.write(Look{})).reply.life.empty());
}

TEST_CASE("a proposal reaches the role, and the reply says how everything stands") {
    World world;
    const Reply before = world.say(Look{{world.errors()}, {"edge is silent"}}).reply;
    REQUIRE(before.standings.size() == 1);
    CHECK_FALSE(before.standings[0].standing);
    CHECK(before.deploy_seen == VersionId("v2"));
    const Reply reply = world.propose(world.errors()).reply;
    REQUIRE(reply.submitted);
    CHECK(reply.submitted->incident == IncidentId("i-1"));
    REQUIRE(reply.standings.size() == 1);
    REQUIRE(reply.standings[0].standing);
    CHECK(reply.standings[0].standing->incident == IncidentId("i-1"));
    CHECK(reply.open == std::vector<Symptom>{world.errors()});
    const std::vector<AgentSeen> agents = world.desk.agents(noon + 1s);
    REQUIRE(agents.size() == 1);
    CHECK(agents[0].symptoms == std::vector<Symptom>{world.errors()});
    CHECK(agents[0].troubles == std::vector<std::string>{"edge is silent"});
    CHECK((agents[0].is_speaking && agents[0].heard_s_ago == 1));
    CHECK_FALSE(world.desk.agents(noon + 1min)[0].is_speaking);
    CHECK(world.say(Clear{world.errors()}).status == 200);
    CHECK(world.executor.cleared.size() == 1);
}

TEST_CASE("what the agent did not know of an incident cannot be in its choice") {
    World world;
    world.executor.open = {{world.errors(), Standing{IncidentId("i-1"), true, {}}}};
    const auto unaware = world.propose(world.errors()).reply;
    REQUIRE(unaware.refused);
    CHECK(unaware.refused->fault == Fault::busy);
    const auto mistaken = world.propose(world.errors(), IncidentId("i-0")).reply;
    CHECK(mistaken.refused);
    CHECK(world.executor.proposals.empty());
    const auto aware = world.propose(world.errors(), IncidentId("i-1")).reply;
    CHECK((aware.submitted && world.executor.proposals.size() == 1));
}

TEST_CASE("a proposal of another service, and one that takes back, are refused") {
    World world;
    Proposal of_fraud = proposal_for_test(world.errors());
    of_fraud.service = ServiceId("fraud");
    Proposal takes_back = proposal_for_test(world.errors());
    takes_back.undoes = IncidentId("i-1");
    for (const Proposal& proposal : {of_fraud, takes_back}) {
        const Reply reply = world.say(Submit{proposal, {}}).reply;
        REQUIRE(reply.refused);
        CHECK(reply.refused->fault == Fault::invalid);
    }
    CHECK(world.executor.proposals.empty());
}

TEST_CASE("moments that cannot be are moved to where they can, and spans follow them") {
    struct Case {
        Instant began;
        Instant noticed;
        Instant judged;
    };
    for (const Case& one :
         {Case{noon - 3s, noon - 2s, noon - 1s}, Case{noon + 1h, noon + 2h, noon + 3h},
          Case{Instant::max(), Instant::min(), noon}, Case{Instant::min(), noon, Instant::max()},
          Case{Instant::min(), Instant::min(), Instant::min()}, Case{noon, noon - 1h, noon}}) {
        World world;
        Proposal proposal = proposal_for_test(world.errors());
        proposal.symptom.began_at = one.began;
        proposal.symptom.noticed_at = one.noticed;
        proposal.judged_at = one.judged;
        proposal.judging_took = Duration::max();
        REQUIRE(world.say(Submit{proposal, {}}).reply.submitted);
        const Proposal& taken = world.executor.proposals.at(0);
        CHECK(taken.symptom.began_at >= noon - 24h);
        CHECK(taken.symptom.began_at <= taken.symptom.noticed_at);
        CHECK(taken.symptom.noticed_at <= taken.judged_at);
        CHECK(taken.judged_at <= noon);
        CHECK(taken.judging_took == taken.judged_at - taken.symptom.noticed_at);
        if (one.began == noon - 3s) {  // What can be stays as it is.
            CHECK(taken.symptom.began_at == one.began);
            CHECK((taken.symptom.noticed_at == one.noticed && taken.judged_at == one.judged));
        }
    }
}

TEST_CASE("slowness is not held against a limit below any that is ever found") {
    for (const auto& [said, expected] : {std::pair{0.0, 50.0}, std::pair{-1e300, 50.0},
                                         std::pair{49.0, 50.0}, std::pair{120.0, 120.0}}) {
        World world;
        Symptom slow = symptom_for_test(SymptomKind::latency, "payments", noon);
        slow.limit = said;
        REQUIRE(world.propose(slow).reply.submitted);
        CHECK(world.executor.proposals.at(0).symptom.limit == expected);
    }
}

TEST_CASE("more proposals than symptoms are not taken, and in a moment some are") {
    World world;
    int taken = 0;
    for (int number = 0; number < 100; ++number) {
        world.executor.open.clear();
        taken += world.propose(world.errors()).reply.submitted ? 1 : 0;
    }
    CHECK(taken == 64);
    world.executor.open.clear();
    world.clock.stands_at = noon + 2s;
    CHECK(world.propose(world.errors()).reply.submitted);
}

TEST_CASE("what is refused costs nothing: the start of what has ended does not wait for it") {
    World world;
    world.executor.refusal = Error{Fault::full, "no ledger, no action: the disk is full"};
    for (int number = 0; number < 100; ++number) {
        REQUIRE(world.propose(world.errors()).reply.refused->fault == Fault::full);
    }
    world.executor.refusal.reset();
    Proposal reflex =
        proposal_for_test(symptom_for_test(SymptomKind::instance_down, "payments-0", noon));
    CHECK(world.say(Submit{reflex, {}}).reply.submitted);
    // Nor what it cannot have known: the standing is asked first.
    world.executor.open = {{world.errors(), Standing{IncidentId("i-1"), true, {}}}};
    world.clock.stands_at = noon + 2s;
    for (int number = 0; number < 100; ++number) {
        REQUIRE(world.propose(world.errors()).reply.refused->fault == Fault::busy);
    }
    CHECK(world.propose(world.errors(), IncidentId("i-1")).reply.submitted);
}

TEST_CASE("an agent that proposes without end is told of once") {
    World world;
    for (int number = 0; number < 100; ++number) {
        world.executor.open.clear();
        (void)world.propose(world.errors());
    }
    CHECK(std::ranges::count_if(world.lines, [](const std::string& line) {
              return line.contains("proposes more than there are symptoms");
          }) == 1);
}

TEST_CASE("a change that was not recorded costs nothing") {
    World world;
    world.executor.notes_refusal = Error{Fault::full, "the disk is full"};
    Change change;
    change.service = ServiceId("payments");
    for (int number = 0; number < 100; ++number) {
        REQUIRE(world.say(Note{change}).reply.refused->fault == Fault::full);
    }
    world.executor.notes_refusal.reset();
    CHECK(world.say(Note{change}).reply.noted);
}

TEST_CASE("a change is recorded as the agent's, whatever it says of itself, and known to all") {
    World world;
    Change change;
    change.service = ServiceId("payments");
    change.to = VersionId("v3");
    change.is_ours = true;
    change.id = ChangeId("change-99");
    change.at = noon + 1h;
    const Reply reply = world.say(Note{change}).reply;
    REQUIRE(reply.noted);
    CHECK(reply.noted->id == ChangeId("change-1"));
    CHECK((!world.executor.notes.at(0).is_ours && world.executor.notes.at(0).id.empty()));
    CHECK(world.executor.notes.at(0).at == noon);
    Change told;
    told.service = ServiceId("fraud");
    CHECK(net::run_for_test(world.context, world.desk.note(told)));
    CHECK(world.say(Look{}).reply.changes.size() == 2);
    int taken = 0;
    for (int number = 0; number < 100; ++number) {
        taken += world.say(Note{change}).reply.noted ? 1 : 0;
    }
    CHECK(taken < 40);
    CHECK(world.desk.changes().size() <= changes_max);
}

TEST_CASE("whoever knocks without end is not even read, and told of once") {
    World world;
    int read = 0;
    for (int number = 0; number < 2000; ++number) {
        read += world.post("garbage").reply.discarded == Discard::malformed ? 1 : 0;
    }
    CHECK(read == 400);
    CHECK(world.desk.discarded_count(Discard::too_many) == 1600);
    CHECK(world.lines.size() == 2);
}

TEST_CASE("a flood of junk by others, and the listed agent's letters are taken all the same") {
    const std::string key = to_hex(mesh::public_key_of(seed_for_test));
    const std::string junk_in_our_name =
        R"({"service":"payments","agent":")" + key + R"(","life":"life-1","stamp":"stamp-0"})";
    struct Case {
        std::string junk;
        bool may_begin;
    };
    for (const Case& one : {Case{"garbage", true}, Case{std::string(letter_bytes_max, '{'), true},
                            Case{Pen{.seed = other_seed_for_test}.write(Look{}), true},
                            Case{junk_in_our_name, false}}) {
        INFO(one.junk.substr(0, 100));
        World world;
        REQUIRE(world.say(Look{}).status == 200);
        int read = 0;
        for (int number = 0; number < 2000; ++number) {
            read += world.post(one.junk).reply.discarded == Discard::too_many ? 0 : 1;
        }
        CHECK(read == 400);
        CHECK(world.say(Look{}).status == 200);
        CHECK(world.propose(world.errors()).reply.submitted);
        // One that begins knows no stamp: whoever names its key is in its way.
        world.pen = Pen{.life = "", .stamp = "", .epoch = 0};
        CHECK(world.say(Look{}).reply.discarded ==
              (one.may_begin ? Discard::stale_life : Discard::too_many));
    }
}

TEST_CASE("what the role refuses is said by its own words") {
    World world;
    world.executor.refusal = Error{Fault::full, "no ledger, no action: the disk is full"};
    const Reply reply = world.propose(world.errors()).reply;
    REQUIRE(reply.refused);
    CHECK(reply.refused->fault == Fault::full);
    CHECK(reply.refused->text == "no ledger, no action: the disk is full");
}

TEST_CASE("there is one thing here, and it is posted") {
    World world;
    net::HttpRequest request;
    request.path = letters_path;
    CHECK(net::run_for_test(world.context, world.desk.answer(request)).status == 404);
    request.method = "POST";
    request.path = "/v1/approve";
    CHECK(net::run_for_test(world.context, world.desk.answer(request)).status == 404);
}

}  // namespace homeostat::adapters::roles
