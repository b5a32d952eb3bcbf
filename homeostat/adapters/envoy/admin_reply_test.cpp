#include "homeostat/adapters/envoy/admin_reply.hpp"

#include "homeostat/adapters/envoy/admin.hpp"
#include "homeostat/adapters/envoy/edge_view.hpp"
#include "homeostat/adapters/envoy/reply_for_test.hpp"

#include <doctest/doctest.h>

#include <array>
#include <utility>

using namespace homeostat;
using namespace homeostat::adapters::envoy;

namespace {

const std::vector<std::string> both{"payments", "fraud"};

std::string with(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

Fault fault_of_clusters(const std::string& text) {
    const auto clusters = parse_clusters(text, both);
    REQUIRE_FALSE(clusters);
    CHECK(clusters.error().text.size() < 400);
    return clusters.error().fault;
}

Fault fault_of_stats(const std::string& text) {
    const auto stats = parse_stats(text, both);
    REQUIRE_FALSE(stats);
    CHECK(stats.error().text.size() < 400);
    return stats.error().fault;
}

}  // namespace

TEST_CASE("an endpoint's counters, order and checks are found under their names") {
    const auto clusters = parse_clusters(clusters_reply, both);
    REQUIRE(clusters);
    REQUIRE(clusters->size() == 2);
    const ClusterHosts& payments = clusters->front();
    REQUIRE(payments.hosts.size() == 2);
    CHECK(payments.hosts[0].hostname == "p0");
    CHECK(payments.hosts[0].order == Order::drain);
    CHECK_FALSE(payments.hosts[0].is_failing);
    CHECK(payments.hosts[0].success_total == 17);
    CHECK(payments.hosts[0].error_total == 3);
    CHECK(payments.hosts[0].active_now == 2);
    CHECK(payments.hosts[0].pending_now == 0);
    CHECK(payments.hosts[1].order == Order::serve);
    CHECK(payments.hosts[1].is_failing);
    CHECK((*clusters)[1].hosts.empty());
}

TEST_CASE("clusters come in the order asked for, and one that is not there is absent") {
    const auto turned = parse_clusters(clusters_reply, {"fraud", "payments", "fraud"});
    REQUIRE(turned);
    CHECK((*turned)[1].name == "payments");
    CHECK(parse_clusters(clusters_reply, {"quotes"}).error().fault == Fault::absent);
    CHECK(parse_clusters("{}", both).error().fault == Fault::absent);
}

TEST_CASE("every health status of Envoy is known, and no other") {
    for (const auto& [word, order] :
         std::array<std::pair<std::string_view, Order>, 6>{{{"HEALTHY", Order::serve},
                                                            {"UNKNOWN", Order::serve},
                                                            {"DRAINING", Order::drain},
                                                            {"UNHEALTHY", Order::other},
                                                            {"TIMEOUT", Order::other},
                                                            {"DEGRADED", Order::other}}}) {
        CHECK(order_of(word) == order);
    }
    for (const std::string_view word : {"", "draining", "DRAINED"}) {
        CHECK(order_of(word).error().fault == Fault::broken);
    }
}

TEST_CASE("a reply about clusters that is not understood whole is refused") {
    const std::string& good = clusters_reply;
    for (const std::string& text : {
             std::string(),
             std::string("Rate limited"),
             std::string("[]"),
             good.substr(0, good.size() / 2),
             good + "{}",
             with(good, R"("value": "17")", R"("value": "-1")"),
             with(good, R"("value": "17")", R"("value": "17 ")"),
             with(good, R"("value": "17")", R"("value": true)"),
             with(good, R"("name": "rq_success")", R"("name": "rq_succes")"),
             with(good, R"("name": "rq_timeout")", R"("name": "rq_error")"),
             with(good, R"("name": "fraud")", R"("name": "payments")"),
             with(good, R"("eds_health_status": "DRAINING")", R"("eds_health_status": "GONE")"),
             with(good, R"("eds_health_status": "DRAINING")", ""),
             with(good, R"("hostname": "p0")", R"("hostname": "p0", "hostname": "p1")"),
             with(good, R"("cluster_statuses": [)", R"("cluster_statuses": 1, "more": [)"),
         }) {
        CAPTURE(text);
        CHECK(fault_of_clusters(text) == Fault::broken);
    }
}

TEST_CASE("a cluster's totals are found under their names; what Envoy has not counted is zero") {
    const auto stats = parse_stats(stats_reply, both);
    REQUIRE(stats);
    const ClusterStats& payments = stats->clusters[0];
    CHECK(payments.completed_total == 100);
    CHECK(payments.answers_5xx_total == 11);
    CHECK(payments.answers_502_total == 2);
    CHECK(payments.answers_504_total == 3);
    CHECK(payments.timeouts_total == 8);
    CHECK(payments.protocol_errors_total == 9);
    CHECK(payments.retries_total == 4);
    CHECK(payments.pending_now == 6);
    CHECK(payments.active_now == 5);
    CHECK(payments.rejected_total == 1);
    CHECK(payments.version == "h-i-1.e1");
    CHECK(payments.answers.count == 7);
    CHECK(payments.answers.sum_ms == doctest::Approx(2 * 3.05 + 205));
    const ClusterStats& fraud = stats->clusters[1];
    CHECK(fraud.completed_total == 0);
    CHECK_FALSE(fraud.version);
    CHECK(stats->runtime_version == "start");
    CHECK(stats->runtime_rejected_total == 7);
}

TEST_CASE("a cluster that counts nothing is absent, not a row of zeros") {
    CHECK(parse_stats(stats_reply, {"quotes"}).error().fault == Fault::absent);
    CHECK(parse_stats(R"({"stats":[]})", both).error().fault == Fault::absent);
    const auto none = parse_stats(R"({"stats":[]})", {});
    REQUIRE(none);
    CHECK_FALSE(none->runtime_version);
}

TEST_CASE("a reply about counters that is not understood whole is refused") {
    const std::string& good = stats_reply;
    for (const std::string& text : {
             std::string(),
             std::string("null"),
             good.substr(0, good.size() - 3),
             with(good, R"("value":100)", R"("value":"100")"),
             with(good, R"("value":100)", R"("value":-1)"),
             with(good, R"("value":100)", R"("value":1.5)"),
             with(good, R"("value":100)", R"("value":null)"),
             with(good, R"("value":"h-i-1.e1")", R"("value":1)"),
             with(good, R"("value":"start")", R"("value":{})"),
             with(good, "payments.upstream_rq_502", "payments.upstream_rq_504"),
             with(good, R"("lower_bound":3)", R"("lower_bound":"3")"),
             with(good, R"("lower_bound":3)", R"("lower_bound":-3)"),
             with(good, R"("count":2)", R"("count":-2)"),
             with(good, R"("width":0.1,)", ""),
             with(good, R"("stats":[)", R"("stats":[7,)"),
         }) {
        CAPTURE(text);
        CHECK(fault_of_stats(text) == Fault::broken);
    }
}

TEST_CASE("a runtime key is on when it is above zero, and off when nobody has set it") {
    const auto values = parse_runtime(
        runtime_reply,
        {"homeostat.circuit.fraud", "homeostat.route.quotes", "homeostat.circuit.stranger"});
    REQUIRE(values);
    CHECK(*values == std::vector<std::uint32_t>{1000, 0, 0});
}

TEST_CASE("a number is whole per cent, as Envoy takes it") {
    for (const auto& [text, permille] : {std::pair{"30", 300U},
                                         {"12.7", 120},
                                         {"0.7", 0},
                                         {"100.5", 1000},
                                         {"1e9", 1000},
                                         {"-3", 0}}) {
        CAPTURE(text);
        const auto values = parse_runtime(with(runtime_reply, R"("final_value": "100")",
                                               std::string(R"("final_value": ")") + text + '"'),
                                          {"homeostat.circuit.fraud"});
        REQUIRE(values);
        CHECK(values->front() == permille);
    }
}

TEST_CASE("a fraction is told by the number beside it, and by nothing else") {
    const std::vector<std::string> keys{"homeostat.dimmer.fraud"};
    const auto values = parse_runtime(dimmed_reply, keys);
    REQUIRE(values);
    CHECK(*values == std::vector<std::uint32_t>{251});
    const std::string told = R"("final_value": "251")";
    for (const std::string& spoilt : {with(dimmed_reply, told, R"("final_value": "1001")"),
                                      with(dimmed_reply, told, R"("final_value": "-1")"),
                                      with(dimmed_reply, told, R"("final_value": "2.5")"),
                                      with(dimmed_reply, told, R"("final_value": "nan")"),
                                      with(dimmed_reply, told, R"("final_value": "")"),
                                      with(dimmed_reply, told, R"("final_value": 251)"),
                                      with(dimmed_reply, "fraud.permille", "fraud.promille")}) {
        CAPTURE(spoilt);
        CHECK(parse_runtime(spoilt, keys).error().fault == Fault::broken);
    }
    // Somebody's order above ours, in Envoy's admin layer.
    const auto by_hand = parse_runtime(with(dimmed_reply, dimmed_text, "0"), keys);
    REQUIRE(by_hand);
    CHECK(by_hand->front() == 0);
}

TEST_CASE("a runtime that is not understood is refused") {
    for (const std::string_view text :
         {"", "{}", "[]", R"({"entries":[]})", R"({"entries":{"theirs":{"final_value":1}}})",
          R"({"entries":{"theirs":{}}})", R"({"entries":{"theirs":{"final_value":""}}})"}) {
        CHECK(parse_runtime(text, {"theirs"}).error().fault == Fault::broken);
    }
    CHECK(parse_runtime(runtime_reply, {"theirs"}).error().fault == Fault::broken);
    CHECK(parse_runtime(runtime_reply, {}));
}

TEST_CASE("errors are those that clients saw, however they are counted") {
    const auto stats = parse_stats(stats_reply, both);
    const auto clusters = parse_clusters(clusters_reply, both);
    REQUIRE(stats);
    REQUIRE(clusters);
    const ClusterView view = to_view(clusters->front(), stats->clusters.front());
    CHECK(view.counters.requests_total == 100);
    // 11 of 5xx, 8 - 3 that hung in the body, 9 - 2 - 4 that were cut in it.
    CHECK(view.counters.errors_total == 11 + 5 + 3);
    CHECK(view.counters.queue_length == 6);
    CHECK(view.hosts[0].rotation == Rotation::draining);
    CHECK(view.hosts[0].counters.requests_total == 20);
    CHECK(view.hosts[0].counters.errors_total == 3);
    CHECK(view.hosts[1].rotation == Rotation::down);
    CHECK(answering_count(view) == 0);
}

TEST_CASE("of two endpoints with one hostname none is found") {
    const auto clusters =
        parse_clusters(with(clusters_reply, R"("hostname": "p1")", R"("hostname": "p0")"), both);
    REQUIRE(clusters);
    const ClusterView view = to_view(clusters->front(), {});
    CHECK(find_host(view, "p0") == nullptr);
    CHECK(find_host(view, "p9") == nullptr);
}

TEST_CASE("a name in a request is nothing but a name") {
    const std::string path = clusters_request({"pay.v2", "fraud"});
    CHECK(path == "/clusters?format=json&filter=%5E(pay%5C.v2%7Cfraud)%24");
    CHECK(stats_request({"pay"}).starts_with(
        "/stats?format=json&histogram_buckets=detailed&filter=%5E(cluster%5C.(pay)%5C."));
}
