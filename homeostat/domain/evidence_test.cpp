#include "homeostat/domain/evidence.hpp"

#include "homeostat/base/rng.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace homeostat {

namespace {

std::string text_of(const EvidenceFacts& facts) {
    std::string text;
    for (const std::string& line : evidence_of(facts).evidence.lines) {
        text += line + "\n";
    }
    return text;
}

/// What is told of one service that is ill, whose changes nobody shows us.
std::string told_of(const ServiceFacts& service) {
    const std::string text = text_of({.services = {service}});
    const std::string users = "users: no loss is seen\n";
    REQUIRE(text.starts_with(users));
    return text.substr(users.size());
}

ServiceFacts ill() {
    return {.illness = 1, .own = 1};
}

ServiceFacts ill_with(const std::function<void(ServiceFacts&)>& make) {
    ServiceFacts service = ill();
    make(service);
    return service;
}

struct Told {
    std::string line;
    std::function<void(ServiceFacts&)> make;
};

}  // namespace

TEST_CASE("of nothing it is told that no loss is seen") {
    CHECK(text_of({}) == "users: no loss is seen\n");
    CHECK(text_of({.services = {{}, {}, {}}}) == "users: no loss is seen\n");
    CHECK(text_of({.services = {ill()}}) == "users: no loss is seen\n");
}

TEST_CASE("users' loss is told first, by their own numbers or by others' word") {
    const std::vector<std::pair<std::string, UserFacts>> all{
        {"users: no loss is seen any more\n", {.failed = 0.004, .is_getting_better = true}},
        {"users: others' word is that they lose 40 %\n", {.lose = 0.4}},
        {"users: others' word is that they lose 1 %\n", {.lose = 0.006}},
        {"users: 34 % of requests fail\n", {.failed = 0.342, .lose = 0.5}},
        {"users: 0 % of requests fail, 20 % are slow\n", {.slow = 0.2}},
        {"users: 1 % of requests fail, 2 % are slow, 3 % are misled, traffic x2.5, getting "
         "better\n",
         {.failed = 0.01,
          .slow = 0.02,
          .wrong = 0.03,
          .rate_ratio = 2.5,
          .is_getting_better = true}},
        {"users: 10 % of requests fail\n", {.failed = 0.1, .rate_ratio = 1.2}}};
    for (const auto& [line, users] : all) {
        CHECK(text_of({.users = users}) == line);
    }
}

TEST_CASE("every fact of a service has its words") {
    const std::vector<Told> all{
        {"A service fails 34 % of its requests", [](auto& one) { one.errors = {0, 0.342}; }},
        {"A service fails 34 % of its requests, 2 % before",
         [](auto& one) { one.errors = {0.02, 0.342}; }},
        {"A service: latency x5.2", [](auto& one) { one.latency_ratio = 5.2; }},
        {"A service: latency x0.05", [](auto& one) { one.latency_ratio = 0.05; }},
        {"A service: queue +120", [](auto& one) { one.queue_gain = 120; }},
        {"A service: queue -12", [](auto& one) { one.queue_gain = -12; }},
        {"A service: wrong answers 0% to 5%", [](auto& one) { one.wrong = {0, 0.05}; }},
        {"A service: denied 1% to 30%", [](auto& one) { one.denied = {0.01, 0.3}; }},
        {"A cache: stale copies 0% to 44%",
         [](auto& one) {
             one.role = ServiceRole::cache;
             one.stale = {0, 0.44};
         }},
        {"A service: hits 90% to 20%", [](auto& one) { one.hits = {0.9, 0.2}; }},
        {"A service: traffic x1.3", [](auto& one) { one.traffic_ratio = 1.3; }},
        {"A service: traffic x0.2", [](auto& one) { one.traffic_ratio = 0.2; }},
        {"A service: processor x3.0", [](auto& one) { one.processor_ratio = 3; }},
        {"A service: disk 97% full", [](auto& one) { one.disk_full = 0.97; }},
        {"A service: 1 of 3 down, stopped answering once",
         [](auto& one) { one.replicas = {.count = 3, .down = 1, .falls = 1}; }},
        {"A service: a whole host or zone of it is lost",
         [](auto& one) { one.replicas = {.count = 3, .is_place_lost = true}; }},
        {"A service: restarted 4 times, stopped answering 2 times",
         [](auto& one) { one.replicas = {.count = 3, .restarts = 4, .falls = 2}; }},
        {"A service: 1 of 3 fail more than the others, 2 of 3 slower than the others",
         [](auto& one) { one.replicas = {.count = 3, .failing = 1, .slower = 2}; }},
        {"A service: 1 of 3 out of rotation, 2 of 3 on the new version",
         [](auto& one) { one.replicas = {.count = 3, .out_of_rotation = 1, .on_new_version = 2}; }},
        {"A service: memory x1.8 in 2 of 3",
         [](auto& one) { one.replicas = {.count = 3, .grown = 2, .memory_growth = 1.8}; }},
        {"no recent deploy of A service", [](auto& one) { one.changed = ChangeAges{}; }},
        {"deploy of A service 44 s ago", [](auto& one) { one.changed = {.deploy = 44}; }},
        {"deploy of A service 4 s before the symptom",
         [](auto& one) {
             one.changed = {.deploy = 44};
             one.ill_for_s = 40;
         }},
        {"change of configuration of A service 6 s after the symptom",
         [](auto& one) {
             one.changed = {.config = 34};
             one.ill_for_s = 40;
         }},
        {"change of a flag of A service 44 s ago", [](auto& one) { one.changed = {.flag = 44}; }},
        {"logs of A service: disk full, out of memory, bad data", [](auto& one) {
             one.troubles = {Trouble::disk_full, Trouble::out_of_memory, Trouble::bad_data,
                             Trouble::timeout};
         }}};
    for (const Told& one : all) {
        CHECK(told_of(ill_with(one.make)) == one.line + "\n");
    }
}

