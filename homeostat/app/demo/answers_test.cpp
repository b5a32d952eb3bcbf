#include "homeostat/app/demo/answers.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::app::demo {

namespace {

constexpr Duration gap = std::chrono::milliseconds{10};

Instant at_ms(std::int64_t ms) {
    return Instant{std::chrono::milliseconds{ms}};
}

/// 100 answers per second over ten seconds, bad while `is_bad` says so of the millisecond.
template <class IsBad>
std::vector<Answer> ten_seconds(IsBad is_bad) {
    std::vector<Answer> answers;
    for (std::int64_t ms = 0; ms < 10'000; ms += 10) {
        answers.push_back({at_ms(ms), gap, is_bad(ms) ? 503 : 200, !is_bad(ms)});
    }
    return answers;
}

}  // namespace

TEST_CASE("healing ends at the start of the first good window, not at the last bad answer") {
    const auto answers =
        ten_seconds([](std::int64_t ms) { return ms >= 1'000 && ms < 3'000 && ms % 50 == 0; });
    const Impact impact = impact_of(answers, at_ms(500), at_ms(10'000));
    REQUIRE(impact.began_at);
    REQUIRE(impact.healed_at);
    CHECK(*impact.began_at == at_ms(1'000));
    // Two bad answers of 200 are 1 %: the window may still hold the last two of them.
    CHECK(*impact.healed_at == at_ms(2'860));
    CHECK(impact.failed_count == 40);
    CHECK(impact.requests_count == 950);
}

TEST_CASE("a fault that lasts to the end is not healed") {
    const auto answers = ten_seconds([](std::int64_t ms) { return ms >= 1'000 && ms % 50 == 0; });
    const Impact impact = impact_of(answers, at_ms(0), at_ms(10'000));
    CHECK(impact.began_at);
    CHECK_FALSE(impact.healed_at);
}

TEST_CASE("a window that nobody watched to its end heals nothing") {
    const auto answers = ten_seconds([](std::int64_t ms) { return ms >= 1'000 && ms < 3'000; });
    CHECK_FALSE(impact_of(answers, at_ms(0), at_ms(4'900)).healed_at);
    CHECK(impact_of(answers, at_ms(0), at_ms(5'100)).healed_at);
}

TEST_CASE("answers that are all good have no beginning of a fault") {
    const Impact impact =
        impact_of(ten_seconds([](std::int64_t) { return false; }), at_ms(0), at_ms(10'000));
    CHECK_FALSE(impact.began_at);
    CHECK_FALSE(impact.healed_at);
    CHECK(impact.failed_count == 0);
}

TEST_CASE("wrong answers are counted apart from other failures, from their first to their last") {
    auto answers = ten_seconds([](std::int64_t ms) { return ms >= 1'000 && ms < 3'000; });
    for (Answer& answer : answers) {
        answer.is_wrong = !answer.is_good && answer.due_at >= at_ms(2'500);
    }
    const Impact impact = impact_of(answers, at_ms(0), at_ms(10'000));
    CHECK(impact.failed_count == 200);
    CHECK(impact.wrong_count == 50);
    CHECK(impact.wrong_for == std::chrono::milliseconds{490});
    CHECK(impact_of(answers, at_ms(3'000), at_ms(10'000)).wrong_count == 0);
}

TEST_CASE("a silent load generator heals nothing") {
    std::vector<Answer> answers = ten_seconds([](std::int64_t ms) { return ms == 1'000; });
    std::erase_if(answers, [](const Answer& answer) { return answer.due_at > at_ms(1'000); });
    CHECK_FALSE(impact_of(answers, at_ms(0), at_ms(10'000)).healed_at);
}

TEST_CASE("a line is an answer only if all four words are right") {
    const Result<Answer> good = parse_answer("1000 2500 200 good");
    REQUIRE(good);
    CHECK(good->due_at == instant_of_ns(1'000));
    CHECK(good->latency == std::chrono::microseconds{2'500});
    CHECK(good->is_good);
    CHECK_FALSE(good->is_wrong);
    CHECK_FALSE(parse_answer("1000 2500 200 slow")->is_good);
    CHECK_FALSE(parse_answer("1000 2500 200 slow")->is_wrong);
    CHECK(parse_answer("1000 2500 200 wrong")->is_wrong);
    for (const char* line : {"", "1000 2500 200", "1000 2500 200 fine", "x 2500 200 good",
                             "1000 2500 200 good more", "1000 2500 2x0 good", "1000  200 good"}) {
        CAPTURE(line);
        CHECK_FALSE(parse_answer(line));
    }
}

TEST_CASE("a good window that is followed by more failures is no lasting heal") {
    // Bad, well for 2.5 s, bad again, then well to the end.
    const auto answers = ten_seconds(
        [](std::int64_t ms) { return (ms >= 1'000 && ms < 2'000) || (ms >= 4'500 && ms < 5'500); });
    const Impact plain = impact_of(answers, at_ms(0), at_ms(10'000));
    REQUIRE(plain.healed_at);
    CHECK(*plain.healed_at < at_ms(2'100));
    const Impact lasting =
        lasting_impact_of(answers, at_ms(0), at_ms(10'000), std::chrono::seconds{3});
    REQUIRE(lasting.healed_at);
    CHECK(*lasting.healed_at >= at_ms(5'400));
    CHECK(lasting.began_at == plain.began_at);
    CHECK(lasting.failed_count == plain.failed_count);
}

TEST_CASE("a heal is lasting only when it has lasted") {
    const auto answers = ten_seconds([](std::int64_t ms) { return ms >= 1'000 && ms < 2'000; });
    const auto healed_by = [&](std::int64_t ms) {
        std::vector<Answer> seen = answers;
        std::erase_if(seen, [&](const Answer& answer) { return answer.due_at >= at_ms(ms); });
        return lasting_impact_of(seen, at_ms(0), at_ms(ms), std::chrono::seconds{3})
            .healed_at.has_value();
    };
    CHECK_FALSE(healed_by(4'900));
    CHECK(healed_by(5'100));
}

}  // namespace homeostat::app::demo
