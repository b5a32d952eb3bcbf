#include "homeostat/heal/outside_desk.hpp"

#include "homeostat/heal/simulated_outside_for_test.hpp"
#include "homeostat/heal/simulated_ports_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace homeostat::heal {

using namespace std::chrono_literals;

namespace {

/// A ledger whose chain has the hashes h0, h1, … so far.
struct Desk {
    SimulatedWorld world;
    boost::asio::io_context context;
    SimulatedClock clock{world, context};
    PortCalls calls{context.get_executor(), clock, [](const std::string&) {}};
    SimulatedConfirmations confirmations;
    SimulatedFleetStore store;
    SimulatedFleet fleet{store, clock};
    OutsideDesk desk{calls, clock, &confirmations, &fleet};

    void write_up_to(std::uint64_t group) {
        const std::uint64_t first = desk.ledger_end() ? *desk.ledger_end() + 1 : 0;
        for (std::uint64_t index = first; index <= group; ++index) {
            desk.note({index, hash_of(index)});
        }
    }

    static std::string hash_of(std::uint64_t group) { return "h" + std::to_string(group); }

    template <class T>
    T await(Task<T> task) {
        std::optional<T> result;
        boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr, T value) {
            result.emplace(std::move(value));
        });
        REQUIRE(clock.run_until([&] { return result.has_value(); }, 1min));
        return *std::move(result);
    }

    Confirmations ask(std::optional<std::uint64_t> decided_in) {
        return await(desk.await(decided_in, {"pg"}));
    }
};

}  // namespace

TEST_CASE("a word from outside counts once it names a hash of our own chain") {
    Desk it;
    it.write_up_to(9);
    it.confirmations.words["pg"] = ports::HeldOutside{8, "h8", {}};
    CHECK(it.ask(8).all.front().up_to == 8U);

    it.confirmations.words["pg"] = ports::HeldOutside{8, "of another ledger", {}};
    const Confirmation foreign = it.ask(8).all.front();
    CHECK_FALSE(foreign.up_to);
    CHECK(foreign.trouble == "what it has there is not what the ledger has");

    it.confirmations.words["pg"] = ports::HeldOutside{12, "h12", {}};  // We have not written it.
    CHECK_FALSE(it.ask(8).all.front().up_to);
}

TEST_CASE("a word about what an earlier process wrote is none about the decision of this one") {
    Desk it;
    it.desk.note({20, "h20"});
    it.confirmations.words["pg"] = ports::HeldOutside{19, "h19", {}};
    CHECK_FALSE(it.ask(20).all.front().up_to);
}

TEST_CASE("who lags is waited for, and not for long") {
    Desk it;
    it.write_up_to(5);
    it.confirmations.words["pg"] = ports::HeldOutside{3, "h3", "it is slow"};
    const Instant before = it.world.now;
    const Confirmations late = it.ask(5);
    CHECK(late.all.front().up_to == 3U);
    CHECK(late.all.front().trouble == "it is slow");
    CHECK(it.world.now - before >= 2s);
    CHECK(it.world.now - before < 3s);
    CHECK(it.confirmations.hurried == std::vector<std::string>{"pg"});

    it.confirmations.come_at = it.world.now + 300ms;
    it.confirmations.clock = &it.clock;
    it.confirmations.words_later["pg"] = ports::HeldOutside{5, "h5", {}};
    const Instant again = it.world.now;
    CHECK(it.ask(5).all.front().up_to == 5U);
    CHECK(it.world.now - again < 500ms);
}

TEST_CASE("nobody waits where it is not known in which group the decision stands") {
    Desk it;
    const Instant before = it.world.now;
    CHECK_FALSE(it.ask(it.desk.ledger_end()).decided_in);
    CHECK(it.world.now == before);
}

TEST_CASE("a desk that has nobody outside confirms and grants nothing") {
    Desk it;
    OutsideDesk alone(it.calls, it.clock, nullptr, nullptr);
    alone.note({0, "h0"});
    CHECK_FALSE(it.await(alone.await(0, {"pg"})).all.front().up_to);
    const FleetWord word = it.await(alone.take({.place = EffectId("i-1.e1"), .limits = {}}));
    CHECK(word.says == FleetSays::unreachable);
}

TEST_CASE("a store that fails or never answers grants nothing") {
    for (const bool is_silent : {false, true}) {
        Desk it;
        it.store.trouble = is_silent ? "" : "connection refused";
        it.store.never_answers = is_silent;
        const FleetAsk ask{.place = EffectId("i-1.e1"), .limits = {}, .holds_for = 1min};
        const FleetWord word = it.await(it.desk.take(ask));
        CHECK(word.says == FleetSays::unreachable);
        CHECK(word.place == ask.place);
        CHECK_FALSE(word.because.empty());
    }
}

}  // namespace homeostat::heal
