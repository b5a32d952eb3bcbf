#include "homeostat/adapters/haproxy/haproxy_actuator.hpp"

#include "homeostat/adapters/haproxy/gate_for_test.hpp"
#include "homeostat/adapters/haproxy/haproxy_telemetry.hpp"
#include "homeostat/adapters/haproxy/reply_for_test.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <doctest/doctest.h>

#include <array>
#include <deque>

using namespace homeostat;
using namespace homeostat::adapters::haproxy;
using namespace std::chrono_literals;
using net::ScriptLine;
using enum net::ScriptLine::Then;

namespace {

const ScriptLine p0_is_in{payments_reply, closes};
const ScriptLine p0_drains{reply_with("2", "8"), closes};
const ScriptLine accepted{"\n", closes};

/// A runtime socket that says what the test wrote down.
struct World {
    boost::asio::io_context context;
    net::ScriptedPeer peer;
    std::vector<NeighbourBackend> neighbours{};

    explicit World(std::deque<ScriptLine> script) : peer(context, std::move(script)) {}

    Options options() {
        Options options{.socket = peer.endpoint(),
                        .service = ServiceId("payments"),
                        .backend = "pay",
                        .servers = {}};
        options.servers = {{InstanceId("payments-0"), "p0"}, {InstanceId("payments-1"), "p1"}};
        options.neighbours = neighbours;
        return options;
    }
    Outcome perform(Step step, Duration within = 2s) {
        HaproxyActuator actuator(context.get_executor(), options());
        Request request(guard::Gate::permit(EffectId("i-1.e1"), std::move(step)));
        return net::run_for_test(
            context, actuator.perform(std::move(request), net::now_for_test() + within));
    }
    Result<FactsPart> read() {
        HaproxyActuator actuator(context.get_executor(), options());
        return net::run_for_test(context, actuator.read(net::now_for_test() + 2s));
    }
    Result<std::vector<Reading>> watch(std::vector<NeighbourBackend> watched = {}) {
        Options mine = options();
        mine.neighbours = std::move(watched);
        HaproxyTelemetry telemetry(context.get_executor(), mine);
        return net::run_for_test(context, telemetry.read(net::now_for_test() + 2s));
    }
    [[nodiscard]] std::size_t commands_count() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            peer.requests(),
            [](const std::string& request) { return request.starts_with("set "); }));
    }
};

const Drain drain_0{InstanceId("payments-0")};
const Undrain undrain_0{InstanceId("payments-0")};
const SetCircuit open_fraud{ServiceId("fraud"), true};
const SetCircuit close_fraud{ServiceId("fraud"), false};

const ScriptLine is_closed{"\n", closes};
const ScriptLine is_open{
    "# table: circuits, type: string, size:100, used:1\n"
    "0x55cfc2cc7d08: key=fraud_pool use=0 exp=1599 gpt0=1\n\n",
    closes};

std::vector<NeighbourBackend> fraud_with_circuit() {
    return {{ServiceId("rates"), "rates"}, {ServiceId("fraud"), "fraud_pool", "circuits"}};
}

}  // namespace

TEST_CASE("a drain is done when HAProxy took the command and reports it") {
    World world({p0_is_in, accepted, p0_drains});
    CHECK(world.perform(drain_0).kind == OutcomeKind::done);
    CHECK(world.peer.requests().at(1) == "set server pay/p0 state drain\n");
}

TEST_CASE("an undrain is done when HAProxy took the command and reports it") {
    World world({p0_drains, accepted, p0_is_in});
    CHECK(world.perform(undrain_0).kind == OutcomeKind::done);
    CHECK(world.peer.requests().at(1) == "set server pay/p0 state ready\n");
}

TEST_CASE("what is so already needs no command") {
    World in({p0_is_in});
    CHECK(in.perform(undrain_0).kind == OutcomeKind::done);
    CHECK(in.commands_count() == 0);
}

