// Hostile text where a name is expected, and where text is shown to a person.

#include "homeostat/adapters/process/changes_file.hpp"
#include "homeostat/adapters/telemetry/prometheus_text.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/net/endpoint.hpp"

#include "corpus.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <string_view>

namespace homeostat::hostile {

namespace {

std::string quoted(const std::string& text) {
    return to_text(json::value(text));
}

std::string config_of(const std::string& service, const std::string& path) {
    return fmt::format(
        "service: {}\n"
        "runtime:\n"
        "  process: {{ command: [python3, -m, http.server], ports: [8080] }}\n"
        "signals:\n"
        "  - http: {{ path: {}, every: 500ms, timeout: 300ms }}\n"
        "record: {{ ledger: var/ledger }}\n",
        service, path);
}

bool is_within(std::string_view one, std::string_view first, std::string_view last) {
    return one.size() == first.size() && one >= first && one <= last;
}

std::size_t length_by(unsigned char lead) {
    if (lead < 0xC2) {
        return 1;
    }
    return lead < 0xE0 ? 2U : 3U + (lead < 0xF0 ? 0U : 1U);
}

/// One character of UTF-8 that neither moves a cursor nor turns the direction of writing.
bool is_harmless_character(std::string_view one) {
    const bool is_whole = one.size() == length_by(static_cast<unsigned char>(one.front()));
    const bool is_ascii = is_within(one, " ", "~");
    const bool is_c1 = is_within(one, "\xC2\x80", "\xC2\x9F");
    const bool turns = is_within(one, "\xE2\x80\xAA", "\xE2\x80\xAE") ||
                       is_within(one, "\xE2\x81\xA6", "\xE2\x81\xA9");
    return is_whole && (is_ascii || one.size() > 1) && !is_c1 && !turns;
}

bool is_harmless(std::string_view shown) {
    while (!shown.empty()) {
        const std::string_view one =
            shown.substr(0, length_by(static_cast<unsigned char>(shown.front())));
        if (!is_harmless_character(one)) {
            return false;
        }
        shown.remove_prefix(one.size());
    }
    return true;
}

}  // namespace

TEST_CASE("a configuration takes a hostile service name only if it is a plain name after all") {
    REQUIRE(app::parse_config(config_of("payments", "/"), "/srv/service.yaml").config);
    for (const std::string& text : texts()) {
        CAPTURE(text);
        const app::ConfigReport report =
            app::parse_config(config_of(quoted(text), "/"), "/srv/service.yaml");
        CHECK((!report.config || is_plain_name(report.config->service.text())));
        CHECK(report.config.has_value() == report.problems.empty());
        CHECK(is_harmless(homeostat::plain(app::describe(report))));
    }
}

TEST_CASE("a change is told of in plain names or not at all") {
    for (const std::string& text : texts()) {
        CAPTURE(text);
        for (const char* field : {"service", "from", "to", "reference"}) {
            std::string line =
                R"({"kind":"deploy","service":"a","from":"b","to":"c","reference":"d"})";
            const std::string before = fmt::format(R"("{}":")", field);
            line.replace(line.find(before) + before.size() - 1, 3, quoted(text));
            const bool is_taken = adapters::process::parse_change_line(line).has_value();
            const bool may_be_empty = text.empty() && std::string_view(field) != "service" &&
                                      std::string_view(field) != "to";
            CHECK(is_taken == (is_plain_name(text) || may_be_empty));
        }
    }
}

TEST_CASE("a label of a metric stays in its quotes") {
    for (const std::string& text : texts()) {
        CAPTURE(text);
        const std::string page = fmt::format("a_total{{label={}}} 1\nb_total 2\n", quoted(text));
        const auto values = adapters::telemetry::parse_prometheus(page);
        if (values) {
            for (const auto& [name, value] : *values) {
                CHECK((name == "a_total" || name == "b_total"));
            }
        }
    }
}

TEST_CASE("an address never takes a line break into a request") {
    for (const std::string& text : texts()) {
        CAPTURE(text);
        const auto address = net::parse_endpoint("http://127.0.0.1:80/" + text);
        CHECK((!address || address->path.find_first_of(" \r\n\t") == std::string::npos));
    }
}

TEST_CASE("no text moves a cursor or turns what stands around it, however it is cut") {
    CHECK(is_harmless("v2 – naïve 漢字 😀"));
    CHECK_FALSE(is_harmless("\x1b[2J"));
    CHECK_FALSE(is_harmless("\x9b"));
    CHECK_FALSE(is_harmless("\u202e"));
    for (const std::string& text : texts()) {
        CAPTURE(text);
        CHECK(is_harmless(homeostat::plain(text)));
        CHECK(is_harmless(homeostat::plain(text.substr(0, text.size() / 2))));
        CHECK(is_harmless(homeostat::plain(std::string(399, 'x') + text)));
    }
}

}  // namespace homeostat::hostile
