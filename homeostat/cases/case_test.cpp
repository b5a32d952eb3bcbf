#include "homeostat/cases/case.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::cases {

namespace {

const std::string least = R"({"id":"a","at":180,"services":[{"name":"shop"}]})";

/// `least` with more members in front.
std::string with(const std::string& members) {
    return "{" + members + "," + least.substr(1);
}

std::string refusal_of(const std::string& line) {
    const Result<Case> one = parse_case(line);
    REQUIRE_FALSE(one);
    CHECK(one.error().fault == Fault::invalid);
    return one.error().text;
}

}  // namespace

TEST_CASE("id, moment and services are enough, and nothing says what is right") {
    const Result<Case> one = parse_case(least);
    REQUIRE(one);
    CHECK(one->shown.id == "a");
    CHECK(one->shown.at_s == 180);
    CHECK(one->shown.services.front().kind == "service");
    CHECK_FALSE(one->truth);
}

TEST_CASE("every part is read") {
    const Result<Case> one = parse_case(
        R"({"format":1,"id":"b","at":60,"services":[{"name":"shop","kind":"gateway","replicas":)"
        R"([{"name":"shop-0","zone":"z","host":"h1","version":"v2","config":"c1",)"
        R"("in_rotation":false}],)"
        R"("calls":[{"service":"prices","required":false,"fallback":true,"attempts":3,)"
        R"("timeout_ms":250,"through":"hot"}]},{"name":"prices"},)"
        R"({"name":"hot","kind":"cache","source":"prices","local":true}],)"
        R"("possible":[{"service":"shop","restart":true,"eject":true,"fallback":true,)"
        R"("replicas":{"now":1,"min":1,"max":2},"previous":{"deploy":"v1"}},)"
        R"({"service":"hot","invalidate":true,"reroute":true}],"notes":["prefer a restart"],)"
        R"("calls":[{"caller":"shop","service":"prices","now":{"rate":5,"error_ratio":0.1,)"
        R"("p99_ms":4},"usual":{"rate":5,"error_ratio":0,"p99_ms":3}}],)"
        R"("alerts":[[50,"shop","users_failing","firing"]],)"
        R"("changes":[[-20,"shop","deploy","v1","v2"]],)"
        R"("events":[[10,"Pod/shop-0","Killing","Killing shop-0"]],)"
        R"("objects":[{"kind":"Pod","name":"shop-0","service":"shop","status":{"ready":true}}],)"
        R"("logs":[[11.5,"shop","error","no"]],)"
        R"("series":[{"name":"up","service":"shop","replica":"shop-0","unit":"ratio",)"
        R"("points":[[5,1],[10,0]]}],"family":"crash","flavour":"lasting",)"
        R"("cause":[{"kind":"crash","service":"shop"},{"kind":"zone_loss","zone":"z"}],)"
        R"("acceptable":[{"remedy":"scale","service":"shop","to":2}],"acceptable_on_menu":[],)"
        R"("harmful":[{"remedy":"restart","service":"shop","replicas":["shop-0"]}],)"
        R"("cures_off_menu":[],"menu_size":4,"futures":[]})");
    REQUIRE_MESSAGE(one, (one ? "" : one.error().text));
    const Shown& shown = one->shown;
    CHECK_FALSE(shown.services[0].replicas[0].is_in_rotation);
    CHECK(shown.services[0].calls[0].through == "hot");
    CHECK(shown.services[2].source == "prices");
    CHECK(shown.possible[0].previous.at("deploy") == "v1");
    CHECK(shown.possible[1].can_reroute);
    CHECK(shown.notes == std::vector<std::string>{"prefer a restart"});
    CHECK(shown.calls[0].usual->p99_ms == 3);
    CHECK(shown.changes[0].to == "v2");
    CHECK(shown.logs[0].text == "no");
    CHECK(shown.series[0].points[1].value == 0);
    REQUIRE(one->truth);
    CHECK(one->truth->family == "crash");
    CHECK(one->truth->acceptable[0].to == 2);
    CHECK(one->truth->harmful[0].replicas.front() == "shop-0");
    CHECK(one->truth->cause_services == std::vector<std::string>{"shop"});
}

TEST_CASE("what is wrong is named with its field") {
    CHECK(refusal_of(R"({"at":1,"services":[{"name":"a"}]})").find("id") != std::string::npos);
    CHECK(refusal_of(with(R"("logs":[[1,"shop","error"]])")).find("logs: [0]") !=
          std::string::npos);
    CHECK(refusal_of(with(R"("series":[{"name":"up","service":"shop","points":[[2,1],[1,1]]}])"))
              .find("series: [0]: points") != std::string::npos);
    CHECK(refusal_of(with(R"("notes":["",""])")).find("notes: [0]") != std::string::npos);
    CHECK(refusal_of(with(R"("notes":["a",")" + std::string(115, 'x') + R"("])"))
              .find("notes: [1]: want 1 to 114 bytes") != std::string::npos);
    CHECK(refusal_of(with(R"("notes":["a","a","a","a","a","a","a","a","a"])"))
              .find("notes: want at most 8") != std::string::npos);
    CHECK(refusal_of(with(R"("seriess":[])")).find("seriess") != std::string::npos);
    CHECK(refusal_of(with(R"("format":2)")).find("format") != std::string::npos);
    CHECK(refusal_of(R"({"id":"a","at":1,"services":[]})").find("services") != std::string::npos);
    CHECK(refusal_of(R"({"id":"a","at":1,"services":[{"name":"x"},{"name":"x"}]})")
              .find("services: [1]: name") != std::string::npos);
    CHECK(refusal_of("").find('0') != std::string::npos);
    CHECK_FALSE(parse_case(least + least));
}

}  // namespace homeostat::cases