TEST_CASE("what is drained already is no doing of the one who drains it again") {
    World world({p0_drains, accepted});
    const Outcome outcome = world.perform(drain_0);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because == "somebody else has drained it already");
    CHECK(world.commands_count() == 0);
}

TEST_CASE("the facts say since when nothing of an instance has changed") {
    World world({p0_drains});
    const Instant before = net::now_for_test();
    const Result<FactsPart> part = world.read();
    REQUIRE(part);
    const auto& instances = std::get<EdgeFacts>(*part).instances;
    REQUIRE(instances.at(0).rotation_since);
    CHECK(*instances.at(0).rotation_since >= before - 300s);
    CHECK(*instances.at(0).rotation_since <= net::now_for_test() - 300s);
    CHECK(*instances.at(0).rotation_since + 293s == *instances.at(1).rotation_since);
}

TEST_CASE("a server in maintenance is a person's, and stays as it is") {
    for (const Step& step : {Step{drain_0}, Step{undrain_0}}) {
        World world({{reply_with("0", "1"), closes}, accepted});
        CHECK(world.perform(step).kind == OutcomeKind::refused);
        CHECK(world.commands_count() == 0);
    }
}

TEST_CASE("after a command without an answer the first thing that HAProxy says is not believed") {
    // A HAProxy that stood still: it answers a look before it carries out the drain.
    for (const ScriptLine& lost : {ScriptLine{"", hangs}, ScriptLine{"", closes}}) {
        World world({p0_is_in, lost, p0_is_in, p0_drains});
        HaproxyActuator actuator(world.context.get_executor(), world.options());
        Request request(guard::Gate::permit(EffectId("i-1.e1"), drain_0));
        const Outcome outcome = net::run_for_test(
            world.context, actuator.perform(std::move(request), net::now_for_test() + 100ms));
        CHECK(outcome.kind == OutcomeKind::unknown);
        const Result<FactsPart> part =
            net::run_for_test(world.context, actuator.read(net::now_for_test() + 2s));
        REQUIRE(part);
        CHECK(std::get<EdgeFacts>(*part).instances.front().rotation == Rotation::draining);
        CHECK(world.peer.requests().size() == 4);
    }
}

TEST_CASE("while that first answer does not come nothing is read, and nothing is sent") {
    World world({p0_is_in, {"", closes}, {"", closes}, {"", closes}});
    HaproxyActuator actuator(world.context.get_executor(), world.options());
    Request first(guard::Gate::permit(EffectId("i-1.e1"), drain_0));
    (void)net::run_for_test(world.context,
                            actuator.perform(std::move(first), net::now_for_test() + 2s));
    CHECK_FALSE(net::run_for_test(world.context, actuator.read(net::now_for_test() + 2s)));
    Request second(guard::Gate::permit(EffectId("i-1.e2"), undrain_0));
    const Outcome outcome = net::run_for_test(
        world.context, actuator.perform(std::move(second), net::now_for_test() + 2s));
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(world.commands_count() == 1);
}

TEST_CASE("whatever goes wrong before the command was sent is a refusal, and nothing is sent") {
    const std::array<ScriptLine, 6> spoiled{
        ScriptLine{"", closes},
        ScriptLine{"", hangs},
        ScriptLine{"rubbish\n\n", closes},
        ScriptLine{"No such proxy.\n\nCan't find backend.\n\n", closes},
        ScriptLine{payments_stat, closes},
        ScriptLine{payments_reply + "more", closes},
    };
    for (const ScriptLine& line : spoiled) {
        CAPTURE(line.say);
        World world({line, accepted});
        CHECK(world.perform(drain_0, 100ms).kind == OutcomeKind::refused);
        CHECK(world.commands_count() == 0);
    }
}

TEST_CASE("what HAProxy answers in words is a refusal with these words") {
    World world({p0_is_in, {"No such server.\n\n", closes}});
    const Outcome outcome = world.perform(drain_0);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("No such server."));
}