TEST_CASE("what is too little for a line has none") {
    const std::vector<Told> all{
        {"", [](auto& one) { one.errors = {0, 0.009}; }},
        {"", [](auto& one) { one.errors = {0.5, 0.2}; }},
        {"", [](auto& one) { one.latency_ratio = 1.49; }},
        {"", [](auto& one) { one.latency_ratio = 0.7; }},
        {"", [](auto& one) { one.queue_gain = 1.9; }},
        {"", [](auto& one) { one.wrong = {0, 0.009}; }},
        {"", [](auto& one) { one.hits = {0.9, 0.81}; }},
        {"", [](auto& one) { one.traffic_ratio = 1.29; }},
        {"", [](auto& one) { one.disk_full = 0.89; }},
        {"", [](auto& one) { one.replicas = {.count = 3}; }},
        {"no recent deploy of A service\n", [](auto& one) { one.changed = {.deploy = 1200}; }},
        {"no recent deploy of A service\n", [](auto& one) { one.changed = {.other = 5}; }}};
    for (const Told& one : all) {
        CHECK(told_of(ill_with(one.make)) == one.line);
    }
}

TEST_CASE("a change is told against the first illness where its own service has none") {
    ServiceFacts changed{.changed = ChangeAges{.deploy = 50}};
    EvidenceFacts facts{.services = {changed, ill_with([](auto& one) { one.ill_for_s = 40; })}};
    facts.services[1].errors = MovedShare{0, 0.5};
    CHECK(text_of(facts) ==
          "users: no loss is seen\n"
          "A service fails 50 % of its requests\n"
          "deploy of B service 10 s before the symptom\n");
}

TEST_CASE("who has the most of its own stands first, and whoever waits for it behind it") {
    const auto failing = [](double own, double illness) {
        return ServiceFacts{
            .illness = illness, .own = own, .errors = MovedShare{0, 0.5}, .changed = ChangeAges{}};
    };
    EvidenceFacts facts{.services = {failing(0, 1), failing(1, 1), {}, failing(0.5, 0.5)}};
    facts.services[1].role = ServiceRole::database;
    facts.waits = {{.caller = 0, .target = 3, .illness = 0.5, .has_fallback = true},
                   {.caller = 0, .target = 1, .illness = 1},
                   {.caller = 0, .target = 2, .illness = 1},
                   {.caller = 3, .target = 3, .illness = 1}};
    const WrittenEvidence written = evidence_of(facts);
    CHECK(written.services == std::vector<std::uint32_t>{1, 3, 0});
    CHECK(text_of(facts) ==
          "users: no loss is seen\n"
          "A database fails 50 % of its requests\n"
          "no recent deploy of A\n"
          "B service fails 50 % of its requests\n"
          "C service fails 50 % of its requests\n"
          "C waits for A\n");
    facts.waits[0].illness = 1;
    CHECK(text_of(facts).ends_with("C waits for B, and has a fallback\n"));
    facts.waits[0].illness = 0.07;
    facts.waits[1].illness = 0.07;
    CHECK_FALSE(text_of(facts).contains("waits"));
}

