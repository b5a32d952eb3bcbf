// The two files that we write: what of them we read, and that nothing else in them changes.

#include "homeostat/adapters/envoy/endpoints_file.hpp"
#include "homeostat/adapters/envoy/options.hpp"
#include "homeostat/adapters/envoy/runtime_file.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::adapters::envoy;
using namespace std::chrono_literals;

namespace {

const std::string endpoints_text =
    R"({"version_info":"1","resources":[{"@type":"type.googleapis.com/)"
    R"(envoy.config.endpoint.v3.ClusterLoadAssignment","cluster_name":"payments","policy":{},)"
    R"("endpoints":[{"locality":{"zone":"a"},"priority":0,"lb_endpoints":[)"
    R"({"endpoint":{"hostname":"p0","address":{"pipe":{"path":"/p0"}}},"load_balancing_weight":2},)"
    R"({"health_status":"DRAINING","endpoint":{"hostname":"p1","address":{}}}]},)"
    R"({"lb_endpoints":[{"endpoint":{"hostname":"p2","address":{}},)"
    R"("health_status":"TIMEOUT"}]}]}]})";

const std::string runtime_text =
    R"({"version_info":"1","resources":[{"@type":"type.googleapis.com/)"
    R"(envoy.service.runtime.v3.Runtime","name":"homeostat","layer":{"theirs":"blue",)"
    R"("homeostat.circuit.fraud":100,"homeostat.circuit.fraud.until":5000}}]})";

constexpr WallTime at(std::int64_t ms) {
    return WallTime{std::chrono::milliseconds{ms}};
}

std::string with(std::string text, const std::string& from, const std::string& to) {
    const std::size_t place = text.find(from);
    REQUIRE(place != std::string::npos);
    return text.replace(place, from.size(), to);
}

}  // namespace

TEST_CASE("the endpoints of every locality are read, with what is ordered of them") {
    const auto file = EndpointsFile::parse(endpoints_text, "payments");
    REQUIRE(file);
    CHECK(file->version() == "1");
    REQUIRE(file->endpoints().size() == 3);
    CHECK(file->endpoints()[0].hostname == "p0");
    CHECK(file->endpoints()[0].order == Order::serve);
    CHECK(file->endpoints()[1].order == Order::drain);
    CHECK(file->endpoints()[2].order == Order::other);
}

TEST_CASE("a drain changes the version and one health_status, and its end gives the rest back") {
    const auto file = EndpointsFile::parse(endpoints_text, "payments");
    REQUIRE(file);
    const std::string drained = file->render("h-i-1.e1", {{"p0", Order::drain}});
    CHECK(drained == with(with(endpoints_text, R"("1")", R"("h-i-1.e1")"),
                          R"("load_balancing_weight":2)",
                          R"("load_balancing_weight":2,"health_status":"DRAINING")") +
                         "\n");
    const auto again = EndpointsFile::parse(drained, "payments");
    REQUIRE(again);
    CHECK(again->endpoints()[0].order == Order::drain);
}

TEST_CASE("what is ordered already, other orders and strangers change nothing") {
    const auto file = EndpointsFile::parse(endpoints_text, "payments");
    REQUIRE(file);
    CHECK(file->render("1", {{"p0", Order::serve},
                             {"p1", Order::drain},
                             {"p2", Order::other},
                             {"p9", Order::drain},
                             {"", Order::drain}}) == endpoints_text + "\n");
}

TEST_CASE("an endpoints file that we do not understand whole is refused") {
    const std::string& good = endpoints_text;
    for (const std::string& text : {
             std::string(),
             std::string("resources: []"),
             std::string("[]"),
             std::string(R"({"resources":[]})"),
             with(good, R"("cluster_name":"payments")", R"("cluster_name":"others")"),
             with(good, R"("cluster_name":)", R"("clusterName":)"),
             with(good, R"("hostname":"p0",)", ""),
             with(good, R"("hostname":"p0")", R"("hostname":"p1")"),
             with(good, R"("hostname":"p0")", R"("hostname":7)"),
             with(good, R"("lb_endpoints")", R"("lbEndpoints")"),
             with(good, R"("load_balancing_weight":2)", R"("healthStatus":"DRAINING")"),
             with(good, R"("DRAINING")", R"("DRAINED")"),
             with(good, R"("DRAINING")", "3"),
             with(good, R"("version_info":"1")", R"("version_info":1)"),
             with(good, R"("version_info":"1")", R"("version_info":"1","version_info":"2")"),
         }) {
        CAPTURE(text);
        const auto file = EndpointsFile::parse(text, "payments");
        REQUIRE_FALSE(file);
        CHECK(file.error().fault == Fault::invalid);
    }
}

