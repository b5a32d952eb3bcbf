#include "homeostat/adapters/telemetry/prometheus_text.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace homeostat;
using namespace homeostat::adapters::telemetry;

namespace {

using Values = std::vector<std::pair<std::string, double>>;

Values values_of(std::string_view text) {
    Result<Values> values = parse_prometheus(text);
    CAPTURE(text);
    REQUIRE(values);
    return *std::move(values);
}

}  // namespace

TEST_CASE("the example of the format's own description is read") {
    // SOURCE: prometheus.io/docs/instrumenting/exposition_formats, "Text format example".
    const Values values = values_of(R"(# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="No file:\n\"F.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# A histogram, which has a pretty complex representation in the text format:
# HELP http_request_duration_seconds A histogram of the request duration.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="0.1"} 33444
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320

# Finally a summary, which has a complex representation, too:
# HELP rpc_duration_seconds A summary of the RPC duration in seconds.
# TYPE rpc_duration_seconds summary
rpc_duration_seconds{quantile="0.01"} 3102
rpc_duration_seconds{quantile="0.99"} 76656
rpc_duration_seconds_sum 1.7560473e+07
rpc_duration_seconds_count 2693
)");
    const Values wanted{{"http_requests_total", 1030},
                        {"msdos_file_access_time_seconds", 1.458255915e9},
                        {"metric_without_timestamp_and_labels", 12.47},
                        {"http_request_duration_seconds_sum", 53423},
                        {"http_request_duration_seconds_count", 144320},
                        {"rpc_duration_seconds_sum", 1.7560473e7},
                        {"rpc_duration_seconds_count", 2693}};
    CHECK(values == wanted);
}

TEST_CASE("every form of a number is read") {
    CHECK(values_of("a 0\nb -1.5\nc +2\nd 1e3\ne .5\nf -0\n") ==
          Values{{"a", 0}, {"b", -1.5}, {"c", 2}, {"d", 1000}, {"e", 0.5}, {"f", 0}});
}

TEST_CASE("what is no finite number is absent, and so is a sum with it") {
    CHECK(values_of("a NaN\nb +Inf\nc -Inf\nd Inf\ne 1\n") == Values{{"e", 1}});
    CHECK(values_of("a{x=\"1\"} 1\na{x=\"2\"} NaN\n").empty());
    CHECK(values_of("a{x=\"1\"} 1e308\na{x=\"2\"} 1e308\n").empty());
}

TEST_CASE("an empty page, blank lines and comments hold no numbers") {
    CHECK(values_of("").empty());
    CHECK(values_of("\n \t\n# x\n#\n  # HELP y {{{\n# EOF\n").empty());
}

TEST_CASE("spaces may stand where the format allows them") {
    CHECK(values_of("  a\t{ x = \"1\" , y=\"2\" , } 1 \t 5  \nb{} 2\n") ==
          Values{{"a", 1}, {"b", 2}});
    CHECK(values_of("a{x=\"1\"}3\n") == Values{{"a", 3}});
}

TEST_CASE("a line that breaks the format refuses the page and names the line") {
    const std::array<std::string, 36> broken{"1a 1",
                                             "-a 1",
                                             "a",
                                             "a ",
                                             "a x",
                                             "a 1x",
                                             "a 0x10",
                                             "a 1,5",
                                             "a --1",
                                             "a +-1",
                                             "a nan",
                                             "a inf",
                                             "a infinity",
                                             "a 1 x",
                                             "a 1 1.5",
                                             "a 1 1 1",
                                             "a 1 # {x=\"1\"} 1",
                                             "a{",
                                             "a{x} 1",
                                             "a{x=} 1",
                                             "a{x=1} 1",
                                             "a{x=\"1} 1",
                                             "a{x=\"1\" 1",
                                             "a{x=\"1\"",
                                             "a{x=\"1\" y=\"2\"} 1",
                                             "a{,} 1",
                                             "a{x=\"1\",,} 1",
                                             "a{x=\"\\t\"} 1",
                                             "a{x=\"1\",x=\"2\"} 1",
                                             "a{1x=\"1\"} 1",
                                             "a{x:y=\"1\"} 1",
                                             "a 1\r",
                                             "a 1e999",
                                             "\xc3\xa9 1",
                                             "a.b 1",
                                             "{x=\"1\"} 1"};
    for (const std::string& line : broken) {
        CAPTURE(line);
        const Result<Values> values = parse_prometheus("good 1\n" + line + "\ngood2 1\n");
        REQUIRE_FALSE(values);
        CHECK(values.error().fault == Fault::broken);
        CHECK(values.error().text.contains("line 2"));
        CHECK(values.error().text.size() < 200);
    }
}

TEST_CASE("the same series twice is refused, whatever the order of its labels") {
    CHECK_FALSE(parse_prometheus("a 1\na 1\n"));
    CHECK_FALSE(parse_prometheus("a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\n"));
    CHECK(parse_prometheus("a{x=\"1\"} 1\na{x=\"2\"} 1\na 1\n"));
    CHECK(parse_prometheus("a{x=\"1\\ny:1:2\"} 1\na{x=\"1\",y=\"2\"} 1\n"));
}

TEST_CASE("a page that was cut in a line is refused") {
    const std::string page = "a 10\nb{x=\"1\"} 20\n";
    for (std::size_t size = 1; size < page.size(); ++size) {
        CAPTURE(size);
        CHECK(parse_prometheus(page.substr(0, size)).has_value() == (page[size - 1] == '\n'));
    }
}

TEST_CASE("every maximum trips one above it and not at it") {
    const auto names = [](std::size_t count) {
        std::string page;
        for (std::size_t index = 0; index < count; ++index) {
            page += "m" + std::to_string(index) + " 1\n";
        }
        return page;
    };
    CHECK(values_of(names(metric_names_max)).size() == metric_names_max);
    CHECK_FALSE(parse_prometheus(names(metric_names_max + 1)));

    const auto labels = [](std::size_t count) {
        std::string line = "a{";
        for (std::size_t index = 0; index < count; ++index) {
            line += "l" + std::to_string(index) + "=\"\",";
        }
        return line + "} 1\n";
    };
    CHECK(parse_prometheus(labels(metric_labels_max)));
    CHECK_FALSE(parse_prometheus(labels(metric_labels_max + 1)));

    const std::string comment = "#" + std::string(metrics_bytes_max - 2, 'x') + "\n";
    CHECK(parse_prometheus(comment));
    CHECK_FALSE(parse_prometheus("\n" + comment));
}
