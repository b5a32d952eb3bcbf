// Spares: instances that run only from a replace to a stop.

#include "homeostat/adapters/process/runtime.hpp"
#include "homeostat/adapters/process/world_for_test.hpp"
#include "homeostat/os/lock_file.hpp"

#include <doctest/doctest.h>

#include <signal.h>

#include <filesystem>
#include <string>

namespace homeostat::adapters::process {

namespace {

/// One instance, which is a spare.
struct SpareWorld : World {
    SpareWorld() { options.instances.front().is_spare = true; }

    [[nodiscard]] bool has_record() const {
        return std::filesystem::exists(options.run_directory + "/pay-0.json");
    }
};

}  // namespace

TEST_CASE("a spare is not started by a guard that comes, and is not wanted") {
    SpareWorld world;
    const Result<Arrival> arrival = run(world.runtime()->adopt_or_start(world.soon()));
    REQUIRE(arrival);
    CHECK(arrival->started.empty());
    CHECK(world.instances_alive().empty());
    CHECK(world.facts().is_spare);
    CHECK_FALSE(world.facts().is_wanted);
}

TEST_CASE("a spare that was started is wanted, also by a guard that comes and after it has ended") {
    SpareWorld world;
    REQUIRE(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    CHECK(world.facts().is_wanted);
    const Result<Arrival> arrival = run(world.runtime()->adopt_or_start(world.soon()));
    REQUIRE(arrival);
    CHECK(arrival->adopted.size() == 1);
    ::kill(world.record().pid, SIGKILL);
    CHECK(eventually([&] { return world.shims_alive().empty(); }));
    CHECK(world.facts().is_wanted);
    CHECK_FALSE(world.facts().is_alive);
}

TEST_CASE("a spare that was stopped is a spare again and can be started again") {
    SpareWorld world;
    REQUIRE(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    CHECK(world.stop("i-1.e2", world.facts().identity).kind == OutcomeKind::done);
    CHECK(world.instances_alive().empty());
    CHECK(world.shims_alive().empty());
    CHECK_FALSE(world.facts().is_wanted);
    CHECK(world.replace("i-1.e3", {}).kind == OutcomeKind::done);
    CHECK(world.instances_alive().size() == 1);
}

TEST_CASE("a stop that expects another process touches nothing") {
    SpareWorld world;
    REQUIRE(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    ProcessIdentity other = world.facts().identity;
    other.start_ticks += 1;
    CHECK(world.stop("i-1.e2", other).kind == OutcomeKind::refused);
    CHECK(world.stop("i-1.e3", {}).kind == OutcomeKind::refused);
    CHECK(world.instances_alive().size() == 1);
    CHECK(world.facts().is_wanted);
}

TEST_CASE("an instance that is no spare is never stopped") {
    World world;
    REQUIRE(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    CHECK(world.stop("i-1.e2", world.facts().identity).kind == OutcomeKind::refused);
    CHECK(world.instances_alive().size() == 1);
}

TEST_CASE("a spare whose place somebody holds keeps its record") {
    SpareWorld world;
    REQUIRE(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    ::kill(world.record().pid, SIGKILL);
    CHECK(eventually([&] { return world.shims_alive().empty(); }));
    const auto lock = os::LockFile::take(world.options.run_directory + "/pay-0.json.lock");
    REQUIRE(lock);
    CHECK(world.stop("i-1.e2", {}).kind == OutcomeKind::unknown);
    CHECK(world.has_record());
}

TEST_CASE("killed at any point of a stop, the next one comes to the end") {
    for (const Phase phase : {Phase::checked, Phase::signalled, Phase::ended}) {
        CAPTURE(static_cast<int>(phase));
        SpareWorld world;
        REQUIRE(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
        const ProcessIdentity before = world.facts().identity;
        REQUIRE(dies_at(world, phase, [&] { static_cast<void>(world.stop("i-1.e2", before)); }));
        const bool is_ending = phase != Phase::checked;
        REQUIRE(eventually([&] { return world.instances_alive().empty() || !is_ending; }));
        CHECK(world.facts().is_wanted);
        const RuntimeInstance left = world.facts();
        const ProcessIdentity expected = left.is_alive ? left.identity : ProcessIdentity{};
        CHECK(world.stop("i-1.e3", expected).kind == OutcomeKind::done);
        CHECK_FALSE(world.has_record());
        CHECK(world.instances_alive().empty());
    }
}

}  // namespace homeostat::adapters::process
