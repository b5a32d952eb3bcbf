#include "homeostat/cases/metric.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::cases {

namespace {

using Points = std::vector<SeriesPoint>;

Metric metric_of(std::string_view name, std::string_view unit = "") {
    return measure_of(name, unit).metric;
}

std::vector<double> values_of(const Points& points) {
    std::vector<double> values;
    for (const SeriesPoint& point : points) {
        values.push_back(point.value);
    }
    return values;
}

}  // namespace

TEST_CASE("a series is known by its name, whoever named it") {
    struct Known {
        const char* name;
        const char* unit;
        Metric metric;
    };
    const auto known = std::to_array<Known>({
        {"http_requests_5xx_ratio", "ratio", Metric::error_ratio},
        {"p99_latency_seconds", "s", Metric::latency},
        {"container_memory_rss", "bytes", Metric::memory},
        {"container_memory_working_set_bytes", "", Metric::memory},
        {"Users_Failed_Ratio", "ratio", Metric::users_failed},
        {"process_open_fds", "", Metric::descriptors},
        {"pg_pool_in_use", "", Metric::connections},
        {"checkout_time", "ms", Metric::latency},
        {"phase_of_the_moon", "rad", Metric::other},
        {"container_cpu_usage_seconds_total", "s", Metric::cpu},
        {"container_cpu_cfs_throttled_seconds_total", "", Metric::cpu},
        {"cpuUsage", "", Metric::cpu},
        {"istio_request_duration_milliseconds_count", "", Metric::requests},
        {"http_server_requests_seconds_sum", "", Metric::requests},
        {"http.server.duration", "ms", Metric::latency},
        {"responseTimeP95", "", Metric::latency},
        {"kafka_consumer_lag", "", Metric::queue},
        {"jvm_memory_used_bytes", "", Metric::memory},
        {"hikaricp_connections_active", "", Metric::connections},
        {"node_filesystem_used_percent", "%", Metric::disk},
        {"node_disk_written_bytes_total", "", Metric::io},
        {"container_network_receive_bytes_total", "", Metric::network},
        {"node_network_receive_errs_total", "", Metric::network},
        {"grpc_server_handled_errors_total", "", Metric::error_ratio},
        {"tcp_retransmits", "", Metric::retries},
        {"redis_keyspace_hits_ratio", "", Metric::hit_ratio},
    });
    for (const Known& one : known) {
        CAPTURE(one.name);
        CHECK(metric_of(one.name, one.unit) == one.metric);
    }
}

TEST_CASE("a word within a word means nothing, nor does what is the other way round") {
    for (const char* name :
         {"groups", "updates", "already_done", "white_label", "supply", "cpu_idle_seconds_total",
          "memory_available_bytes", "container_spec_memory_limit_bytes",
          "kube_deployment_status_replicas_available", "request_duration_seconds_bucket"}) {
        CAPTURE(name);
        CHECK(metric_of(name) == Metric::other);
    }
}

TEST_CASE("what is told in other units is brought to ours") {
    CHECK(measure_of("latency_p99", "ms").scale == 1);
    CHECK(measure_of("latency_p99", "s").scale == 1000);
    CHECK(measure_of("request_duration_seconds", "").scale == 1000);
    CHECK(measure_of("latency_us", "").scale == doctest::Approx(1e-3));
    CHECK(measure_of("latency_ms", "s").scale == 1000);  // The unit is what was said of it.
    CHECK(measure_of("error_rate", "%").scale == doctest::Approx(0.01));
    CHECK(measure_of("error_percent", "").scale == doctest::Approx(0.01));
    CHECK(measure_of("error_ratio", "ratio").scale == 1);
    CHECK(measure_of("memory_percent", "%").scale == 1);  // Of it only growth counts.
    CHECK(measure_of("latency_p99", "\u00b5s").scale == doctest::Approx(1e-3));
    CHECK(measure_of("latency_p99", "S").scale == 1000);
    CHECK(measure_of("shard_s_latency_ms", "").scale == 1);
    Measure measure = measure_of("latency_p99", "s");
    CHECK(values_of(in_our_unit(Points{{0, 0.5}, {5, 2}}, measure)) ==
          std::vector<double>{500, 2000});
}

TEST_CASE("what has a unit among its words is no unit") {
    for (const char* unit : {"seconds until you restart it", "100 %", "total/ratio", "s s", "/s"}) {
        CAPTURE(unit);
        CHECK(measure_of("latency_p99", unit) == measure_of("latency_p99", ""));
        CHECK(measure_of("error_ratio", unit) == measure_of("error_ratio", ""));
        CHECK(measure_of("checkout_time", unit).metric == Metric::other);
    }
}

TEST_CASE("of a counter counts what it rose by, also when it starts anew") {
    Measure measure = measure_of("http_requests_total", "");
    REQUIRE(measure.may_be_counter);
    const Points counter{{0, 1000}, {10, 1100}, {20, 1300}, {30, 50}, {40, 150}};
    const Points rates = in_our_unit(counter, measure);
    CHECK(values_of(rates) == std::vector<double>{10, 20, 5, 10});
    CHECK(rates.front().at_s == 10);
    SUBCASE("what is called a total and falls is none") {
        const Points gauge{{0, 100}, {10, 90}, {20, 95}};
        CHECK(values_of(in_our_unit(gauge, measure)) == std::vector<double>{100, 90, 95});
    }
    SUBCASE("what rises and is not called so is none") {
        Measure rate = measure_of("requests", "1/s");
        CHECK(values_of(in_our_unit(counter, rate)) == values_of(counter));
    }
    SUBCASE("two points at one time divide by nothing") {
        const Points twice{{0, 1}, {0, 2}, {10, 12}};
        CHECK(values_of(in_our_unit(twice, measure)) == std::vector<double>{1});
    }
}

TEST_CASE("what rises without bounds leaves numbers that can be reckoned with") {
    Measure measure = measure_of("http_errors_total", "");
    const Points counter{{0, 1}, {1e-300, 1e300}, {2, 1.5e300}};
    const Points rates = in_our_unit(counter, measure);
    CHECK(values_of(rates) == std::vector<double>{1e15, 1e15});
    CHECK(values_of(shares_of(rates, rates)) == std::vector<double>{1, 1});
}

TEST_CASE("counted errors are a share of the requests") {
    Measure measure = measure_of("errors_per_second", "1/s");
    CHECK(measure.is_count);
    const Points errors{{0, 0}, {10, 5}, {20, 30}};
    SUBCASE("of those at the time") {
        const Points requests{{0, 100}, {20, 50}};
        CHECK(values_of(shares_of(errors, requests)) == std::vector<double>{0, 0.05, 0.6});
    }
    SUBCASE("never of fewer than themselves") {
        const Points requests{{0, 10}};
        CHECK(values_of(shares_of(errors, requests)) == std::vector<double>{0, 0.5, 1});
    }
    SUBCASE("without requests, of ten times what is usual") {
        CHECK(values_of(shares_of(errors, {})) == std::vector<double>{0, 0.1, 0.6});
    }
    SUBCASE("of nothing they are nothing") {
        CHECK(shares_of({}, errors).empty());
    }
    SUBCASE("a rate above one is a count, one below is a share") {
        Measure rate = measure_of("error_rate", "");
        REQUIRE_FALSE(rate.is_count);
        static_cast<void>(in_our_unit(Points{{0, 0.1}, {5, 0.9}}, rate));
        CHECK_FALSE(rate.is_count);
        static_cast<void>(in_our_unit(Points{{0, 0.1}, {5, 12}}, rate));
        CHECK(rate.is_count);
    }
}

}  // namespace homeostat::cases
