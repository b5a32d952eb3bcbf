#include "homeostat/adapters/haproxy/haproxy_dimmer.hpp"

#include "homeostat/adapters/haproxy/gate_for_test.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace homeostat;
using namespace homeostat::adapters::haproxy;
using namespace std::chrono_literals;
using net::ScriptLine;
using enum net::ScriptLine::Then;

namespace {

const std::string none = "\n";
const std::string yes = "\n";

std::string entry(std::uint32_t value, int expires_ms = 15'000) {
    return "# table: dimmers, type: string, size:100, used:1\n0x55cfc2cc7d08: key=fraud_pool use=0 "
           "exp=" +
           std::to_string(expires_ms) + " gpt0=" + std::to_string(value) + "\n\n";
}

/// A runtime socket that says what the test wrote down.
struct World {
    boost::asio::io_context context;
    net::ScriptedPeer peer;
    HaproxyDimmer dimmer;

    explicit World(std::deque<ScriptLine> script)
        : peer(context, std::move(script)), dimmer(context.get_executor(), options()) {}

    Options options() {
        Options options{.socket = peer.endpoint(),
                        .service = ServiceId("payments"),
                        .backend = "pay",
                        .servers = {}};
        options.neighbours = {{ServiceId("rates"), "rates", "circuits"},
                              {ServiceId("fraud"), "fraud_pool", "", "dimmers"}};
        return options;
    }
    Task<Outcome> begin(Dim dim, Duration within = 2s) {
        DimRequest request(guard::Gate::permit(EffectId("i-1.e1"), std::move(dim)));
        return dimmer.dim(std::move(request), net::now_for_test() + within);
    }
    Outcome dim(Dim dim, Duration within = 2s) {
        return net::run_for_test(context, begin(std::move(dim), within));
    }
    Result<std::vector<DimmerFacts>> read() {
        return net::run_for_test(context, dimmer.read_dimmers(net::now_for_test() + 2s));
    }
};

Dim fraud(std::uint32_t permille, Duration lasts = 10s) {
    return {ServiceId("fraud"), permille, net::now_for_test() + lasts};
}

}  // namespace

TEST_CASE("an order is one exchange: what was, the order, and what is") {
    World world({{none + yes + entry(250), closes}});
    CHECK(world.dim(fraud(250)).kind == OutcomeKind::done);
    CHECK(world.peer.requests() ==
          std::vector<std::string>{"show table dimmers key fraud_pool;"
                                   "set table dimmers key fraud_pool data.gpt0 250;"
                                   "show table dimmers key fraud_pool\n"});
}

TEST_CASE("nothing is held back again by an order of zero, however long it is to hold") {
    World world({{entry(250) + yes + entry(0, 1), closes}});
    CHECK(world.dim({ServiceId("fraud"), 0, {}}).kind == OutcomeKind::done);
}

