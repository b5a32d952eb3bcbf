#include "homeostat/cases/claim.hpp"

#include "homeostat/cases/case_for_test.hpp"
#include "homeostat/sense/trouble.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace homeostat::cases {

using namespace for_test;

namespace {

struct Claimed {
    Trouble trouble;
    std::string line;
    void (*confirm)(Shown&);  ///< What another source would show of `stock` if it were true.
};

const Claimed all_claims[] = {
    {Trouble::connection_refused, "connection refused",
     [](Shown& shown) { let_fail(shown, "stock-db", 0.5); }},
    {Trouble::timeout, "read timed out", [](Shown& shown) { let_fail(shown, "stock-db", 0.5); }},
    {Trouble::out_of_memory, "java heap space",
     [](Shown& shown) { set_series(shown, step_series("memory", "stock", 100, 200, "stock-0")); }},
    {Trouble::disk_full, "no space left on device",
     [](Shown& shown) { set_series(shown, step_series("disk_used", "stock", 0.5, 0.97)); }},
    {Trouble::certificate, "certificate has expired",
     [](Shown& shown) { set_series(shown, step_series("denied_ratio", "stock", 0, 0.2)); }},
    {Trouble::credentials, "password authentication failed",
     [](Shown& shown) { set_series(shown, step_series("denied_ratio", "stock", 0, 0.2)); }},
    {Trouble::deadlock, "deadlock detected",
     [](Shown& shown) { set_series(shown, step_series("latency_p99", "stock", 20, 400)); }},
    {Trouble::pool_exhausted, "connection pool exhausted",
     [](Shown& shown) { set_series(shown, step_series("pool_in_use", "stock", 0.4, 1)); }},
    {Trouble::descriptors_exhausted, "too many open files",
     [](Shown& shown) { set_series(shown, step_series("descriptors_used", "stock", 0.4, 1)); }},
    {Trouble::overload, "queue full",
     [](Shown& shown) { set_series(shown, step_series("queue_length", "stock", 0, 80)); }},
    {Trouble::rate_limited, "rate limit exceeded",
     [](Shown& shown) { set_series(shown, step_series("denied_ratio", "stock", 0, 0.2)); }},
    {Trouble::config_error, "missing required configuration key",
     [](Shown& shown) { shown.changes.push_back({100, "stock", "config", "c1", "c2"}); }},
    {Trouble::exception, "NullPointerException",
     [](Shown& shown) { let_fail(shown, "stock", 0.3); }},
    {Trouble::bad_data, "checksum mismatch",
     [](Shown& shown) { set_series(shown, step_series("wrong_ratio", "stock", 0, 0.2)); }},
};

std::uint32_t counted(const Shown& shown, std::string_view service, Trouble trouble) {
    const Survey survey = survey_of(shown);
    return survey.services[survey.find(service)].troubles.now_of(trouble);
}

}  // namespace

TEST_CASE("what a log claims counts once numbers of another source fit it, and not before") {
    CHECK(std::size(all_claims) == troubles_count);
    for (const Claimed& claimed : all_claims) {
        CAPTURE(claimed.line);
        REQUIRE(sense::trouble_of(claimed.line) == claimed.trouble);
        Shown shown = well_case();
        shown.logs = {{170, "stock", "error", claimed.line}};
        CHECK(counted(shown, "stock", claimed.trouble) == 0);
        claimed.confirm(shown);
        CHECK(counted(shown, "stock", claimed.trouble) == 1);
        // What one service claims, another's numbers do not confirm.
        shown.logs.front().service = "shop";
        CHECK(counted(shown, "shop", claimed.trouble) == 0);
    }
}

TEST_CASE("a service that is ill otherwise confirms no claim of a full disk") {
    Shown shown = well_case();
    let_fail(shown, "stock", 0.5);
    shown.logs = {{170, "stock", "error", "no space left on device"}};
    CHECK(counted(shown, "stock", Trouble::disk_full) == 0);
}

TEST_CASE(
    "a process that began anew lately confirms that memory ran out, an old restart does not") {
    Shown shown = well_case();
    shown.logs = {{170, "stock", "error", "java heap space"}};
    const auto begun_at = [&](double at_s) {
        shown.objects = {{.kind = "Pod",
                          .name = "stock-0",
                          .service = "stock",
                          .spec = {},
                          .status = json::object{{"restarts", 3}, {"started", at_s}}}};
    };
    begun_at(-90'000);
    CHECK(counted(shown, "stock", Trouble::out_of_memory) == 0);
    begun_at(150);
    CHECK(counted(shown, "stock", Trouble::out_of_memory) == 1);
}

TEST_CASE("lines of level error count where a number shows something, too") {
    Shown shown = well_case();
    shown.logs = {{170, "stock", "error", "x"}, {60, "stock", "error", "x"}};
    const auto lines = [&] {
        const Survey survey = survey_of(shown);
        const ServiceSurvey& stock = survey.services[survey.find("stock")];
        return stock.error_lines + stock.error_lines_before;
    };
    CHECK(lines() == 0);
    let_fail(shown, "stock", 0.5);
    CHECK(lines() == 2);
}

}  // namespace homeostat::cases
