#include "homeostat/adapters/roles/remote_executor.hpp"

#include "homeostat/adapters/roles/executor_changes.hpp"
#include "homeostat/adapters/roles/remote_world_for_test.hpp"
#include "homeostat/adapters/roles/roles_for_test.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::roles {

namespace {

using net::run_for_test;

using World = RemoteWorld;

/// Whoever sits between the two: changes what the executor says, and keeps what the agent signs.
struct Between {
    World& world;
    std::function<void(Reply&)> changes{};  ///< Empty: all is passed on as it is.
    bool passes_on{true};
    std::vector<std::string> kept{};

    Task<net::HttpResponse> answer(net::HttpRequest request) {
        kept.push_back(request.body);
        if (!passes_on) {
            co_return net::HttpResponse{.status = 503, .body = ""};
        }
        net::HttpResponse response = co_await world.desk->answer(std::move(request));
        Result<Reply> reply = parse_reply(response.body);
        if (reply && changes) {
            changes(*reply);
            response.body = to_text(to_json(*reply));
        }
        co_return response;
    }
    void sit_down() {
        world.answer_with([this](net::HttpRequest request) { return answer(std::move(request)); });
    }
    /// What the executor says to a letter of before, at `at`.
    [[nodiscard]] std::optional<Discard> deliver(const std::string& letter, Instant at) {
        world.executor_clock.stands_at = at;
        net::HttpRequest request;
        request.method = "POST";
        request.path = letters_path;
        request.body = letter;
        const net::HttpResponse response =
            run_for_test(world.context, world.desk->answer(std::move(request)));
        const Result<Reply> reply = parse_reply(response.body);
        REQUIRE(reply);
        return reply->discarded;
    }
};

/// Whoever says the same to each letter, and with `lives` another life each time.
struct Answering {
    net::HttpResponse reply{};
    bool lives{false};
    int count{0};

    Task<net::HttpResponse> answer(net::HttpRequest) {
        count += 1;
        if (lives) {
            Reply begins;
            begins.discarded = Discard::stale_life;
            begins.life = "life-" + std::to_string(count);
            reply = {.status = 409, .body = to_text(to_json(begins))};
        }
        co_return reply;
    }
};

}  // namespace

TEST_CASE("while the executor has not answered all is in hand: nothing is proposed or cleared") {
    World world;
    auto agent = world.agent();
    const auto check_that_nothing_is_known = [&] {
        const std::optional<Standing> standing = agent->standing(world.errors());
        REQUIRE(standing);
        CHECK((standing->incident.empty() && !standing->wants_proposal));
        CHECK(agent->open_symptoms().empty());
        CHECK_FALSE(agent->is_answering(world.clock.now()));
        CHECK_FALSE(agent->trouble().empty());
    };
    check_that_nothing_is_known();
    CHECK_FALSE(run_for_test(world.context, agent->look()));
    CHECK_FALSE(run_for_test(world.context, agent->look()));
    check_that_nothing_is_known();
    CHECK(world.lines.size() == 1);
    const Result<Standing> submitted =
        run_for_test(world.context, agent->submit(proposal_for_test(world.errors())));
    CHECK_FALSE(submitted);
    CHECK_FALSE(run_for_test(world.context, agent->note(Change{.service = ServiceId("fraud")})));
}

TEST_CASE("a proposal is heard, and how it stands is known without another look") {
    World world;
    world.begin_executor();
    auto agent = world.agent();
    CHECK(run_for_test(world.context, agent->look()));
    CHECK(agent->is_answering(world.clock.now()));
    CHECK(agent->versions_seen().deploy == VersionId("v2"));
    CHECK(world.places == std::vector<Place>{{InstanceId("payments-0"), "uid-7", true}});
    const Symptom errors = world.errors();
    CHECK_FALSE(agent->standing(errors));
    const Result<Standing> submitted =
        run_for_test(world.context, agent->submit(proposal_for_test(errors)));
    REQUIRE(submitted);
    CHECK(submitted->incident == IncidentId("i-1"));
    REQUIRE(world.executor.proposals.size() == 1);
    CHECK(world.executor.proposals[0].symptom == errors);
    REQUIRE(agent->standing(errors));
    CHECK(agent->standing(errors)->incident == IncidentId("i-1"));
    CHECK(agent->open_symptoms() == std::vector<Symptom>{errors});
}

TEST_CASE("a second opinion names the incident that wants it, one from before is not taken") {
    World world;
    world.begin_executor();
    auto agent = world.agent();
    const Symptom errors = world.errors();
    (void)agent->standing(errors);
    CHECK(run_for_test(world.context, agent->look()));
    world.executor.open = {{errors, Standing{IncidentId("i-1"), true, {RemedyKind::rollback}}}};
    const Result<Standing> unaware =
        run_for_test(world.context, agent->submit(proposal_for_test(errors)));
    REQUIRE_FALSE(unaware);
    CHECK(unaware.error().fault == Fault::busy);
    // The reply to that has said how it stands.
    REQUIRE(agent->standing(errors));
    CHECK(agent->standing(errors)->tried == std::vector<RemedyKind>{RemedyKind::rollback});
    CHECK(run_for_test(world.context, agent->submit(proposal_for_test(errors))));
}