TEST_CASE("whatever goes wrong once the command was sent is unknown, and it is sent once") {
    const std::array<std::deque<ScriptLine>, 6> endings{
        std::deque<ScriptLine>{{"", closes}},  // Killed by the command's arrival.
        std::deque<ScriptLine>{{"", hangs}},
        std::deque<ScriptLine>{{"No such", closes}},  // Cut: no complaint that we trust.
        std::deque<ScriptLine>{accepted, {"", closes}},
        std::deque<ScriptLine>{accepted, {"", hangs}},
        std::deque<ScriptLine>{accepted, p0_is_in},  // It says yes and does not do it.
    };
    for (const std::deque<ScriptLine>& ending : endings) {
        CAPTURE(ending.front().say);
        std::deque<ScriptLine> script{p0_is_in};
        script.insert(script.end(), ending.begin(), ending.end());
        World world(std::move(script));
        CHECK(world.perform(drain_0, 100ms).kind == OutcomeKind::unknown);
        CHECK(world.commands_count() == 1);
    }
}

TEST_CASE("a circuit's switch is turned once, and read back") {
    World opening({is_closed, accepted, is_open});
    opening.neighbours = fraud_with_circuit();
    CHECK(opening.perform(open_fraud).kind == OutcomeKind::done);
    CHECK(opening.peer.requests().at(1) == "set table circuits key fraud_pool data.gpt0 1\n");
    World closing({is_open, {"\n", closes}, is_closed});
    closing.neighbours = fraud_with_circuit();
    CHECK(closing.perform(close_fraud).kind == OutcomeKind::done);
    CHECK(closing.peer.requests().at(1) == "clear table circuits key fraud_pool\n");
    World open_already({is_open});
    open_already.neighbours = fraud_with_circuit();
    CHECK(open_already.perform(open_fraud).kind == OutcomeKind::done);
    CHECK(open_already.commands_count() == 0);
}

TEST_CASE("a circuit's switch that cannot be read beforehand is not touched") {
    const ScriptLine no_table{"No such table\n\n", closes};
    for (const ScriptLine& line : {no_table, ScriptLine{"rubbish\n\n", closes},
                                   ScriptLine{"", closes}, ScriptLine{"", hangs}}) {
        CAPTURE(line.say);
        World world({line, accepted});
        world.neighbours = fraud_with_circuit();
        CHECK(world.perform(open_fraud, 100ms).kind == OutcomeKind::refused);
        CHECK(world.commands_count() == 0);
    }
    for (const char* name : {"rates", "strangers", "", "fraud;quit"}) {
        World undeclared({is_closed, accepted});
        undeclared.neighbours = fraud_with_circuit();
        const Outcome outcome = undeclared.perform(SetCircuit{ServiceId(name), true});
        CHECK(outcome.kind == OutcomeKind::refused);
        CHECK(undeclared.peer.connections_count() == 0);
    }
}

TEST_CASE(
    "whatever goes wrong once a circuit's switch was turned is unknown, a complaint refused") {
    for (const std::deque<ScriptLine>& ending :
         {std::deque<ScriptLine>{{"", closes}}, std::deque<ScriptLine>{{"", hangs}},
          std::deque<ScriptLine>{accepted, {"", closes}},
          std::deque<ScriptLine>{accepted, is_closed}}) {
        std::deque<ScriptLine> script{is_closed};
        script.insert(script.end(), ending.begin(), ending.end());
        World world(std::move(script));
        world.neighbours = fraud_with_circuit();
        CHECK(world.perform(open_fraud, 100ms).kind == OutcomeKind::unknown);
        CHECK(world.commands_count() == 1);
    }
    World world({is_closed, {"Data type not stored in this table\n\n", closes}});
    world.neighbours = fraud_with_circuit();
    const Outcome outcome = world.perform(open_fraud);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("Data type not stored"));
}

