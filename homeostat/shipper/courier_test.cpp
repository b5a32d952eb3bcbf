#include "homeostat/shipper/courier.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace homeostat::shipper {

namespace {

namespace log = adapters::segment_log;
using namespace std::chrono_literals;

/// What a sink has, over the deaths of couriers.
struct Store {
    std::mutex mutex;
    outbox::Cursor cursor;
    std::vector<std::string> keys;
    std::vector<Error> faults;  ///< Of the next takes, first to last.
    bool keeps_before_fault{false};
    int resumes_count{0};

    std::size_t count() {
        const std::scoped_lock hold(mutex);
        return keys.size();
    }
};

class SinkForTest final : public outbox::Sink {
  public:
    explicit SinkForTest(Store& store) : store_(store) {}

    Result<outbox::Cursor> resume(const std::string& /*ledger*/,
                                  const std::string& /*service*/) override {
        const std::scoped_lock hold(store_.mutex);
        store_.resumes_count += 1;
        return store_.cursor;
    }
    Result<void> take(const outbox::Batch& batch) override {
        const std::scoped_lock hold(store_.mutex);
        const bool fails = !store_.faults.empty();
        if (!fails || store_.keeps_before_fault) {
            for (const outbox::BatchEntry& entry : batch.entries) {
                store_.keys.push_back(outbox::key_of("", entry.place));
            }
            store_.cursor = {batch.next_group, batch.hash};
        }
        if (!fails) {
            return {};
        }
        const Error error = store_.faults.front();
        store_.faults.erase(store_.faults.begin());
        return std::unexpected(error);
    }

  private:
    Store& store_;
};

Courier courier_for_test(const log::ScratchForTest& scratch, Store& store) {
    return Courier({.sink = "audit",
                    .kind = "postgres",
                    .service = "payments",
                    .tell = [](const std::string&) {}},
                   std::make_unique<SinkForTest>(store),
                   LedgerTail({scratch.ledger()}, "payments", {.groups_max = 3}),
                   {.look_every = 1ms, .back_off_first = 1ms, .back_off_max = 4ms});
}

std::vector<std::string> keys_below(std::uint64_t count) {
    std::vector<std::string> keys;
    for (std::uint64_t group = 0; group < count; ++group) {
        keys.push_back(outbox::key_of("", {group, 0}));
    }
    return keys;
}

}  // namespace

TEST_CASE("who waits for a sink is told what it has confirmed itself, and never more") {
    const log::ScratchForTest scratch;
    log::fill_for_test(log::options_for_test(scratch), 8);
    Store store;
    store.faults = {{Fault::late, "no answer"}, {Fault::late, "no answer"}};
    std::vector<outbox::Cursor> told;
    Courier courier({.sink = "audit",
                     .kind = "postgres",
                     .service = "payments",
                     .tell = [](const std::string&) {},
                     .confirmed =
                         [&](const outbox::Cursor& cursor) {
                             CHECK(cursor == store.cursor);
                             told.push_back(cursor);
                         }},
                    std::make_unique<SinkForTest>(store),
                    LedgerTail({scratch.ledger()}, "payments", {.groups_max = 3}),
                    {.look_every = 1ms, .back_off_first = 1ms, .back_off_max = 4ms});
    const std::stop_source never;
    CHECK_FALSE(courier.catch_up(never.get_token()));
    CHECK(told.empty());
    store.keeps_before_fault = true;
    CHECK_FALSE(courier.catch_up(never.get_token()));  // It has taken three, and nobody heard.
    CHECK(told.empty());
    REQUIRE(courier.catch_up(never.get_token()));
    REQUIRE_FALSE(told.empty());
    CHECK(told.front().next_group == 3);  // As it said when it was asked again.
    CHECK(told.back() == outbox::Cursor{8, told.back().hash});
    CHECK_FALSE(told.back().hash.empty());
}