TEST_CASE("an executor that is started again is spoken to anew, and knows what was open") {
    World world;
    world.begin_executor();
    auto agent = world.agent();
    const Symptom errors = world.errors();
    REQUIRE(run_for_test(world.context, agent->submit(proposal_for_test(errors))));
    world.end_executor();
    CHECK_FALSE(run_for_test(world.context, agent->look()));
    world.begin_executor("life-2");
    CHECK(run_for_test(world.context, agent->look()));
    CHECK(agent->open_symptoms().size() == 1);
    run_for_test(world.context, agent->clear(errors));
    CHECK(world.executor.cleared.size() == 1);
    CHECK(world.executor.proposals.size() == 1);
    CHECK(world.desk->discarded_count(Discard::stale_life) == 1);
}

TEST_CASE("an agent that is started again goes on where the executor has heard of it last") {
    World world;
    world.begin_executor();
    auto first = world.agent();
    REQUIRE(run_for_test(world.context, first->look()));
    auto second = world.agent();
    REQUIRE(run_for_test(world.context, second->look()));
    CHECK(second->epoch() == first->epoch() + 1);
    // The first one lives on, as it should not: it stands back and says why.
    CHECK_FALSE(run_for_test(world.context, first->look()));
    CHECK_FALSE(run_for_test(world.context, first->look()));
    CHECK(first->trouble().find("another process") != std::string::npos);
    CHECK(run_for_test(world.context, second->look()));
    CHECK(world.desk->discarded_count(Discard::stale_epoch) == 1);
}

TEST_CASE("an agent beside a pod is told of that alone, and of nothing once the pod has gone") {
    World world;
    std::vector<InstanceId> standing{InstanceId("payments-0")};
    DeskSettings settings = desk_settings_for_test(life_for_test, nullptr);
    settings.agents = {{mesh::public_key_of(seed_for_test), ScopeKind::pod}};
    settings.instances_at = [&](const Scope& scope) {
        return scope == Scope{ScopeKind::pod, "pod-a"} ? standing : std::vector<InstanceId>{};
    };
    world.desk = std::make_unique<LetterDesk>(world.executor, world.executor_clock, settings);
    Between between{.world = world};
    between.sit_down();
    auto agent = world.agent(seed_for_test, Scope{ScopeKind::pod, "pod-a"});
    const auto hang = [&](const std::string& name) {
        return symptom_for_test(SymptomKind::instance_not_answering, name, world.clock.now());
    };
    const Standing in_hand{IncidentId("i-1"), false, {}};
    world.executor.open = {{hang("payments-0"), in_hand}, {hang("payments-1"), in_hand}};
    REQUIRE(run_for_test(world.context, agent->look()));
    CHECK((agent->open_symptoms().size() == 1 && world.places.size() == 1));
    run_for_test(world.context, agent->clear(hang("payments-1")));
    CHECK(world.executor.cleared.empty());
    standing.clear();
    CHECK_FALSE(run_for_test(world.context, agent->look()));
    CHECK(agent->trouble().contains("out_of_scope"));
}

TEST_CASE("a key that is not listed is answered by nobody") {
    World world;
    world.begin_executor();
    auto agent = world.agent(other_seed_for_test);
    CHECK_FALSE(run_for_test(world.context, agent->look()));
    CHECK(agent->trouble().find("agent_unknown") != std::string::npos);
    CHECK_FALSE(run_for_test(world.context, agent->submit(proposal_for_test(world.errors()))));
    CHECK(world.executor.proposals.empty());
}

TEST_CASE("moments are the executor's on its side of the door, and ours on our side") {
    World world;
    world.boot = "boot-of-another-machine";
    world.executor_clock.ahead = 1000h;
    world.begin_executor();
    auto agent = world.agent();
    const Symptom errors = world.errors();
    REQUIRE(run_for_test(world.context, agent->submit(proposal_for_test(errors))));
    const Instant taken = world.executor.proposals.at(0).symptom.began_at;
    const Duration off = taken - (errors.began_at + world.executor_clock.ahead);
    CHECK(off < 100ms);
    CHECK(off > -100ms);
    // A change that somebody told the executor of.
    Change change;
    change.service = ServiceId("fraud");
    change.at = world.executor_clock.now();
    const Instant told_at = world.clock.now();
    CHECK(run_for_test(world.context, world.desk->note(change)));
    CHECK(run_for_test(world.context, agent->look()));
    const std::vector<Change> changes = agent->take_changes();
    REQUIRE(changes.size() == 1);
    const Duration back = changes[0].at - told_at;
    CHECK(back < 100ms);
    CHECK(back > -100ms);
}

