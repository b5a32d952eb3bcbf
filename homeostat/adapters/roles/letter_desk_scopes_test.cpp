// Agents of some instances at the desk: of what each may speak, and what it may end.

#include "homeostat/adapters/roles/letter_desk.hpp"
#include "homeostat/adapters/roles/roles_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::adapters::roles {

namespace {

const Instant noon = instant_of_ns(1'000'000'000'000'000);

/// Two pods, an agent beside each, and one of the whole.
struct World {
    boost::asio::io_context context{1};
    ClockForTest clock{};
    WrittenExecutor executor{};
    std::vector<std::string> lines{};
    std::map<std::string, InstanceId> pods{{"pod-a", InstanceId("payments-0")},
                                           {"pod-b", InstanceId("payments-1")}};
    std::vector<Place> places{{InstanceId("payments-0"), "uid-a", true, "10.0.0.1:80"},
                              {InstanceId("payments-1"), "uid-b", true, "10.0.0.2:80"}};
    std::optional<LetterDesk> desk{};
    Pen beside_a{.seed = pods_seed_for_test, .scope = Scope{ScopeKind::pod, "pod-a"}};
    Pen beside_b{.seed = pods_seed_for_test, .scope = Scope{ScopeKind::pod, "pod-b"}};
    Pen of_whole{};

    /// `late`: the desk has heard agents for long.
    explicit World(bool late = true) {
        clock.stands_at = noon;
        DeskSettings settings = desk_settings_for_test(life_for_test, &lines);
        settings.agents.push_back({mesh::public_key_of(pods_seed_for_test), ScopeKind::pod});
        settings.places = [this] { return places; };
        settings.instances_at = [this](const Scope& scope) {
            const auto found = pods.find(scope.name);
            return found == pods.end() ? std::vector<InstanceId>{} : std::vector{found->second};
        };
        settings.symptom_of = [this](const IncidentId& incident) -> std::optional<Symptom> {
            for (const auto& [symptom, standing] : executor.open) {
                if (standing.incident == incident) {
                    return symptom;
                }
            }
            return std::nullopt;
        };
        desk.emplace(executor, clock, std::move(settings));
        if (late) {
            begin_to_hear();
            clock.stands_at = noon + 1min;
        }
    }

    /// A first letter, of one whose pod has gone by now.
    void begin_to_hear() {
        pods["pod-before"] = InstanceId("payments-0");
        Pen of_before{.seed = pods_seed_for_test, .scope = Scope{ScopeKind::pod, "pod-before"}};
        REQUIRE_FALSE(say(of_before, Look{}).discarded);
        pods.erase("pod-before");
    }

    Reply post(Pen& pen, const std::string& bytes) {
        net::HttpRequest request;
        request.method = "POST";
        request.path = letters_path;
        request.body = bytes;
        const net::HttpResponse response =
            net::run_for_test(context, desk->answer(std::move(request)));
        const Result<Reply> reply = parse_reply(response.body);
        REQUIRE(reply);
        if (!reply->stamp.empty()) {
            pen.stamp = reply->stamp;
        }
        return *reply;
    }
    /// Written again where its stamp was old.
    Reply say(Pen& pen, const LetterBody& body) {
        const Reply reply = post(pen, pen.write(body));
        return reply.discarded == Discard::late ? post(pen, pen.write(body)) : reply;
    }
    Reply propose(Pen& pen, const Symptom& symptom, std::optional<IncidentId> answers = {}) {
        return say(pen, Submit{proposal_of(symptom), std::move(answers)});
    }
    /// That which is offered by who sees that instance alone.
    [[nodiscard]] static Proposal proposal_of(const Symptom& symptom) {
        Proposal proposal = proposal_for_test(symptom);
        const Remedy restart = Restart{InstanceId(symptom.subject.name)};
        proposal.menu.items = {{restart, 0.9, "it is ill"}, {Observe{}, 0.1, "always"}};
        proposal.choice.remedy = restart;
        proposal.choice.scores = {{restart, 0.9, -0.1}};
        return proposal;
    }
    [[nodiscard]] static Symptom hang(const std::string& instance) {
        return symptom_for_test(SymptomKind::instance_not_answering, instance, noon - 1s);
    }
};

}  // namespace

TEST_CASE("a key speaks with the scope that it is listed with, of somebody who is there") {
    struct Case {
        mesh::SigningSeed seed;
        std::optional<Scope> scope;
        bool is_heard;
    };
    for (const Case& one : {Case{seed_for_test, std::nullopt, true},
                            Case{seed_for_test, Scope{ScopeKind::pod, "pod-a"}, false},
                            Case{pods_seed_for_test, std::nullopt, false},
                            Case{pods_seed_for_test, Scope{ScopeKind::pod, "pod-a"}, true},
                            Case{pods_seed_for_test, Scope{ScopeKind::node, "pod-a"}, false},
                            Case{pods_seed_for_test, Scope{ScopeKind::pod, "pod-z"}, false}}) {
        World world;
        Pen pen{.seed = one.seed, .scope = one.scope};
        const Reply reply = world.say(pen, Look{});
        CHECK(reply.discarded ==
              (one.is_heard ? std::nullopt : std::optional(Discard::out_of_scope)));
        CHECK(world.desk->agents(noon + 1min).size() == (one.is_heard ? 1 : 0));
    }
}

TEST_CASE("an agent of a pod says nothing of its sibling, and is told nothing of it") {
    World world;
    const Symptom own = World::hang("payments-0");
    const Symptom others = World::hang("payments-1");
    world.executor.open = {{own, Standing{IncidentId("i-1"), false, {}}},
                           {others, Standing{IncidentId("i-2"), false, {}}}};
    const Reply reply = world.say(world.beside_a, Look{{own, others}, {}});
    REQUIRE(reply.standings.size() == 1);
    CHECK(reply.standings[0].subject == own.subject);
    CHECK(reply.open == std::vector{own});
    CHECK(reply.places == std::vector<Place>{world.places[0]});
    CHECK(world.desk->agents(noon + 1min).at(0).symptoms == std::vector{own});
    CHECK(world.desk->agents(noon + 1min).at(0).scope == "pod pod-a");

    CHECK(world.say(world.beside_a, Clear{others}).refused->fault == Fault::refused);
    CHECK(world.propose(world.beside_a, others).refused->fault == Fault::refused);
    CHECK((world.executor.cleared.empty() && world.executor.proposals.empty()));
    // And by leaving it out it has not said that it is well.
    CHECK(world.say(world.beside_a, Look{}).open == std::vector{own});
    CHECK(world.executor.cleared.empty());
    // Whoever sees the whole has a cluster of its own to ask.
    const Reply to_whole = world.say(world.of_whole, Look{});
    CHECK((to_whole.open.size() == 2 && to_whole.places.size() == 2));
    CHECK_FALSE(to_whole.places[0].address);
}

TEST_CASE(
    "what one instance cannot show, and what touches more than it, an agent of a pod offers not") {
    World world;
    Symptom slow = World::hang("payments-0");
    slow.kind = SymptomKind::latency;
    Symptom down = World::hang("payments-0");  // Of a pod the cluster says it.
    down.kind = SymptomKind::instance_down;
    const Symptom errors = symptom_for_test(SymptomKind::errors, "payments", noon);
    for (const Symptom& symptom : {slow, down, errors}) {
        CHECK(world.propose(world.beside_a, symptom).refused->fault == Fault::refused);
    }
    const Remedy all = RollingRestart{ServiceId("payments")};
    const Remedy back = Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};
    const Remedy siblings = Restart{InstanceId("payments-1")};
    for (const Remedy& remedy : {all, back, siblings}) {
        Proposal chosen = World::proposal_of(World::hang("payments-0"));
        chosen.choice.remedy = remedy;
        Proposal offered = World::proposal_of(World::hang("payments-0"));
        offered.menu.items[0].remedy = remedy;
        for (const Proposal& proposal : {chosen, offered}) {
            CHECK(world.say(world.beside_a, Submit{proposal, {}}).refused->fault == Fault::refused);
        }
    }
    Change change;
    change.service = ServiceId("payments");
    CHECK(world.say(world.beside_a, Note{change}).refused->fault == Fault::refused);
    CHECK((world.executor.proposals.empty() && world.executor.notes.empty()));
    CHECK(world.propose(world.beside_a, World::hang("payments-0")).submitted);
    // One beyond its scope is told of once, and has cost nothing of what it may say.
    CHECK(std::ranges::count_if(world.lines, [](const std::string& line) {
              return line.contains("is not heard");
          }) == 1);
}