TEST_CASE("the facts hold each declared circuit, and leave out one without a stick table") {
    const std::string fraud_stat = stat_header +
                                   "fraud_pool,f0,0,0,,9,0,0,0,0,UP,2,,0,9,0,0,0,1,http,\n" +
                                   "fraud_pool,f1,0,0,,9,0,0,0,0,DOWN,2,,0,9,0,0,0,1,http,\n" +
                                   "fraud_pool,BACKEND,0,0,,9,0,0,0,0,UP,1,,0,9,0,1,2,3,http,\n\n";
    const std::string fraud_state =
        state_header +
        "4 fraud_pool 1 f0 127.0.0.1 2 0 1 9\n4 fraud_pool 2 f1 127.0.0.1 0 0 1 9\n\n";
    const ScriptLine looked{payments_reply + fraud_stat + fraud_state, closes};
    World world({looked, is_open});
    world.neighbours = fraud_with_circuit();
    const Result<FactsPart> part = world.read();
    REQUIRE(part);
    const CircuitFacts expected{.neighbour = ServiceId("fraud"),
                                .is_open = true,
                                .servers_count = 2,
                                .answering_count = 1,
                                .latency_ms = 6};
    CHECK(std::get<EdgeFacts>(*part).circuits == std::vector{expected});
    World without({looked, {"No such table\n\n", closes}});
    without.neighbours = fraud_with_circuit();
    const Result<FactsPart> incomplete = without.read();
    REQUIRE(incomplete);
    CHECK(std::get<EdgeFacts>(*incomplete).circuits.empty());
    World broken({looked, {"", closes}});
    broken.neighbours = fraud_with_circuit();
    CHECK_FALSE(broken.read());
}

TEST_CASE("an instance that is not configured is refused without asking HAProxy") {
    for (const std::string& name : {"payments-9", "", "p0", "payments-0;shutdown sessions"}) {
        World world({p0_is_in, accepted});
        CHECK(world.perform(Drain{InstanceId(name)}).kind == OutcomeKind::refused);
        CHECK(world.peer.connections_count() == 0);
    }
}

TEST_CASE("only rotation and circuits are the edge's") {
    World world({});
    HaproxyActuator actuator(world.context.get_executor(), world.options());
    CHECK(actuator.performs(drain_0));
    CHECK(actuator.performs(undrain_0));
    CHECK(actuator.performs(open_fraud));
    CHECK_FALSE(actuator.performs(Replace{}));
    CHECK_FALSE(actuator.performs(SwapVersion{}));
    CHECK(world.perform(Replace{.instance = InstanceId("payments-0"), .expected = {}}).kind ==
          OutcomeKind::refused);
}

TEST_CASE("names that could end a command never get into one") {
    const std::array<std::string, 10> hostile{"",
                                              "p0;shutdown sessions server pay/p0",
                                              "p 0",
                                              "p0\nset",
                                              "p0/x",
                                              "-1",
                                              std::string("p\0", 2),
                                              "p\\;",
                                              "p\xc3\xa9",
                                              std::string(65, 'p')};
    for (const std::string& name : hostile) {
        CAPTURE(name);
        CHECK_FALSE(state_command("pay", name, TrafficState::drain));
        CHECK_FALSE(state_command(name, "p0", TrafficState::ready));
        CHECK_FALSE(look_command({"pay", name}));
        for (const TableSwitch& of : {TableSwitch{"t", name}, TableSwitch{name, "k"}}) {
            CHECK_FALSE(switches_command({{"t", "k"}, of}));
            CHECK_FALSE(switch_command(of, true));
            CHECK_FALSE(switch_command(of, false));
            CHECK_FALSE(value_command(of, 250));
        }
        World world({});
        Options options = world.options();
        options.servers.front().server = name;
        CHECK_FALSE(check(options));
        options = world.options();
        options.backend = name;
        CHECK_FALSE(check(options));
        options = world.options();
        options.neighbours = {{ServiceId("fraud"), name}};
        const Result<void> checked = check(options);
        REQUIRE_FALSE(checked);
        CHECK(checked.error().fault == Fault::invalid);
        options.neighbours = {{ServiceId("fraud"), "fraud", name}};
        CHECK(check(options).has_value() == name.empty());  // No circuit is declared.
        options.neighbours = {{ServiceId("fraud"), "fraud", "", name}};
        CHECK(check(options).has_value() == name.empty());
    }
    CHECK(*switches_command({{"t", "a"}, {"t", "b"}}) == "show table t key a;show table t key b");
    CHECK(*state_command("pay", "p0", TrafficState::drain) == "set server pay/p0 state drain");
    CHECK(*look_command({"a", "b"}) ==
          "show stat a 6 -1;show servers state a;"
          "show stat b 6 -1;show servers state b");
}