TEST_CASE("a change of the executor's comes once and is not told back; one of ours does not come") {
    World world;
    world.begin_executor();
    Change told;
    told.service = ServiceId("fraud");
    told.reference = "release-7";
    REQUIRE(run_for_test(world.context, world.desk->note(told)));
    auto agent = world.agent();
    ExecutorChanges source(*agent);
    CHECK(run_for_test(world.context, agent->look()));
    const auto readings = run_for_test(world.context, source.read(net::now_for_test()));
    REQUIRE(readings);
    REQUIRE(readings->size() == 1);
    const Change heard = std::get<ChangeReading>(readings->at(0)).change;
    CHECK(heard.reference == "release-7");
    const Result<Change> noted = run_for_test(world.context, agent->note(heard));
    REQUIRE(noted);
    CHECK(noted->id == heard.id);
    CHECK(world.executor.notes.size() == 1);
    Change own;
    own.service = ServiceId("payments");
    own.reference = "release-8";
    const Result<Change> recorded = run_for_test(world.context, agent->note(own));
    REQUIRE(recorded);
    CHECK(recorded->id == ChangeId("change-2"));
    CHECK(run_for_test(world.context, agent->look()));
    CHECK(run_for_test(world.context, source.read(net::now_for_test()))->empty());
}

TEST_CASE("what is cleared again at once is said once") {
    World world;
    world.begin_executor();
    auto agent = world.agent();
    const Symptom errors = world.errors();
    world.clock.stands_at = net::now_for_test();
    world.executor_clock.stands_at = world.clock.stands_at;
    for (int number = 0; number < 10; ++number) {
        run_for_test(world.context, agent->clear(errors));
    }
    CHECK(world.executor.cleared.size() == 1);
}

TEST_CASE("what the agent has not seen well it does not say has gone, and says so once it has") {
    World world;
    world.begin_executor();
    const auto hang = [&](const std::string& name) {
        return symptom_for_test(SymptomKind::instance_not_answering, name, world.clock.now());
    };
    bool is_well = false;
    world.has_seen_well = [&](const Symptom& symptom) {
        return is_well && symptom.subject.name == "payments-0";
    };
    auto agent = world.agent();
    for (const char* instance : {"payments-0", "payments-1"}) {
        run_for_test(world.context, agent->clear(hang(instance)));
    }
    CHECK(world.executor.cleared.empty());
    is_well = true;  // At once: what was not said is not "said just now" either.
    for (const char* instance : {"payments-0", "payments-1"}) {
        run_for_test(world.context, agent->clear(hang(instance)));
    }
    REQUIRE(world.executor.cleared.size() == 1);
    CHECK(world.executor.cleared[0].subject.name == "payments-0");
}

TEST_CASE("where much is over at once, the looks go on") {
    World world;
    world.begin_executor();
    auto agent = world.agent();
    for (int number = 0; number < 200; ++number) {
        const std::string name = "payments-" + std::to_string(number);
        run_for_test(world.context, agent->clear(symptom_for_test(SymptomKind::instance_down, name,
                                                                  world.clock.now())));
    }
    CHECK(world.executor.cleared.size() >= 20);
    CHECK(world.desk->discarded_count(Discard::too_many) == 0);
    CHECK(run_for_test(world.context, agent->look()));
}

TEST_CASE("troubles of any words and number fit into a look") {
    World world;
    world.begin_executor();
    world.troubles = std::vector<std::string>(100, std::string(1000, '\x01'));
    auto agent = world.agent();
    CHECK(run_for_test(world.context, agent->look()));
    CHECK(world.desk->agents(world.executor_clock.now()).at(0).troubles.size() == troubles_max);
}

TEST_CASE("whoever answers garbage, a refusal or nothing is no executor that answers") {
    const std::vector<net::HttpResponse> replies{
        {.status = 200, .body = "garbage"},
        {.status = 200, .body = ""},
        {.status = 200, .body = "{}"},
        {.status = 500, .body = "<html>"},
        {.status = 200, .body = std::string(reply_bytes_max * 2, 'x')},
        {.status = 409,
         .body = R"({"discarded":"stale_life","life":"","stamp":"","boot_id":"","now":0,)"
                 R"("epoch":0,"standings":[],"open":[],"changes":[],)"
                 R"("deploy_seen":"","config_seen":"","places":[]})"}};
    for (const net::HttpResponse& reply : replies) {
        World world;
        Answering somebody{.reply = reply};
        world.answer_with(
            [&somebody](net::HttpRequest request) { return somebody.answer(std::move(request)); });
        auto agent = world.agent();
        INFO(reply.body.substr(0, 40));
        CHECK_FALSE(run_for_test(world.context, agent->look()));
        CHECK_FALSE(agent->is_answering(world.clock.now()));
        CHECK_FALSE(agent->trouble().empty());
        REQUIRE(agent->standing(world.errors()));
        CHECK_FALSE(agent->standing(world.errors())->wants_proposal);
    }
}

