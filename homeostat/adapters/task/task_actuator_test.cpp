// One task with real programs: what is run when, what is refused, and what is told meanwhile.

#include "homeostat/adapters/task/task_actuator.hpp"

#include "homeostat/adapters/task/gate_for_test.hpp"
#include "homeostat/adapters/task/proof_file.hpp"
#include "homeostat/adapters/task/task_for_test.hpp"
#include "homeostat/adapters/task/task_lock.hpp"
#include "homeostat/adapters/task/task_telemetry.hpp"
#include "homeostat/os/clock.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <optional>
#include <string>

namespace homeostat::adapters::task {

namespace {

using namespace std::chrono_literals;

struct World {
    explicit World(Declaration its_declaration, bool destructive_allowed = false)
        : declaration(std::move(its_declaration)),
          checker(context.get_executor(), declaration.check),
          actuator(checker,
                   declaration,
                   {.directory = directory.path() / "proofs",
                    .service = "shop",
                    .destructive_allowed = destructive_allowed}) {}

    void prove() {
        REQUIRE(write_proof(directory.path() / "proofs", {.task = declaration.task.text(),
                                                          .declaration = digest_of(declaration),
                                                          .proven_at = {},
                                                          .by = {},
                                                          .check_ms = 0,
                                                          .run_ms = 0,
                                                          .take_back_ms = {}}));
    }

    Outcome perform(bool is_inverse = false, std::string declared_as = {}) {
        const Run step{declaration.task, declared_as.empty() ? digest_of(declaration) : declared_as,
                       is_inverse};
        Request request{guard::Gate::permit(EffectId("i-1.e2"), step)};
        return net::run_for_test(context,
                                 actuator.perform(std::move(request), os::read_boot_clock() + 20s));
    }

    std::optional<TaskFacts> read() { return only_of(actuator.read(os::read_boot_clock() + 8s)); }
    std::optional<TaskFacts> glance() { return only_of(actuator.glance(os::read_boot_clock())); }

    /// Whether a read fails since something may be under way.
    bool is_read_busy() {
        const Result<FactsPart> part =
            net::run_for_test(context, actuator.read(os::read_boot_clock() + 8s));
        return !part && part.error().fault == Fault::busy;
    }

    std::optional<TaskFacts> only_of(Task<Result<FactsPart>> asked) {
        const Result<FactsPart> part = net::run_for_test(context, std::move(asked));
        REQUIRE(part);
        const std::vector<TaskFacts>& tasks = std::get<TasksFacts>(*part).tasks;
        return tasks.empty() ? std::nullopt : std::optional(tasks.front());
    }

    [[nodiscard]] std::string lock() const {
        return lock_path(directory.path() / "proofs", declaration.task);
    }

    DirectoryForTest directory;
    boost::asio::io_context context;
    Declaration declaration;
    Checker checker;
    TaskActuator actuator;
};

/// The commands of a declaration know their directory, which is the world's.
struct WellWorld {
    explicit WellWorld(bool is_destructive = false, bool allowed = false) {
        declaration = declaration_for_test(files.path());
        declaration.is_destructive = is_destructive;
        world.emplace(declaration, allowed);
    }
    World* operator->() { return &*world; }