TEST_CASE("hostile names that slipped through the configuration still send nothing") {
    World world({p0_is_in});
    Options options = world.options();
    options.backend = "pay;quit";
    HaproxyTelemetry telemetry(world.context.get_executor(), options);
    const auto readings =
        net::run_for_test(world.context, telemetry.read(net::now_for_test() + 1s));
    REQUIRE_FALSE(readings);
    CHECK(readings.error().fault == Fault::invalid);
    CHECK(world.peer.connections_count() == 0);
}

TEST_CASE("a name given twice is refused") {
    World world({});
    Options options = world.options();
    options.servers[1].server = "p0";
    CHECK_FALSE(check(options));
    options = world.options();
    options.servers[1].instance = options.servers[0].instance;
    CHECK_FALSE(check(options));
    CHECK(check(world.options()));
}

TEST_CASE("the facts name every configured instance, known to HAProxy or not") {
    World world({{stat_header + "pay,p0,0,7,,9,0,0,0,0,UP,2,,0,9,0,0,0,1,http,\n" +
                      "pay,BACKEND,0,7,,9,0,0,0,0,UP,1,,0,9,0,0,0,1,http,\n\n" + state_header +
                      "4 pay 1 p0 127.0.0.1 2 0 1 9\n\n",
                  closes}});
    const Result<FactsPart> part = world.read();
    REQUIRE(part);
    const auto& facts = std::get<EdgeFacts>(*part);
    REQUIRE(facts.instances.size() == 2);
    CHECK(facts.instances[0].rotation == Rotation::in);
    CHECK(facts.instances[0].sessions_now == 7);
    CHECK(facts.instances[1].rotation == Rotation::unknown);
    CHECK(facts.counters.requests_total == 9);
}

TEST_CASE("the service and each neighbour have a reading, from one exchange") {
    std::string fraud = payments_reply;
    for (std::size_t at = fraud.find("pay"); at != std::string::npos; at = fraud.find("pay")) {
        fraud.replace(at, 3, "fr1");
    }
    World world({{payments_reply + fraud, closes}});
    const auto readings = world.watch({{ServiceId("fraud"), "fr1"}});
    REQUIRE(readings);
    REQUIRE(readings->size() == 2);
    const auto& own = std::get<EdgeReading>(readings->front());
    CHECK(own.subject == Subject{SubjectKind::service, "payments"});
    REQUIRE(own.servers.size() == 2);
    CHECK(own.servers[1].instance == InstanceId("payments-1"));
    CHECK(own.servers[1].rotation == Rotation::draining);
    const auto& neighbour = std::get<EdgeReading>(readings->back());
    CHECK(neighbour.subject == Subject{SubjectKind::neighbour, "fraud"});
    CHECK(neighbour.counters.errors_total == 35);
    CHECK(neighbour.servers.empty());
    CHECK(world.peer.connections_count() == 1);
}

TEST_CASE("a neighbour that HAProxy does not know is an error that names it, not a silence") {
    World world({{payments_reply + "No such proxy.\n\nCan't find backend.\n\n", closes}});
    const auto readings = world.watch({{ServiceId("fraud"), "fraud_pool"}});
    REQUIRE_FALSE(readings);
    CHECK(readings.error().fault == Fault::absent);
    CHECK(readings.error().text.contains("fraud_pool"));
}