TEST_CASE("what an agent beside a pod sees no other one ends, however long it is silent") {
    World world;
    const Symptom hang = World::hang("payments-0");
    REQUIRE(world.propose(world.beside_a, hang).submitted);
    CHECK_FALSE(world.say(world.of_whole, Clear{hang}).refused);
    CHECK(world.executor.cleared.empty());
    // It says nothing of it, begins anew, is away for an hour.
    (void)world.say(world.beside_a, Look{});
    world.beside_a.epoch = 2;
    (void)world.say(world.beside_a, Look{});
    world.clock.stands_at = noon + 1h;
    (void)world.say(world.of_whole, Clear{hang});
    CHECK(world.executor.cleared.empty());
    SUBCASE("it says itself that it has gone") {
        (void)world.say(world.beside_a, Clear{hang});
        CHECK(world.executor.cleared == std::vector{hang});
    }
    SUBCASE("its pod goes, and with it its word") {
        world.pods.erase("pod-a");
        CHECK(world.say(world.beside_a, Look{{hang}, {}}).discarded == Discard::out_of_scope);
        (void)world.say(world.of_whole, Clear{hang});
        CHECK(world.executor.cleared == std::vector{hang});
        CHECK(world.desk->agents(noon + 1h).size() == 1);
    }
    SUBCASE("another pod takes the slot, and the agent beside that sees it well") {
        world.pods = {{"pod-c", InstanceId("payments-0")}};
        Pen beside_c{.seed = pods_seed_for_test, .scope = Scope{ScopeKind::pod, "pod-c"}};
        CHECK_FALSE(world.say(beside_c, Clear{hang}).refused);
        CHECK(world.executor.cleared == std::vector{hang});
    }
}