TEST_CASE("a file without any endpoint is refused: nothing of ours may look like it") {
    const auto file = EndpointsFile::parse(
        R"({"resources":[{"cluster_name":"payments","endpoints":[{"lb_endpoints":[]}]}]})",
        "payments");
    REQUIRE_FALSE(file);
    CHECK(file.error().text.contains("no endpoint"));
}

TEST_CASE("a switch is written with its end, and taken away with it") {
    const auto file = RuntimeFile::parse(runtime_text);
    REQUIRE(file);
    CHECK(file->is_on("homeostat.circuit.fraud"));
    CHECK_FALSE(file->is_on("homeostat.route.quotes"));
    const auto on = RuntimeFile::parse(file->render("h-1", {{"homeostat.route.quotes", at(9000)}}));
    REQUIRE(on);
    CHECK(on->version() == "h-1");
    CHECK(on->is_on("homeostat.route.quotes"));
    CHECK(on->is_on("homeostat.circuit.fraud"));
    const std::string off = on->render(
        "h-2", {{"homeostat.route.quotes", std::nullopt}, {"homeostat.circuit.fraud", {}}});
    CHECK(off.contains(R"("layer":{"theirs":"blue"})"));
}

TEST_CASE("a dimmer is written as a fraction, as a number for the reading, and with its end") {
    const auto file = RuntimeFile::parse(runtime_text);
    REQUIRE(file);
    const std::string dimmed =
        file->render("h-1", {{"homeostat.dimmer.fraud", at(9000), std::uint32_t{251}}});
    CHECK(dimmed.contains(
        R"("homeostat.dimmer.fraud":{"numerator":2510,"denominator":"TEN_THOUSAND"},)"
        R"("homeostat.dimmer.fraud.until":9000,"homeostat.dimmer.fraud.permille":251)"));
    const auto again = RuntimeFile::parse(dimmed);
    REQUIRE(again);
    CHECK(again->permille_at("homeostat.dimmer.fraud") == 251);
    CHECK(again->until_at("homeostat.dimmer.fraud") == at(9000));
    CHECK(again->permille_at("homeostat.circuit.fraud") == 1000);
    CHECK(again->until_at("homeostat.circuit.fraud") == at(5000));
    CHECK_FALSE(again->until_at("theirs"));
    const std::string changed =
        again->render("h-2", {{"homeostat.dimmer.fraud", at(9500), std::uint32_t{4}}});
    CHECK(RuntimeFile::parse(changed)->permille_at("homeostat.dimmer.fraud") == 4);
    for (const SwitchOrder& end :
         {SwitchOrder{"homeostat.dimmer.fraud", std::nullopt, 250},
          SwitchOrder{"homeostat.dimmer.fraud", at(9000), 0},
          SwitchOrder{"homeostat.dimmer.fraud", std::nullopt}}) {  // The watchdog's.
        CHECK(again->render("1", {end}) == runtime_text + "\n");
    }
    CHECK(again->ended_keys(at(9000)) ==
          std::vector<std::string>{"homeostat.circuit.fraud", "homeostat.dimmer.fraud"});
}

TEST_CASE("a fraction that the number beside it does not confirm is nobody's share") {
    const std::string layer = R"("homeostat.d":{"numerator":2510,"denominator":"TEN_THOUSAND"},)"
                              R"("homeostat.d.permille":251)";
    const auto permille_of_layer = [](const std::string& text) {
        const auto file = RuntimeFile::parse(R"({"resources":[{"layer":{)" + text + "}}]}");
        REQUIRE(file);
        return file->permille_at("homeostat.d");
    };
    CHECK(permille_of_layer(layer) == 251);
    const std::string told = R"(permille":251)";
    for (const std::string& spoilt :
         {with(layer, "2510", "2511"), with(layer, "TEN_THOUSAND", "HUNDRED"),
          with(layer, R"("numerator":2510,)", ""), with(layer, "d.permille", "d.promille"),
          with(layer, told, R"(permille":251.5)"), with(layer, told, R"(permille":-251)"),
          with(layer, told, R"(permille":"251")"),
          with(with(layer, told, R"(permille":1001)"), "2510", "10010"),
          std::string(R"("homeostat.d":"25")")}) {
        CAPTURE(spoilt);
        CHECK(permille_of_layer(spoilt) == 0);
    }
    CHECK(permille_of_layer(R"("homeostat.d":30)") == 300);  // A person's, in per cent.
    CHECK(permille_of_layer(R"("homeostat.d":1000)") == 1000);
}