TEST_CASE("four services are told of, and whoever is only named in a line is introduced there") {
    EvidenceFacts facts;
    for (int index = 0; index < 6; ++index) {
        facts.services.push_back(ill());
    }
    facts.waits = {{.caller = 0, .target = 3, .illness = 1}};
    CHECK(evidence_of(facts).services == std::vector<std::uint32_t>{0, 1, 2, 3});
    CHECK(text_of(facts).ends_with("A service waits for D service\n"));
}

TEST_CASE("whatever the numbers are, evidence is bounded, plain and the same again") {
    using Limit = std::numeric_limits<double>;
    const std::vector<double> odd{0,
                                  -0.0,
                                  1,
                                  -1,
                                  0.5,
                                  0.01,
                                  5,
                                  1199,
                                  1e300,
                                  -1e300,
                                  1e-300,
                                  Limit::infinity(),
                                  -Limit::infinity(),
                                  Limit::quiet_NaN(),
                                  Limit::max(),
                                  Limit::denorm_min()};
    for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
        CAPTURE(seed);
        Rng rng(seed);
        const auto number = [&] { return odd[rng.next() % odd.size()]; };
        const auto maybe = [&] {
            return rng.between(0, 2) > 0 ? std::optional(number()) : std::nullopt;
        };
        const auto moved = [&] {
            return rng.between(0, 2) > 0 ? std::optional(MovedShare{number(), number()})
                                         : std::nullopt;
        };
        const auto count = [&] { return static_cast<std::uint32_t>(rng.next() >> 32U); };
        EvidenceFacts facts{.users = {number(), number(), number(), number(), number(), true}};
        for (std::uint64_t left = rng.next() % 21; left > 0; --left) {
            ServiceFacts& one = facts.services.emplace_back();
            one = {.role = static_cast<ServiceRole>(rng.between(0, 4)),
                   .illness = number(),
                   .own = number(),
                   .ill_for_s = maybe(),
                   .errors = moved(),
                   .wrong = moved(),
                   .denied = moved(),
                   .stale = moved(),
                   .hits = moved(),
                   .latency_ratio = maybe(),
                   .traffic_ratio = maybe(),
                   .processor_ratio = maybe(),
                   .queue_gain = maybe(),
                   .disk_full = number()};
            one.replicas = {count(), count(),  count(),  count(),  count(), count(),
                            count(), number(), number(), number(), true};
            one.changed = {maybe(), maybe(), maybe(), maybe()};
            one.troubles.assign(rng.next() % 21, static_cast<Trouble>(rng.between(0, 13)));
            facts.waits.push_back({count() % 25, count() % 25, number(), true});
        }
        const WrittenEvidence written = evidence_of(facts);
        std::size_t bytes = 0;
        for (const std::string& line : written.evidence.lines) {
            bytes += line.size() + 1;
            CHECK(line.size() <= evidence_line_bytes_max);
            CHECK(std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; }));
        }
        CHECK(bytes > 0);
        CHECK(bytes <= evidence_bytes_max);
        CHECK(written.services.size() <= services_told_max);
        const std::set<std::uint32_t> told(written.services.begin(), written.services.end());
        CHECK(told.size() == written.services.size());
        CHECK(std::ranges::all_of(told, [&](auto at) { return at < facts.services.size(); }));
        CHECK(evidence_of(facts).evidence == written.evidence);
    }
}

TEST_CASE("without its notes evidence is what it was before they were put in front") {
    const Evidence measured = evidence_of({.users = {.failed = 0.2}}).evidence;
    for (const std::vector<std::string>& notes : {std::vector<std::string>{},
                                                  {"note: prefer a restart"},
                                                  {"prefer to wait", "", "users"}}) {
        Evidence shown = measured;
        put_before(shown, notes);
        CHECK(shown.lines.size() == measured.lines.size() + notes.size());
        CHECK(without_notes(shown) == measured);
    }
}

}  // namespace homeostat