    DirectoryForTest files;
    Declaration declaration;
    std::optional<World> world;
};

}  // namespace

TEST_CASE("a task that is proven is run once, and told its effect") {
    WellWorld world;
    world->prove();
    CHECK_FALSE(world->read()->is_well);
    const Outcome outcome = world->perform();
    CHECK(outcome.kind == OutcomeKind::done);
    CHECK(outcome.because == "exited with status 0, last words: made");
    CHECK(world.files.text_of("runs") == "shop/i-1.e2\n");
    CHECK(world->read()->is_well);
    CHECK(world->read()->is_proven);
    CHECK(world->perform(true).kind == OutcomeKind::done);
    CHECK_FALSE(world->read()->is_well);
    CHECK(world.files.text_of("runs") == "shop/i-1.e2\n");
}

TEST_CASE("what is not proven, declared otherwise, or destructive without leave is not run") {
    WellWorld unproven;
    CHECK(unproven->perform().kind == OutcomeKind::refused);
    CHECK_FALSE(unproven->read()->is_proven);
    WellWorld other;
    other->prove();
    CHECK(other->perform(false, "another digest").kind == OutcomeKind::refused);
    WellWorld destructive(true, false);
    destructive->prove();
    CHECK(destructive->perform().kind == OutcomeKind::refused);
    for (const WellWorld* world : {&unproven, &other, &destructive}) {
        CHECK_FALSE(world->files.has("runs"));
    }
    WellWorld allowed(true, true);
    allowed->prove();
    CHECK(allowed->perform().kind == OutcomeKind::done);
}

TEST_CASE("while an action of it may be under way nothing is run and nothing is told") {
    WellWorld world;
    world->prove();
    CHECK(world->read());
    {
        const Result<TaskLock> held = TaskLock::take(world->lock());
        REQUIRE(held);
        CHECK(world->is_read_busy());
        CHECK_FALSE(world->glance());
        CHECK(world->perform().kind == OutcomeKind::refused);
    }
    CHECK_FALSE(world->glance());  // It was held when the latest check began.
    CHECK(world->read());
    CHECK(world->glance());
    CHECK_FALSE(world.files.has("runs"));
}

TEST_CASE("a check that began before the end of a run does not tell of the world after it") {
    WellWorld world;
    world->prove();
    CHECK(world->read());
    CHECK(world->perform().kind == OutcomeKind::done);
    CHECK_FALSE(world->glance());
    const Instant ended_at = os::read_boot_clock();
    const std::optional<TaskFacts> seen = world->read();
    REQUIRE(seen);
    CHECK(seen->checked_at >= ended_at);
    CHECK(seen->is_well);
}

TEST_CASE("a check that says nothing is no fact and no failed read") {
    WellWorld world;
    Declaration silent = world.declaration;
    silent.check = shell_for_test("exit 3", world.files.path());
    World silent_world(silent);
    CHECK_FALSE(silent_world.read());
}

TEST_CASE("a slow check is waited for by whoever asks later") {
    const DirectoryForTest files;
    Declaration slow = declaration_for_test(files.path());
    slow.check =
        shell_for_test("echo x >> looks; while [ ! -e go ]; do sleep 0.02; done", files.path());
    World world(slow);
    const Instant before = os::read_boot_clock();
    CHECK_FALSE(world.read());
    CHECK(os::read_boot_clock() - before >= look_within);
    CHECK_FALSE(world.read());
    std::ofstream(files.path() / "go") << "";
    CHECK(world.read());
    CHECK(files.text_of("looks") == "x\n");
}

TEST_CASE("each reader is told of each answer once, whoever asked for it") {
    WellWorld world;
    TaskTelemetry watcher(world->checker, world->declaration.task, 1h);
    TaskTelemetry prover(world->checker, world->declaration.task, 0ms);
    const auto readings_of = [&](TaskTelemetry& telemetry) {
        return net::run_for_test(world->context, telemetry.read(os::read_boot_clock() + 1s));
    };
    CHECK(readings_of(watcher)->empty());  // It has only begun.
    CHECK(world->read());
    CHECK(readings_of(watcher)->size() == 1);
    CHECK(readings_of(watcher)->empty());
    CHECK(world->read());
    const auto readings = readings_of(prover);
    REQUIRE(readings);
    CHECK(readings->size() == 2);
    CHECK_FALSE(std::get<CheckReading>(readings->front()).is_well);
    CHECK(world->checker.is_under_way());  // The prover has asked for another.
    CHECK(watcher.is_about({SubjectKind::task, "make_well"}));
    CHECK_FALSE(watcher.is_about({SubjectKind::service, "make_well"}));
}

TEST_CASE("a task is about itself, and may take as long as it declares") {
    WellWorld world;
    const Run run{world.declaration.task, "d", false};
    CHECK(world->actuator.performs(run));
    CHECK_FALSE(world->actuator.performs(Run{TaskId("other"), "d", false}));
    CHECK_FALSE(world->actuator.performs(Invalidate{CacheId("c")}));
    CHECK(world->actuator.performs_for_max(run) == world.declaration.run.timeout + end_within);
    CHECK(world->actuator.is_about({SubjectKind::task, "make_well"}));
    CHECK_FALSE(world->actuator.is_about({SubjectKind::task, "other"}));
}

}  // namespace homeostat::adapters::task