TEST_CASE("an order that would end too early is taken back to what was, and the mend is told") {
    struct Case {
        std::string before;
        std::string back_to;
    };
    for (const Case& one : {Case{none, "0"}, Case{entry(100), "100"}}) {
        for (const int expires_ms : {9'000, 0}) {
            const std::uint32_t value = one.back_to == "0" ? 0 : 100;
            World world({{one.before + yes + entry(250, expires_ms), closes},
                         {entry(250) + yes + entry(value, expires_ms), closes}});
            const Outcome outcome = world.dim(fraud(250));
            CHECK(outcome.kind == OutcomeKind::refused);
            CHECK(outcome.because.contains("`expire`"));
            CHECK(outcome.because.contains("'dimmers'"));
            REQUIRE(world.peer.requests().size() == 2);
            CHECK(world.peer.requests().back().contains("data.gpt0 " + one.back_to + ";"));
        }
    }
}

TEST_CASE("an order that would end too early and cannot be taken back is unknown") {
    for (const ScriptLine& line : {ScriptLine{"", closes}, ScriptLine{"", hangs},
                                   ScriptLine{entry(250) + yes + entry(250), closes},
                                   ScriptLine{"No such table\n\nNo such table\n\n", closes}}) {
        World world({{none + yes + entry(250, 100), closes}, line});
        CHECK(world.dim(fraud(250), 100ms).kind == OutcomeKind::unknown);
    }
}

TEST_CASE("what HAProxy answers in words is a refusal with these words") {
    const std::string no_table = "No such table\n\n";
    const std::string no_gpt0 = "Data type not stored in this table\n\n";
    std::string without = entry(0);
    without.replace(without.find("gpt0"), 4, "gpc0");
    const std::vector<std::pair<std::string, std::string>> replies{
        {no_table + no_table + no_table, "no stick table 'dimmers'"},
        {none + no_gpt0 + without, "not stored"},
        {without + no_gpt0 + without, "no gpt0"},
        {none + "Permission denied\n\n" + none, "Permission denied"}};
    for (const auto& [reply, word] : replies) {
        CAPTURE(reply);
        World world({{reply, closes}});
        const Outcome outcome = world.dim(fraud(250));
        CHECK(outcome.kind == OutcomeKind::refused);
        CHECK(outcome.because.contains(word));
    }
}

TEST_CASE("whatever else goes wrong once the order was sent is unknown, and it is sent once") {
    const std::vector<ScriptLine> lines{
        {"", closes},
        {"", hangs},
        {none + yes, closes},
        {none + yes + none, closes},  // It says yes and does not do it.
        {none + yes + entry(249), closes},
        {none + yes + entry(250) + "more", closes},
        {none + yes + "No such table\n\n", closes},
        {"rubbish\n\n", closes}};
    for (const ScriptLine& line : lines) {
        CAPTURE(line.say);
        World world({line});
        CHECK(world.dim(fraud(250), 100ms).kind == OutcomeKind::unknown);
        CHECK(world.peer.requests().size() == 1);
    }
}

TEST_CASE("what is no order for a declared dimmer is refused, and nothing is sent") {
    World world({{none + yes + entry(250), closes}});
    for (const char* name : {"strangers", "", "fraud;quit", "payments", "rates"}) {
        CHECK(world.dim({ServiceId(name), 250, Instant::max()}).kind == OutcomeKind::refused);
    }
    CHECK(world.dim(fraud(1001)).kind == OutcomeKind::refused);
    CHECK(world.dim(fraud(250, -1ms)).kind == OutcomeKind::refused);
    CHECK(world.dim(fraud(250), -1ms).kind == OutcomeKind::refused);
    CHECK(world.peer.connections_count() == 0);
}

TEST_CASE("orders given at once are carried out in the order of their calls") {
    std::deque<ScriptLine> script;
    for (std::uint32_t permille = 1; permille <= 8; ++permille) {
        script.push_back({none + yes + entry(permille), closes});
    }
    World world(std::move(script));
    std::vector<OutcomeKind> kinds;
    for (std::uint32_t permille = 1; permille <= 8; ++permille) {
        boost::asio::co_spawn(
            world.context, world.begin(fraud(permille)),
            [&](std::exception_ptr, Outcome outcome) { kinds.push_back(outcome.kind); });
    }
    net::run_until_for_test(world.context, [&] { return kinds.size() == 8; });
    CHECK(std::ranges::count(kinds, OutcomeKind::done) == 8);
    for (std::size_t index = 0; index < 8; ++index) {
        CHECK(world.peer.requests()[index].contains("gpt0 " + std::to_string(index + 1) + ";"));
    }
}

TEST_CASE("an order behind one that HAProxy does not answer is refused at its own deadline") {
    World world({{"", hangs}});
    std::optional<Outcome> first;
    boost::asio::co_spawn(world.context, world.begin(fraud(250), 1s),
                          [&](std::exception_ptr, Outcome outcome) { first = std::move(outcome); });
    const Outcome second = world.dim(fraud(500), 20ms);
    CHECK(second.kind == OutcomeKind::refused);
    CHECK(second.because.contains("nothing was sent"));
    CHECK_FALSE(first);
    net::run_until_for_test(world.context, [&] { return first.has_value(); });
    CHECK(first->kind == OutcomeKind::unknown);
    CHECK(world.peer.requests().size() == 1);
}

TEST_CASE(
    "after an order of unknown fate the first answer is thrown away, of orders and readings") {
    World world({{"", hangs},
                 {none, closes},  // Before the late order, which HAProxy carries out then.
                 {entry(1000), closes},
                 {entry(1000), closes},  // Settled.
                 {"", hangs},
                 {none, closes},
                 {entry(1000) + yes + entry(250), closes}});
    REQUIRE(world.dim(fraud(1000), 20ms).kind == OutcomeKind::unknown);
    CHECK(world.read()->front().permille == 1000);
    CHECK(world.read()->front().permille == 1000);
    REQUIRE(world.dim(fraud(1000), 20ms).kind == OutcomeKind::unknown);
    CHECK(world.dim(fraud(250)).kind == OutcomeKind::done);
    REQUIRE(world.peer.requests().size() == 7);
    CHECK(world.peer.requests()[5] == "show table dimmers key fraud_pool\n");
}

TEST_CASE("while HAProxy goes on hanging an order is refused, and nothing more is sent") {
    World world({{"", hangs}, {"", hangs}});
    REQUIRE(world.dim(fraud(1000), 20ms).kind == OutcomeKind::unknown);
    const Outcome outcome = world.dim(fraud(500), 20ms);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("nothing was sent"));
    CHECK_FALSE(world.peer.requests().back().contains("set "));
}

TEST_CASE("a reading says what is held back and until when, and leaves out what HAProxy lacks") {
    World world({{entry(250, 1'500), closes},
                 {none, closes},
                 {entry(70'000), closes},
                 {"No such table\n\n", closes},
                 {"rubbish\n\n", closes}});
    const Instant before = net::now_for_test();
    const auto dimmed = world.read();
    REQUIRE((dimmed && dimmed->size() == 1));
    CHECK(dimmed->front().neighbour == ServiceId("fraud"));
    CHECK(dimmed->front().permille == 250);
    CHECK(dimmed->front().until > before + 1'490ms);
    CHECK(dimmed->front().until < net::now_for_test() + 1'500ms);
    CHECK(*world.read() == std::vector{DimmerFacts{ServiceId("fraud"), 0, {}}});
    CHECK(world.read()->front().permille == permille_max);  // By somebody's hand.
    CHECK(world.read()->empty());
    CHECK(world.read().error().fault == Fault::broken);
}