TEST_CASE("who proposes on a symptom that is open has said that it is there, refused or not") {
    World world;
    const Symptom hang = World::hang("payments-0");
    for (const bool is_wanted : {false, true}) {
        world.executor.cleared.clear();
        world.executor.open = {{hang, Standing{IncidentId("i-1"), is_wanted, {}}}};
        world.executor.refusal = Error{Fault::full, "the disk is full"};
        std::optional<IncidentId> answers;
        if (is_wanted) {
            answers = IncidentId("i-1");
        }
        const Reply reply = world.propose(world.beside_a, hang, answers);
        CHECK(reply.refused->fault == (is_wanted ? Fault::full : Fault::busy));
        (void)world.say(world.of_whole, Clear{hang});
        CHECK(world.executor.cleared.empty());
        (void)world.say(world.beside_a, Clear{hang});
        CHECK(world.executor.cleared == std::vector{hang});
    }
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): all orders of four letters.
TEST_CASE("in all orders of their letters a symptom ends with the last one that has seen it") {
    const Symptom hang = World::hang("payments-0");
    enum class Word : std::uint8_t { present, nothing, gone };
    constexpr std::array words{Word::present, Word::nothing, Word::gone};
    constexpr int letters_max = 4;
    constexpr int choices = 6;
    int sequences = 1;
    for (int letter = 0; letter < letters_max; ++letter) {
        sequences *= choices;
    }
    for (int sequence = 0; sequence < sequences; ++sequence) {
        World world;
        REQUIRE(world.propose(world.beside_a, hang).submitted);
        std::array sees{true, false};  // The one beside the pod, and the one of the whole.
        bool has_ended = false;
        for (int letter = 0, rest = sequence; letter < letters_max; ++letter, rest /= choices) {
            const std::size_t who = static_cast<std::size_t>(rest % choices) / words.size();
            const Word word = words.at(static_cast<std::size_t>(rest % choices) % words.size());
            Pen& pen = who == 0 ? world.beside_a : world.of_whole;
            const LetterBody body = word == Word::gone      ? LetterBody(Clear{hang})
                                    : word == Word::present ? LetterBody(Look{{hang}, {}})
                                                            : LetterBody(Look{});
            (void)world.say(pen, body);
            sees.at(who) = word == Word::present || (word == Word::nothing && sees.at(who));
            has_ended = has_ended || (word == Word::gone && !sees[0] && !sees[1]);
            REQUIRE(world.executor.cleared.empty() != has_ended);
        }
    }
}

