#include "homeostat/net/turns.hpp"

#include "homeostat/net/run_for_test.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <optional>
#include <vector>

using namespace homeostat;
using namespace homeostat::net;
using namespace std::chrono_literals;

namespace {

/// Who asks for turns, and what became of them, by their numbers.
struct World {
    boost::asio::io_context context;
    std::optional<Turns> turns{context.get_executor()};
    std::vector<int> went;
    std::vector<Fault> gave_up;
    std::deque<Turns::Turn> held;

    void ask(int number, Instant deadline = Instant::max()) {
        boost::asio::co_spawn(context, turns->take(deadline),
                              [this, number](std::exception_ptr, Result<Turns::Turn> turn) {
                                  if (turn) {
                                      went.push_back(number);
                                      held.push_back(*std::move(turn));
                                  } else {
                                      gave_up.push_back(turn.error().fault);
                                  }
                              });
        settle();
    }
    void give_back() {
        held.pop_front();
        settle();
    }
    void settle() {
        context.restart();
        context.poll();
    }
};

}  // namespace

TEST_CASE("one goes at a time, in the order in which they asked") {
    World world;
    for (int number = 0; number < 4; ++number) {
        world.ask(number);
    }
    CHECK(world.went == std::vector{0});
    world.give_back();
    CHECK(world.went == std::vector{0, 1});
    world.ask(4);
    while (!world.held.empty()) {
        CHECK(world.held.size() == 1);
        world.give_back();
    }
    CHECK(world.went == std::vector{0, 1, 2, 3, 4});
    world.ask(5);
    CHECK(world.went.back() == 5);
}

TEST_CASE("whoever waits gives up at their deadline, and the one behind goes in their place") {
    World world;
    world.ask(0);
    world.ask(1, now_for_test() + 1ms);
    world.ask(2);
    run_until_for_test(world.context, [&] { return !world.gave_up.empty(); });
    CHECK(world.gave_up == std::vector{Fault::late});
    world.give_back();
    CHECK(world.went == std::vector{0, 2});
}

TEST_CASE("a deadline that has passed takes no turn, also when nobody is at it") {
    World world;
    world.ask(0, now_for_test() - 1ns);
    CHECK(world.gave_up == std::vector{Fault::late});
    world.ask(1);
    CHECK(world.went == std::vector{1});
}

TEST_CASE("there is a most of those who wait") {
    World world;
    world.ask(0);
    for (std::size_t count = 0; count < Turns::waiting_max; ++count) {
        world.ask(1);
    }
    CHECK(world.gave_up.empty());
    world.ask(2);
    CHECK(world.gave_up == std::vector{Fault::busy});
}

TEST_CASE("a turn may outlive the queue, and so may whoever waits for it") {
    World world;
    world.ask(0);
    world.ask(1);
    world.turns.reset();
    world.give_back();
    CHECK(world.went == std::vector{0, 1});
}

TEST_CASE("frames that are destroyed with their context give back what they had") {
    std::optional<Turns> turns;
    {
        boost::asio::io_context context;
        turns.emplace(context.get_executor());
        bool has_gone = false;
        const Result<Turns::Turn> turn = run_for_test(context, turns->take(Instant::max()));
        REQUIRE(turn);
        boost::asio::co_spawn(context, turns->take(Instant::max()),
                              [&](std::exception_ptr, Result<Turns::Turn>) { has_gone = true; });
        context.restart();
        context.poll();
        CHECK_FALSE(has_gone);
    }
}