TEST_CASE("a sink gets everything once, though its answers are lost at every other batch") {
    for (const bool keeps : {false, true}) {
        const log::ScratchForTest scratch;
        log::fill_for_test(log::options_for_test(scratch), 20);
        Store store;
        store.keeps_before_fault = keeps;
        for (int count = 0; count < 4; ++count) {
            store.faults.push_back({Fault::late, "no answer"});
        }
        Courier courier = courier_for_test(scratch, store);
        std::jthread thread([&](const std::stop_token& stop) { courier.run(stop); });
        log::wait_for_test([&] { return store.count() >= 20; });
        thread.request_stop();
        thread.join();
        CHECK(store.keys == keys_below(20));
        CHECK(store.resumes_count == 5);
        const app::SinkState state = courier.state(19, WallTime{});
        CHECK(state.standing == app::SinkStanding::following);
        CHECK(state.lag_groups == 0);
        CHECK(state.trouble.empty());
    }
}

TEST_CASE("what a person has to look at stops the sink, and says so") {
    for (const Fault fault : {Fault::refused, Fault::corrupt, Fault::invalid}) {
        const log::ScratchForTest scratch;
        log::fill_for_test(log::options_for_test(scratch), 5);
        Store store;
        store.faults = {{fault, "another history"}};
        Courier courier = courier_for_test(scratch, store);
        courier.run(std::stop_token());
        CHECK(store.keys.empty());
        const app::SinkState state = courier.state(4, WallTime{});
        CHECK(state.standing == app::SinkStanding::stopped);
        CHECK(state.trouble == "another history");
        CHECK(state.lag_groups == 5);
    }
}

TEST_CASE("a courier that dies is followed by one that goes on where the sink stands") {
    const log::ScratchForTest scratch;
    log::fill_for_test(log::options_for_test(scratch), 10);
    Store store;
    {
        Courier first = courier_for_test(scratch, store);
        store.faults = {{Fault::unreachable, "gone"}};
        store.keeps_before_fault = true;
        REQUIRE_FALSE(first.catch_up(std::stop_token()));
    }
    CHECK(store.keys == keys_below(3));
    Courier second = courier_for_test(scratch, store);
    REQUIRE(second.catch_up(std::stop_token()));
    CHECK(store.keys == keys_below(10));
    CHECK(second.state(9, WallTime{}).entries_sent == 7);
}

TEST_CASE("a ledger that is not there yet is waited for") {
    const log::ScratchForTest scratch;
    Store store;
    Courier courier = courier_for_test(scratch, store);
    std::jthread thread([&](const std::stop_token& stop) { courier.run(stop); });
    log::wait_for_test([&] {
        return courier.state(std::nullopt, WallTime{}).standing == app::SinkStanding::retrying;
    });
    CHECK_FALSE(courier.state(std::nullopt, WallTime{}).lag_groups);
    log::fill_for_test(log::options_for_test(scratch), 4);
    log::wait_for_test([&] { return store.count() == 4; });
    thread.request_stop();
    thread.join();
    CHECK(store.keys == keys_below(4));
}

TEST_CASE("a sink that hangs is told of, and asking how it is never waits for it") {
    struct Hanging final : outbox::Sink {
        explicit Hanging(std::atomic<bool>& its_end) : end(its_end) {}
        Result<outbox::Cursor> resume(const std::string&, const std::string&) override {
            return outbox::Cursor{};
        }
        Result<void> take(const outbox::Batch&) override {
            end.wait(false);
            return {};
        }
        std::atomic<bool>& end;
    };
    const log::ScratchForTest scratch;
    log::fill_for_test(log::options_for_test(scratch), 2);
    std::atomic<bool> end{false};
    Courier courier(
        {.sink = "audit", .kind = "nats", .service = "payments", .tell = [](const std::string&) {}},
        std::make_unique<Hanging>(end), LedgerTail({scratch.ledger()}, "payments"));
    std::jthread thread([&](const std::stop_token& stop) { courier.run(stop); });
    log::wait_for_test([&] { return courier.state(1, WallTime{}).next_group == 0; });
    const WallTime later = log::group_for_test(0).wall_at + 90s;
    log::wait_for_test([&] { return courier.state(1, later).lag_seconds == 90; });
    CHECK(courier.state(1, later).lag_groups == 2);
    end = true;
    end.notify_all();
    thread.request_stop();
}

}  // namespace homeostat::shipper
