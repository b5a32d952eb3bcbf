#include "homeostat/adapters/task/ran.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::adapters::task {

namespace {

Action command(std::vector<int> refused) {
    return {.call = Command{
                .argv = {"x"}, .directory = {}, .passed_on = {}, .refused = std::move(refused)}};
}

Action http(std::vector<int> statuses) {
    HttpCall call;
    call.statuses = std::move(statuses);
    return {.call = call};
}

Ran answered(int status) {
    Ran ran;
    ran.kind = RanKind::answered;
    ran.status = status;
    return ran;
}

}  // namespace

TEST_CASE(
    "an action is done, refused or unknown by what it says, and unknown by what it does not") {
    struct Case {
        Action action;
        Ran ran;
        OutcomeKind outcome;
    };
    const std::vector<Case> cases{
        {command({75}), answered(0), OutcomeKind::done},
        {command({75}), answered(75), OutcomeKind::refused},
        {command({}), answered(75), OutcomeKind::unknown},
        {command({75}), answered(1), OutcomeKind::unknown},
        {command({75}), Ran{}, OutcomeKind::unknown},
        {command({75}),
         Ran{.kind = RanKind::not_begun, .status = 0, .because = {}, .output = {}, .took = {}},
         OutcomeKind::refused},
        {http({}), answered(200), OutcomeKind::done},
        {http({}), answered(204), OutcomeKind::done},
        {http({}), answered(302), OutcomeKind::unknown},
        {http({}), answered(409), OutcomeKind::refused},
        {http({}), answered(500), OutcomeKind::unknown},
        {http({202}), answered(200), OutcomeKind::unknown},
        {http({202}), answered(202), OutcomeKind::done},
        {http({409}), answered(409), OutcomeKind::done},
    };
    for (const Case& each : cases) {
        CAPTURE(each.ran.status);
        CHECK(outcome_of(each.action, each.ran).kind == each.outcome);
    }
}

TEST_CASE("a check says that all is well or that it is not, and anything else says nothing") {
    CHECK(health_of(command({}), answered(0)).value());
    CHECK_FALSE(health_of(command({}), answered(1)).value());
    CHECK_FALSE(health_of(command({}), answered(2)).has_value());
    CHECK_FALSE(health_of(command({}), answered(127)).has_value());
    CHECK(health_of(http({}), answered(204)).value());
    CHECK_FALSE(health_of(http({}), answered(503)).value());
    CHECK_FALSE(health_of(http({}), answered(404)).has_value());
    CHECK_FALSE(health_of(http({}), answered(302)).has_value());
    REQUIRE_FALSE(health_of(command({}), Ran{}).has_value());
    CHECK(health_of(command({}), Ran{}).error().fault == Fault::late);
}

TEST_CASE("the last words of an action stand in its outcome, on one line and bounded") {
    Ran ran = answered(3);
    ran.because = "exited with status 3";
    ran.output = std::string(3000, 'x') + "\nlast\x1b[31m line\n";
    const std::string because = outcome_of(command({}), ran).because;
    CHECK(because.starts_with("exited with status 3, last words: "));
    CHECK(because.contains("line"));
    CHECK(because.size() < 500);
    CHECK_FALSE(because.contains('\x1b'));
    CHECK_FALSE(because.contains('\n'));
}

TEST_CASE("no secret that an action was handed is in what is kept of its output") {
    CHECK(without("a s3cret b s3cret", {"s3cret"}) == "a *** b ***");
    CHECK(without("abc", {"abc", ""}) == "abc");
    // One that begins another does not uncover the rest of it.
    CHECK(without("a s3cret-tail b s3cret", {"s3cret", "s3cret-tail"}) == "a *** b ***");
    // The cut goes through the first: neither it nor a part of it may stay.
    const std::string secret(400, 's');
    for (const std::size_t before : {0U, 4000U, 4090U, 4096U, 30'000U, 100'000U}) {
        Tail tail;
        tail.add(std::string(before, '.'));
        tail.add(secret);
        tail.add(std::string(output_bytes_max - 100, '.'));
        const std::string text = tail.text({secret});
        CAPTURE(before);
        CHECK(text.size() <= output_bytes_max);
        CHECK_FALSE(text.contains("ss"));
    }
}

TEST_CASE("of a long output the end is kept") {
    Tail tail;
    for (int line = 0; line < 100'000; ++line) {
        tail.add(std::to_string(line) + "\n");
    }
    const std::string text = tail.text({});
    CHECK(text.size() == output_bytes_max);
    CHECK(text.ends_with("\n99999\n"));
}

}  // namespace homeostat::adapters::task