TEST_CASE("a switch has ended at its end, and when its end is too far off to be ours") {
    const auto file = RuntimeFile::parse(runtime_text);
    REQUIRE(file);
    const std::vector<std::string> own{"homeostat.circuit.fraud"};
    CHECK(file->ended_keys(at(4999)).empty());
    CHECK(file->ended_keys(at(5000)) == own);
    const auto far = RuntimeFile::parse(with(runtime_text, "5000", "90005001"));
    REQUIRE(far);
    CHECK(far->ended_keys(at(5000)) == own);
    CHECK(far->ended_keys(at(5001)).empty());
}

TEST_CASE("a switch without an end is a person's; keys that are not ours never end") {
    for (const std::string& text :
         {with(runtime_text, R"(,"homeostat.circuit.fraud.until":5000)", ""),
          with(runtime_text, R"("homeostat.circuit.fraud.until")", R"("others.until")")}) {
        const auto file = RuntimeFile::parse(text);
        REQUIRE(file);
        CHECK(file->ended_keys(at(1'000'000)).empty());
    }
}

TEST_CASE("an end that is no number is over, and so is one without its switch") {
    for (const std::string& text : {with(runtime_text, "5000", R"("soon")"),
                                    with(runtime_text, R"("homeostat.circuit.fraud":100,)", "")}) {
        const auto file = RuntimeFile::parse(text);
        REQUIRE(file);
        CHECK(file->ended_keys(at(0)).size() == 1);
    }
}

TEST_CASE("a file of overrides that is not one Runtime is refused") {
    for (const std::string_view text :
         {"", "[]", "{}", R"({"resources":[]})", R"({"resources":[{},{}]})",
          R"({"resources":[{}]})", R"({"resources":[{"layer":[]}]})",
          R"({"version_info":1,"resources":[{"layer":{}}]})"}) {
        const auto file = RuntimeFile::parse(text);
        REQUIRE_FALSE(file);
        CHECK(file.error().fault == Fault::invalid);
    }
}

TEST_CASE("only plain keys below our own name are switches") {
    CHECK(is_switch_key("homeostat.circuit.fraud"));
    for (const std::string_view key :
         {"", "homeostat.", "upstream.healthy_panic_threshold", "homeostat.x.until",
          "homeostat.x.permille", "homeostat.a b", "homeostat.a;b"}) {
        CHECK_FALSE(is_switch_key(key));
    }
}

namespace {

Options good_options() {
    Options options{.admin = net::UnixEndpoint{"/run/admin.sock"},
                    .service = ServiceId("payments"),
                    .cluster = "payments",
                    .endpoints = {{InstanceId("payments-0"), "p0"}},
                    .directory = "/run/envoy"};
    options.neighbours = {
        {ServiceId("fraud"), "fraud", "homeostat.circuit.fraud", "homeostat.dimmer.fraud"},
        {ServiceId("mail"), "mail"}};
    options.routes = {{CacheId("quotes"), "source", "homeostat.route.quotes"}};
    return options;
}

}  // namespace

TEST_CASE("names, keys and an admin address that could do harm are refused") {
    CHECK(check(good_options()));
    const auto refuses = [](auto spoil) {
        Options options = good_options();
        spoil(options);
        const Result<void> checked = check(options);
        return !checked && checked.error().fault == Fault::invalid;
    };
    CHECK(refuses([](Options& of) { of.cluster = "a|b"; }));
    CHECK(refuses([](Options& of) { of.cluster = "../etc"; }));
    CHECK(refuses([](Options& of) { of.cluster = "runtime"; }));
    CHECK(refuses([](Options& of) { of.endpoints.front().hostname = ""; }));
    CHECK(refuses([](Options& of) { of.endpoints.push_back({InstanceId("payments-1"), "p0"}); }));
    CHECK(refuses([](Options& of) { of.endpoints.push_back({InstanceId("payments-0"), "p1"}); }));
    CHECK(refuses([](Options& of) { of.neighbours.front().cluster = "a b"; }));
    CHECK(refuses([](Options& of) { of.neighbours.front().circuit = "circuit.fraud"; }));
    CHECK(refuses([](Options& of) { of.neighbours.front().dimmer = "dimmer.fraud"; }));
    CHECK(refuses([](Options& of) { of.neighbours.front().dimmer = "homeostat.circuit.fraud"; }));
    CHECK(refuses([](Options& of) { of.neighbours.front().dimmer = "homeostat.x.permille"; }));
    CHECK(refuses([](Options& of) { of.routes.front().key = "homeostat.circuit.fraud"; }));
    CHECK(refuses([](Options& of) { of.routes.front().source = ""; }));
    CHECK(refuses([](Options& of) { of.admin = net::TcpEndpoint{"10.0.0.1", 9901}; }));
    CHECK(refuses([](Options& of) { of.neighbours.resize(neighbours_max + 1); }));
    Options loopback = good_options();
    loopback.admin = net::TcpEndpoint{"127.0.0.1", 9901};
    CHECK(check(loopback));
}
