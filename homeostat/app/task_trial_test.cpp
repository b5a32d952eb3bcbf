// Trials of tasks with real programs: what proves one, what does not, and what is left behind.

#include "homeostat/app/task_trial.hpp"

#include "homeostat/adapters/task/task_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

namespace task = adapters::task;

struct World {
    Trial try_it() {
        boost::asio::io_context context;
        Trial trial;
        TrialOptions options;
        options.effect = "shop/test.1";
        options.tell = [this](const std::string& line) { told += line + "\n"; };
        if (!breaks.empty()) {
            options.breaks =
                std::get<task::Command>(task::shell_for_test(breaks, files.path()).call);
        }
        net::run_for_test(context, try_task(declaration, std::move(options), trial));
        return trial;
    }

    void run_by(const std::string& script) {
        declaration.run = task::shell_for_test(script, files.path());
    }

    task::DirectoryForTest files;
    task::Declaration declaration{task::declaration_for_test(files.path())};
    std::string breaks;
    std::string told;
};

/// "check not well, run done, check well".
std::string story_of(const Trial& trial) {
    std::string story;
    for (const TrialStep& step : trial.steps) {
        story += (story.empty() ? "" : ", ") + step.step + " " + step.result;
    }
    return story;
}

}  // namespace

TEST_CASE("a task is proven from broken to well, by way of what takes it back") {
    World world;
    const Trial trial = world.try_it();
    CHECK(trial.trouble.empty());
    CHECK(trial.warnings.empty());
    CHECK(story_of(trial) ==
          "check not well, run done, check well, take_back done, check not well, run done, check "
          "well");
    CHECK(world.files.text_of("runs") == "shop/test.1.1\nshop/test.1.3\n");
    const task::TaskProof proof = proof_of(world.declaration, trial, "now", "alice");
    CHECK(proof.declaration == digest_of(world.declaration));
    CHECK(proof.take_back_ms);
}

TEST_CASE("what cannot be taken back is proven without it") {
    World world;
    world.declaration.take_back.reset();
    const Trial trial = world.try_it();
    CHECK(trial.trouble.empty());
    CHECK(story_of(trial) == "check not well, run done, check well");
    CHECK_FALSE(proof_of(world.declaration, trial, "now", "alice").take_back_ms);
}

TEST_CASE("where all is well it is broken first, or nothing is run") {
    World world;
    world.run_by("touch well");
    world.breaks = "touch well";
    CHECK(world.try_it().trouble.empty());
    world.breaks.clear();
    const Trial well = world.try_it();
    CHECK(well.trouble.contains("all is well"));
    CHECK(story_of(well) == "check well");
    world.breaks = "rm well";
    CHECK(story_of(world.try_it()).starts_with("check well, break done, check not well, run done"));
    world.breaks = "exit 5";
    const Trial unbroken = world.try_it();
    CHECK(unbroken.trouble.contains("break is unknown"));
    CHECK(story_of(unbroken) == "check well, break unknown");
}

TEST_CASE("a check that does not answer proves nothing, and nothing is run") {
    World world;
    world.declaration.check = task::shell_for_test("exit 2", world.files.path());
    const Trial trial = world.try_it();
    CHECK(trial.trouble.contains("does not answer"));
    CHECK_FALSE(world.files.has("runs"));
    world.declaration.check = task::shell_for_test("sleep 1000", world.files.path());
    world.declaration.check.timeout = std::chrono::milliseconds{100};
    CHECK(world.try_it().trouble.contains("does not answer"));
    CHECK_FALSE(world.files.has("runs"));
}

TEST_CASE("a task that is refused, or nobody knows of, is not proven") {
    World world;
    world.run_by("echo not now; exit 75");
    const Trial refused = world.try_it();
    CHECK(refused.trouble.starts_with("run is refused"));
    CHECK(refused.steps.back().output == "not now\n");
    world.run_by("sleep 1000");
    world.declaration.run.timeout = std::chrono::milliseconds{100};
    CHECK(world.try_it().trouble.contains("is not known, look for yourself"));
}

TEST_CASE("what takes it back has to be taken") {
    World world;
    world.declaration.take_back = task::shell_for_test("exit 1", world.files.path());
    CHECK(world.try_it().trouble.starts_with("take_back is unknown"));
}

TEST_CASE("who takes more than half of the time that it may is warned of") {
    World world;
    world.run_by("sleep 2.1; touch well");
    world.declaration.run.timeout = std::chrono::seconds{4};
    world.declaration.take_back.reset();
    const Trial trial = world.try_it();
    CHECK(trial.trouble.empty());
    REQUIRE(trial.warnings.size() == 1);
    CHECK(trial.warnings[0].starts_with("run took 2."));
}

}  // namespace homeostat::app