TEST_CASE("where several are heard nothing has gone before all have had the time to speak") {
    // Its door may open hours after it was made: others are prepared first, and a lock waited for.
    for (const Duration until_door : {Duration::zero(), Duration(1min), Duration(3h)}) {
        World world(false);
        const Symptom hang = World::hang("payments-0");
        world.executor.open = {{hang, Standing{IncidentId("i-1"), false, {}}}};
        const Instant opens_at = noon + until_door;
        for (const Duration after : {Duration::zero(), Duration(4999ms)}) {
            world.clock.stands_at = opens_at + after;
            CHECK_FALSE(world.say(world.of_whole, Clear{hang}).discarded);
            CHECK(world.executor.cleared.empty());
        }
        world.clock.stands_at = opens_at + 5s;
        (void)world.say(world.of_whole, Clear{hang});
        CHECK(world.executor.cleared == std::vector{hang});
    }
}

TEST_CASE("a letter that is thrown away does not begin the time in which all can speak") {
    World world(false);
    const Symptom hang = World::hang("payments-0");
    world.executor.open = {{hang, Standing{IncidentId("i-1"), false, {}}}};
    Pen stranger{.seed = other_seed_for_test};
    CHECK(world.say(stranger, Look{}).discarded == Discard::agent_unknown);
    world.clock.stands_at = noon + 1min;
    (void)world.say(world.of_whole, Clear{hang});
    CHECK(world.executor.cleared.empty());
}

TEST_CASE("a second opinion is wanted of who may speak of what the incident is about") {
    World world;
    const Symptom hang = World::hang("payments-0");
    const Symptom errors = symptom_for_test(SymptomKind::errors, "payments", noon);
    for (const bool is_own : {false, true}) {
        const Standing wants{IncidentId("i-1"), true, {}};
        world.executor.open = {{hang, wants}};
        if (!is_own) {  // It accounts for the hang as well.
            world.executor.open = {{errors, wants}, {hang, wants}};
        }
        const Reply reply = world.say(world.beside_a, Look{{hang}, {}});
        REQUIRE(reply.standings.size() == 1);
        CHECK(reply.standings[0].standing->wants_proposal == is_own);
        const Reply answer =
            world.propose(world.beside_a, hang, reply.standings[0].standing->incident);
        CHECK(answer.submitted.has_value() == is_own);
        CHECK(world.executor.proposals.size() == (is_own ? 1 : 0));
    }
}

TEST_CASE("a word of what is seen again is wanted of who may speak of what the incident is about") {
    World world;
    const Symptom hang = World::hang("payments-0");
    const Symptom errors = symptom_for_test(SymptomKind::errors, "payments", noon);
    for (const bool is_own : {false, true}) {
        const Standing waits{IncidentId("i-1"), false, {}, std::vector<std::string>{"probes"}};
        world.executor.open = {{hang, waits}};
        if (!is_own) {
            world.executor.open = {{errors, waits}, {hang, waits}};
        }
        const Reply reply = world.say(world.beside_a, Look{{hang}, {}});
        REQUIRE(reply.standings.size() == 1);
        CHECK(reply.standings[0].standing->unseen.has_value() == is_own);
        const Reply answer =
            world.propose(world.beside_a, hang, reply.standings[0].standing->incident);
        CHECK(answer.submitted.has_value() == is_own);
        CHECK(world.executor.proposals.size() == (is_own ? 1 : 0));
    }
}

TEST_CASE(
    "where no pod stands and none is wanted there is nothing ill, by the executor's own word") {
    for (const bool is_wanted : {true, false}) {
        World world;
        const Symptom hang = World::hang("payments-1");
        REQUIRE(world.propose(world.beside_b, hang).submitted);
        world.pods.erase("pod-b");
        world.places[1] = {InstanceId("payments-1"), "", is_wanted, {}};
        world.clock.stands_at = noon + 2min;
        (void)world.say(world.beside_a, Look{});
        CHECK(world.executor.cleared.empty() == is_wanted);
    }
}

TEST_CASE("agents that share a key share what may be proposed with it") {
    World world;
    int taken = 0;
    for (int number = 0; number < 100; ++number) {
        world.executor.open.clear();
        Pen& pen = number % 2 == 0 ? world.beside_a : world.beside_b;
        const std::string instance = number % 2 == 0 ? "payments-0" : "payments-1";
        taken += world.propose(pen, World::hang(instance)).submitted ? 1 : 0;
    }
    CHECK(taken == 64);
    CHECK(world.say(world.of_whole, Submit{proposal_for_test(World::hang("payments-0")), {}})
              .submitted);
}

}  // namespace homeostat::adapters::roles
