// A task that is run by a Job, with a played cluster: what is told while one may go on.

#include "homeostat/adapters/task/gate_for_test.hpp"
#include "homeostat/adapters/task/proof_file.hpp"
#include "homeostat/adapters/task/task_actuator.hpp"
#include "homeostat/adapters/task/task_for_test.hpp"
#include "homeostat/os/clock.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>

namespace homeostat::adapters::task {

namespace {

using namespace std::chrono_literals;

Declaration job_for_test(const std::filesystem::path& directory) {
    Declaration declaration = declaration_for_test(directory);
    declaration.run = {.call = JobCall{"shop", "reindex"}, .timeout = 20s};
    declaration.take_back = Action{.call = JobCall{"shop", "reindex-back"}, .timeout = 5s};
    return declaration;
}

/// What the cluster answers; one life of an agent after another asks it.
struct Cluster {
    Task<Ran> run(JobOrder order) {
        orders.push_back(std::move(order));
        co_return answer;
    }
    Task<Result<bool>> look() {
        looks_count += 1;
        if (on_look) {
            on_look();
        }
        co_return goes_on;
    }
    Jobs functions() {
        return {.run = [this](JobOrder order, Instant) { return run(std::move(order)); },
                .goes_on = [this](Instant) { return look(); }};
    }

    Ran answer{.kind = RanKind::answered, .status = 0, .because = "complete", .output = {}};
    Result<bool> goes_on{false};
    std::function<void()> on_look;
    std::vector<JobOrder> orders;
    int looks_count{0};
};

struct World {
    World() { prove(); }

    void prove() {
        REQUIRE(write_proof(files.path() / "proofs", {.task = declaration.task.text(),
                                                      .declaration = digest_of(declaration),
                                                      .proven_at = {},
                                                      .by = {},
                                                      .check_ms = 0,
                                                      .run_ms = 0,
                                                      .take_back_ms = {}}));
    }

    Outcome perform(bool is_inverse = false) {
        const Run step{declaration.task, digest_of(declaration), is_inverse};
        Request request{guard::Gate::permit(EffectId("i-1.e2"), step)};
        return net::run_for_test(context,
                                 actuator.perform(std::move(request), os::read_boot_clock() + 24s));
    }

    Result<FactsPart> read() {
        return net::run_for_test(context, actuator.read(os::read_boot_clock() + 8s));
    }
    bool has_facts(const Result<FactsPart>& part) {
        return part && !std::get<TasksFacts>(*part).tasks.empty();
    }
    Result<FactsPart> glance() {
        return net::run_for_test(context, actuator.glance(os::read_boot_clock()));
    }

    DirectoryForTest files;
    boost::asio::io_context context;
    Declaration declaration{job_for_test(files.path())};
    Checker checker{context.get_executor(), declaration.check};
    Cluster cluster;
    TaskActuator actuator{
        checker,
        declaration,
        {.directory = files.path() / "proofs", .service = "shop", .jobs = cluster.functions()}};
};

}  // namespace

TEST_CASE("a task is run and taken back by Jobs of the templates that it names") {
    World world;
    CHECK(world.perform().kind == OutcomeKind::done);
    CHECK(world.perform(true).kind == OutcomeKind::done);
    REQUIRE(world.cluster.orders.size() == 2);
    CHECK(world.cluster.orders[0].call.from == "reindex");
    CHECK(world.cluster.orders[0].effect == "shop/i-1.e2");
    CHECK(world.cluster.orders[0].timeout == 20s);
    CHECK(world.cluster.orders[1].call.from == "reindex-back");
}

TEST_CASE("a Job that failed is an unknown outcome, and one that was not made a refusal") {
    World world;
    world.cluster.answer.status = 1;
    CHECK(world.perform().kind == OutcomeKind::unknown);
    world.cluster.answer.kind = RanKind::lost;
    CHECK(world.perform().kind == OutcomeKind::unknown);
    world.cluster.answer.kind = RanKind::not_begun;
    CHECK(world.perform().kind == OutcomeKind::refused);
}

TEST_CASE("where there is no cluster no Job is made") {
    const Ran ran = ran_for_test({.call = JobCall{"shop", "reindex"}});
    CHECK(ran.kind == RanKind::not_begun);
}

TEST_CASE("a successor looks for a Job before it believes a check, and waits for its end") {
    World world;
    CHECK_FALSE(world.has_facts(world.glance()));  // It has not looked.
    world.cluster.goes_on = true;
    const Result<FactsPart> busy = world.read();
    REQUIRE_FALSE(busy);
    CHECK(busy.error().fault == Fault::busy);
    CHECK_FALSE(world.has_facts(world.glance()));
    world.cluster.goes_on = false;
    const Instant ended_at = os::read_boot_clock();
    const Result<FactsPart> seen = world.read();
    REQUIRE(world.has_facts(seen));
    CHECK(std::get<TasksFacts>(*seen).tasks.front().checked_at >= ended_at);
    CHECK(world.has_facts(world.glance()));
    CHECK(world.has_facts(world.read()));
    CHECK(world.cluster.looks_count == 2);  // Once it knows that none goes on it looks no more.
}

TEST_CASE("after an outcome that nobody knows it is looked again, after one that is known not") {
    World world;
    CHECK(world.has_facts(world.read()));
    CHECK(world.perform().kind == OutcomeKind::done);
    CHECK(world.has_facts(world.read()));
    CHECK(world.cluster.looks_count == 1);
    world.cluster.answer.kind = RanKind::lost;
    CHECK(world.perform().kind == OutcomeKind::unknown);
    world.cluster.goes_on = true;
    CHECK(world.read().error().fault == Fault::busy);
    CHECK(world.cluster.looks_count == 2);
}

TEST_CASE("what the server does not say is a failed read, but where we may not even look") {
    World world;
    world.cluster.goes_on = fail(Fault::unreachable, "away");
    CHECK(world.read().error().fault == Fault::unreachable);
    // Who may not look may not make one either: a task at watch needs no right.
    world.cluster.goes_on = fail(Fault::refused, "403");
    CHECK(world.has_facts(world.read()));
}

TEST_CASE("a look that was overtaken by a run tells nothing of it") {
    World world;
    world.cluster.answer.kind = RanKind::lost;
    world.cluster.on_look = [&world] {
        world.cluster.on_look = {};
        boost::asio::io_context another;
        const Run step{world.declaration.task, digest_of(world.declaration), false};
        Request request{guard::Gate::permit(EffectId("i-1.e2"), step)};
        static_cast<void>(net::run_for_test(
            another, world.actuator.perform(std::move(request), os::read_boot_clock() + 24s)));
    };
    CHECK(world.read().error().fault == Fault::busy);
    world.cluster.goes_on = true;
    CHECK(world.read().error().fault == Fault::busy);
}

}  // namespace homeostat::adapters::task