TEST_CASE("whoever changes the time in between keeps no letter that is good later") {
    World world;
    world.begin_executor();
    const Instant now = net::now_for_test();
    world.executor_clock.stands_at = now;
    Between between{.world = world};
    between.changes = [](Reply& reply) {
        reply.boot_id = "boot-of-another-machine";
        reply.now += 1h;
    };
    between.sit_down();
    auto agent = world.agent();
    REQUIRE(run_for_test(world.context, agent->look()));
    // Its next letter is kept and not passed on, and neither is any that would be newer.
    const std::size_t passed_on = between.kept.size();
    between.passes_on = false;
    CHECK_FALSE(run_for_test(world.context, agent->submit(proposal_for_test(world.errors()))));
    REQUIRE(between.kept.size() == passed_on + 1);
    for (const Duration later : {Duration(1h), Duration(1h + 1s), Duration(24h)}) {
        CHECK(between.deliver(between.kept.back(), now + later) == Discard::late);
    }
    CHECK(world.executor.proposals.empty());
    CHECK_FALSE(between.deliver(between.kept.back(), now + 1s));  // It was a good one.
}

TEST_CASE("an agent that was told of impossible lives is heard as soon as nobody does any more") {
    for (const std::uint64_t epoch :
         {number_max, number_max - 1, number_max - 2, std::uint64_t{1} << 32U}) {
        INFO(epoch);
        World world;
        world.begin_executor();
        Between between{.world = world};
        between.changes = [epoch](Reply& reply) { reply.epoch = epoch; };
        between.sit_down();
        auto agent = world.agent();
        CHECK_FALSE(run_for_test(world.context, agent->look()));
        CHECK_FALSE(run_for_test(world.context, agent->look()));
        between.changes = {};
        CHECK(run_for_test(world.context, agent->look()));
        CHECK(agent->epoch() == 1);
    }
}

TEST_CASE("a time that cannot be is no reply, and one that can be moves nothing beyond all time") {
    for (const Instant now :
         {Instant::max(), Instant::min(), instant_of_ns(-1), instant_of_ns(0) + 24h * 365 * 49}) {
        World world;
        world.boot = "boot-of-another-machine";
        world.begin_executor();
        Between between{.world = world};
        between.changes = [now](Reply& reply) { reply.now = now; };
        between.sit_down();
        auto agent = world.agent();
        (void)run_for_test(world.context, agent->look());
        (void)run_for_test(world.context, agent->submit(proposal_for_test(world.errors())));
        between.changes = {};
        CHECK(run_for_test(world.context, agent->look()));
        for (const Proposal& proposal : world.executor.proposals) {
            CHECK(proposal.judged_at <= world.executor_clock.now());
        }
    }
}

TEST_CASE("after a silence that outlasts its stamp the agent is heard with its first letter") {
    World world;
    world.begin_executor();
    auto agent = world.agent();
    REQUIRE(run_for_test(world.context, agent->look()));
    world.clock.ahead = 10min;
    world.executor_clock.ahead = 10min;
    CHECK(run_for_test(world.context, agent->submit(proposal_for_test(world.errors()))));
    CHECK(world.desk->discarded_count(Discard::late) == 1);
    CHECK(world.executor.proposals.size() == 1);
    CHECK(agent->epoch() == 1);
}

TEST_CASE("an executor that begins a life at each letter is asked twice, and not for ever") {
    World world;
    Answering somebody{.lives = true};
    world.answer_with(
        [&somebody](net::HttpRequest request) { return somebody.answer(std::move(request)); });
    auto agent = world.agent();
    CHECK_FALSE(run_for_test(world.context, agent->look()));
    CHECK(somebody.count == 2);
}

TEST_CASE("looks go on until they are stopped, and one that fails ends nothing") {
    World world;
    auto agent = world.agent();
    bool has_ended = false;
    boost::asio::co_spawn(world.context, agent->run(),
                          [&has_ended](std::exception_ptr) { has_ended = true; });
    net::run_until_for_test(world.context, [&] { return !world.lines.empty(); });
    world.begin_executor();
    net::run_until_for_test(world.context, [&] { return agent->is_answering(world.clock.now()); });
    CHECK(world.lines.back() == "the executor answers");
    agent->stop();
    net::run_until_for_test(world.context, [&] { return has_ended; });
}

}  // namespace homeostat::adapters::roles
