#include "homeostat/console/notice_queue.hpp"

#include "homeostat/console/matter_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

using namespace homeostat;
using namespace homeostat::console;
using namespace std::chrono_literals;

namespace {

constexpr Instant begin = instant_of_ns(1'000'000'000'000);

Notice numbered(int number) {
    Notice notice;
    notice.id = std::to_string(number);
    notice.incident = IncidentId("i-" + notice.id);
    notice.text = "text " + notice.id;
    return notice;
}

struct World {
    NoticeQueue queue{ServiceId("rates"), {.per_minute = 4}};
    Instant now{begin};

    /// What is sent at this moment, all at once.
    std::vector<Notice> send_all() {
        std::vector<Notice> sent;
        while (const auto notice = queue.due(now, noon_for_test + (now - begin) / 1ms * 1ms)) {
            sent.push_back(*notice);
            queue.sent(now);
        }
        return sent;
    }
};

}  // namespace

TEST_CASE("notices are sent in the order in which they came") {
    World world;
    world.queue.add(numbered(1), world.now);
    world.queue.add(numbered(2), world.now);
    const std::vector<Notice> sent = world.send_all();
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].id == "1");
    CHECK(sent[1].id == "2");
    CHECK(world.send_all().empty());
}

TEST_CASE("of a flood a few are sent, and one message says what was left out") {
    World world;
    for (int number = 1; number <= 1'000; ++number) {
        world.queue.add(numbered(number), world.now);
        CHECK(world.queue.waiting_count() <= 3);
    }
    const std::vector<Notice> sent = world.send_all();
    REQUIRE(sent.size() == 4);
    CHECK(sent[2].id == "3");
    CHECK(sent[3].kind == NoticeKind::left_out);
    CHECK(sent[3].text == "997 more messages were not sent one by one");
    CHECK(sent[3].details.front() == "i-4: text 4");
    CHECK(sent[3].details.back() == "and 992 more");
    CHECK(sent[3].advice.contains("homeostat status"));
}

TEST_CASE("in no minute are there more messages than are allowed") {
    World world;
    std::deque<Instant> sent_at;
    for (int second = 0; second < 600; ++second) {
        world.now = begin + second * 1s;
        world.queue.add(numbered(second), world.now);
        for (const Notice& notice : world.send_all()) {
            CHECK(!notice.id.empty());
            sent_at.push_back(world.now);
        }
        while (!sent_at.empty() && world.now - sent_at.front() >= 1min) {
            sent_at.pop_front();
        }
        CHECK(sent_at.size() <= 4);
    }
    world.now += 2min;
    const std::vector<Notice> last = world.send_all();
    REQUIRE(last.size() == 1);
    CHECK(last[0].kind == NoticeKind::left_out);
    CHECK(world.queue.left_out_count() == 0);
}

TEST_CASE("what does not get through is sent again, later each time, until it is taken") {
    World world;
    world.queue.add(numbered(1), world.now);
    world.queue.add(numbered(2), world.now);
    const auto try_in_vain = [&](Duration pause) {
        REQUIRE(world.queue.due(world.now, noon_for_test));
        CHECK(world.queue.due(world.now, noon_for_test)->id == "1");
        CHECK_FALSE(world.queue.failed(true, {}, world.now));
        CHECK_FALSE(world.queue.due(world.now + pause - 1ms, noon_for_test));
        world.now += pause;
    };
    for (const Duration pause : {1s, 2s, 4s, 8s, 16s, 32s}) {
        try_in_vain(pause);
    }
    for (int minute = 0; minute < 24 * 60; ++minute) {
        try_in_vain(1min);
    }
    const std::vector<Notice> sent = world.send_all();
    REQUIRE(sent.size() == 2);  // In order, whatever had to wait.
    CHECK(sent[0].id == "1");
    CHECK(sent[1].id == "2");
}

TEST_CASE(
    "how much of the ledger people were told of moves when a message is taken, and no sooner") {
    World world;
    CHECK_FALSE(world.queue.owed_after());
    for (int number = 1; number <= 9; ++number) {
        Notice notice = numbered(number);
        notice.due_after = 10 * static_cast<std::uint64_t>(number);
        world.queue.add(notice, world.now);
        CHECK(world.queue.owed_after() == 10);
    }
    REQUIRE(world.queue.due(world.now, noon_for_test));
    CHECK_FALSE(world.queue.failed(true, {}, world.now));
    CHECK(world.queue.owed_after() == 10);
    world.now += 1s;
    for (const std::uint64_t next : {20U, 30U, 40U}) {  // 4 to 9 are summed up in one.
        REQUIRE(world.queue.due(world.now, noon_for_test));
        world.queue.sent(world.now);
        CHECK(world.queue.owed_after() == next);
    }
    CHECK(world.queue.due(world.now, noon_for_test)->kind == NoticeKind::left_out);
    CHECK(world.queue.owed_after() == 40);
    world.queue.sent(world.now);
    CHECK_FALSE(world.queue.owed_after());
}

TEST_CASE("what a receiver will never take is owed no longer") {
    World world;
    world.queue.add(numbered(1), world.now);
    REQUIRE(world.queue.due(world.now, noon_for_test));
    CHECK(world.queue.failed(false, {}, world.now));
    CHECK_FALSE(world.queue.owed_after());
}

TEST_CASE("what the receiver will never take is tried once, and a pause that it asks for is kept") {
    World world;
    world.queue.add(numbered(1), world.now);
    world.queue.add(numbered(2), world.now);
    REQUIRE(world.queue.due(world.now, noon_for_test));
    CHECK(world.queue.failed(false, {}, world.now));
    REQUIRE(world.queue.due(world.now, noon_for_test)->id == "2");
    CHECK_FALSE(world.queue.failed(true, 30s, world.now));
    CHECK_FALSE(world.queue.due(world.now + 29s, noon_for_test));
    CHECK(world.queue.due(world.now + 30s, noon_for_test));
    CHECK_FALSE(world.queue.failed(true, 24h, world.now));  // But no longer than a minute.
    CHECK(world.queue.due(world.now + 60s, noon_for_test));
}

TEST_CASE("a question that nobody can answer any more is not sent, but counted") {
    World world;
    Notice late = numbered(1);
    late.until = noon_for_test;
    world.queue.add(late, world.now);
    const auto due = world.queue.due(world.now, noon_for_test);
    REQUIRE(due);
    CHECK(due->kind == NoticeKind::left_out);
    CHECK(due->details.front() == "i-1: text 1");
}
