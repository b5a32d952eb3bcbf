// The promise that two processes of one instance never exist, whoever dies when.

#include "homeostat/adapters/process/runtime.hpp"
#include "homeostat/adapters/process/world_for_test.hpp"
#include "homeostat/os/lock_file.hpp"
#include "homeostat/os/proc.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace homeostat::adapters::process {

namespace {

/// Until a start that outlived its caller has come to an end: shims are there for a live instance
/// only, and then they hold the lock.
bool is_quiet(const World& world) {
    return world.shims_alive().size() == world.instances_alive().size();
}

bool is_locked(const World& world) {
    return !os::LockFile::take(world.options.run_directory + "/pay-0.json.lock").has_value();
}

}  // namespace

TEST_CASE("killed at any point of a replace, the world has one process or none and says which") {
    for (const Phase phase :
         {Phase::checked, Phase::signalled, Phase::ended, Phase::launched, Phase::started}) {
        CAPTURE(static_cast<int>(phase));
        World world;
        REQUIRE(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
        const ProcessIdentity before = world.facts().identity;

        REQUIRE(dies_at(world, phase, [&] { static_cast<void>(world.replace("i-1.e2", before)); }));
        CHECK(world.instances_alive().size() <= 1);
        // A process that was told to end takes its time.
        CHECK(eventually([&] { return phase != Phase::signalled || !world.facts().is_alive; }));
        CHECK(eventually([&] { return is_quiet(world); }));
        const RuntimeInstance seen = world.facts();
        CHECK(world.instances_alive().size() == (seen.is_alive ? 1 : 0));
        if (phase == Phase::checked) {
            CHECK(seen.identity == before);
        }
        if (phase == Phase::signalled || phase == Phase::ended) {
            CHECK(!seen.is_alive);
            CHECK(seen.effect.text() == "i-1.e1");
        }
        if (phase == Phase::started) {
            CHECK(seen.is_alive);
            CHECK(seen.effect.text() == "i-1.e2");
        }

        // The successor reads the world and asks for what is missing, as a new effect.
        const bool is_done = seen.is_alive && seen.effect.text() == "i-1.e2";
        if (!is_done) {
            const ProcessIdentity expected = seen.is_alive ? seen.identity : ProcessIdentity{};
            const Outcome outcome = world.replace("i-1.e3", expected);
            // A start that was under way all that time may have come first: then it is refused.
            CHECK(outcome.kind != OutcomeKind::unknown);
        }
        CHECK(eventually([&] { return world.instances_alive().size() == 1; }));
        CHECK(world.facts().is_alive);
        CHECK(world.facts().effect.text() != "i-1.e1");
    }
}

TEST_CASE("killed in a swap, the link says one version or the other and a second swap works") {
    for (const Phase phase : {Phase::marked, Phase::swapped}) {
        CAPTURE(static_cast<int>(phase));
        World world;
        world.options.versions_root = world.path() + "/root";
        world.make_version("v1");
        world.make_version("v2");
        world.deploy("v1");
        REQUIRE(
            dies_at(world, phase, [&] { static_cast<void>(world.swap("i-1.e1", "v1", "v2")); }));
        const auto current = [&] {
            return std::get<RuntimeFacts>(run(world.runtime()->read(world.soon())).value())
                .version_current.text();
        };
        const bool is_swapped = phase == Phase::swapped;
        CHECK(current() == (is_swapped ? "v2" : "v1"));
        const OutcomeKind again = world.swap("i-1.e2", "v1", "v2").kind;
        CHECK(again == (is_swapped ? OutcomeKind::refused : OutcomeKind::done));
        CHECK(current() == "v2");
    }
}

TEST_CASE("killed at any moment of a replace, a hurried successor makes no second process") {
    for (int round = 0; round < 12; ++round) {
        CAPTURE(round);
        World world;
        REQUIRE(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
        const ProcessIdentity before = world.facts().identity;
        const pid_t agent = ::fork();
        if (agent == 0) {
            static_cast<void>(world.replace("i-1.e2", before));
            ::_exit(0);
        }
        ::usleep(static_cast<useconds_t>(round) * 1500);
        ::kill(agent, SIGKILL);
        ::waitpid(agent, nullptr, 0);
        const RuntimeInstance seen = world.facts();
        const ProcessIdentity expected = seen.is_alive ? seen.identity : ProcessIdentity{};
        static_cast<void>(world.replace("i-1.e3", expected));
        CHECK(world.instances_alive().size() <= 1);
        CHECK(eventually([&] { return is_quiet(world); }));
        CHECK(world.instances_alive().size() == (world.facts().is_alive ? 1 : 0));
    }
}

TEST_CASE("of two guards that start the same instance at once, one does") {
    for (int round = 0; round < 5; ++round) {
        World world;
        const auto first = world.runtime();
        const auto second = world.runtime();
        const auto both = [](Runtime* one, Runtime* other, Instant deadline) -> Task<int> {
            using boost::asio::experimental::awaitable_operators::operator&&;
            const Replace step{InstanceId{"pay-0"}, {}, {}};
            Request left{guard::Gate::permit(EffectId{"i-1.e1"}, step)};
            Request right{guard::Gate::permit(EffectId{"i-2.e1"}, step)};
            Task<Outcome> lefts = one->perform(std::move(left), deadline);
            Task<Outcome> rights = other->perform(std::move(right), deadline);
            const auto outcomes = co_await (std::move(lefts) && std::move(rights));
            const int done_left = std::get<0>(outcomes).kind == OutcomeKind::done ? 1 : 0;
            const int done_right = std::get<1>(outcomes).kind == OutcomeKind::done ? 1 : 0;
            co_return done_left + done_right;
        };
        CHECK(run(both(first.get(), second.get(), world.soon())) == 1);
        CHECK(world.instances_alive().size() == 1);
    }
}

TEST_CASE("an instance outlives its shim, keeps its lock, writes on and can be replaced") {
    World world;
    world.options.command = {"/bin/sh", "-c", "while :; do echo tick; sleep 0.02; done"};
    REQUIRE(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    const InstanceRecord record = world.record();
    ::kill(record.shim_pid, SIGKILL);
    CHECK(eventually([&] { return world.shims_alive().empty(); }));
    const std::string log = world.options.run_directory + "/pay-0.log";
    const auto bytes = std::filesystem::file_size(log);
    CHECK(eventually([&] { return std::filesystem::file_size(log) > bytes + 20; }));
    CHECK(world.facts().is_alive);
    CHECK(world.facts().identity == record.identity());

    // Even with the record gone nobody can start a second one: the lock is the instance's own.
    CHECK(is_locked(world));
    std::filesystem::rename(world.options.run_directory + "/pay-0.json", world.path() + "/kept");
    const Outcome second = world.replace("i-1.e2", {});
    CHECK(second.kind == OutcomeKind::refused);
    CHECK(second.because.contains("locked"));
    CHECK(world.facts().is_alive == false);
    std::filesystem::rename(world.path() + "/kept", world.options.run_directory + "/pay-0.json");

    const Outcome replaced = world.replace("i-1.e3", record.identity());
    CHECK_MESSAGE(replaced.kind == OutcomeKind::done, replaced.because);
    CHECK(world.shims_alive().size() == 1);
}

TEST_CASE("what an instance without a shim left behind gives its place to the successor") {
    World world;
    world.options.command = {"/bin/sh", "-c", "sleep 1001 & sleep 1002 & exec sleep 1000"};
    REQUIRE(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    CHECK(eventually([&] { return world.instances_alive().size() == 3; }));
    const InstanceRecord record = world.record();
    ::kill(record.shim_pid, SIGKILL);
    ::kill(record.pid, SIGKILL);
    CHECK(eventually([&] { return world.instances_alive().size() == 2; }));
    CHECK(!world.facts().is_alive);
    const Outcome replaced = world.replace("i-1.e2", {});
    CHECK_MESSAGE(replaced.kind == OutcomeKind::done, replaced.because);
    CHECK(eventually([&] { return world.instances_alive().size() == 3; }));
}

TEST_CASE("a start that comes after somebody else's is refused by the record it was bound to") {
    World world;
    REQUIRE(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    const auto state = [&] {
        return look_at(RunDirectory{world.options.run_directory}, world.instance(),
                       os::read_boot_id().value())
            .value();
    };
    Launch late = prepare_launch(world.options, world.instance(), {}, EffectId{"i-1.e2"}).value();
    bind_to_record(late, state());
    // Meanwhile the instance has ended, was replaced, and has ended again: the lock is free.
    REQUIRE(world.replace("i-1.e3", world.facts().identity).kind == OutcomeKind::done);
    ::kill(world.record().pid, SIGKILL);
    CHECK(eventually([&] { return world.shims_alive().empty(); }));
    const Result<void> started = run(carry_out(late, world.soon(), world.clock, {}));
    REQUIRE(!started);
    CHECK(started.error().fault == Fault::busy);
    CHECK(world.instances_alive().empty());
    CHECK(world.facts().effect.text() == "i-1.e3");
}

}  // namespace homeostat::adapters::process
