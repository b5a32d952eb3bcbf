#include "homeostat/adapters/task/proof_file.hpp"

#include "homeostat/adapters/task/task_for_test.hpp"
#include "homeostat/adapters/task/task_lock.hpp"

#include <doctest/doctest.h>

#include <fstream>

namespace homeostat::adapters::task {

namespace {

TaskProof proof() {
    return {.task = "clean",
            .declaration = "d1",
            .proven_at = "2026-11-30T06:00:00.000Z",
            .by = "alice",
            .check_ms = 5,
            .run_ms = 70,
            .take_back_ms = {}};
}

}  // namespace

TEST_CASE("a proof is for just one declaration of just one task") {
    const DirectoryForTest directory;
    const std::filesystem::path proofs = directory.path() / "ledger.tasks";
    const TaskId task("clean");
    CHECK(lack_of_proof(proofs, task, "d1") == "it was never tested");
    REQUIRE(write_proof(proofs, proof()));
    CHECK(lack_of_proof(proofs, task, "d1").empty());
    CHECK(lack_of_proof(proofs, task, "d2").contains("has changed since"));
    CHECK(read_proof(proofs, task)->run_ms == 70);
    std::filesystem::copy_file(proof_path(proofs, task), proof_path(proofs, TaskId("other")));
    CHECK(lack_of_proof(proofs, TaskId("other"), "d1").contains("another task"));
}

TEST_CASE("what others may write, or what is no proof, proves nothing") {
    const DirectoryForTest directory;
    const TaskId task("clean");
    const std::string path = proof_path(directory.path(), task);
    REQUIRE(write_proof(directory.path(), proof()));
    CHECK(std::filesystem::status(path).permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    std::filesystem::permissions(path, std::filesystem::perms::all);
    CHECK(lack_of_proof(directory.path(), task, "d1").contains("alone"));
    std::filesystem::remove(path);
    REQUIRE(write_proof(directory.path(), proof()));
    std::filesystem::rename(path, directory.path() / "elsewhere");
    std::filesystem::create_symlink(directory.path() / "elsewhere", path);
    CHECK_FALSE(lack_of_proof(directory.path(), task, "d1").empty());
    std::filesystem::remove(path);
    for (const std::string& text : {std::string(), std::string("{}"),
                                    std::string("{\"task\":\"clean\"}"), std::string(5000, '{')}) {
        std::ofstream(path) << text;
        CHECK_FALSE(lack_of_proof(directory.path(), task, "d1").empty());
    }
}

TEST_CASE("a task's lock is held by whoever runs it, and by what is left of a command") {
    const DirectoryForTest directory;
    const std::string path = lock_path(directory.path(), TaskId("clean"));
    CHECK_FALSE(TaskLock::is_held(path));
    boost::asio::io_context context;
    {
        const Result<TaskLock> lock = TaskLock::take(path);
        REQUIRE(lock);
        CHECK(TaskLock::is_held(path));
        CHECK(TaskLock::take(path).error().fault == Fault::busy);
        // It leaves its session, so nobody ends it, as after a kill -9 of the agent.
        const Action leaves = shell_for_test(
            "setsid sh -c 'echo $$ > pid; while [ ! -e go ]; do sleep 0.02; done' & "
            "while [ ! -s pid ]; do sleep 0.01; done",
            directory.path());
        net::run_for_test(context, run_action(leaves, Purpose{.effect = "e", .held_fd = lock->fd()},
                                              Instant::max()));
    }
    CHECK(TaskLock::is_held(path));
    CHECK(TaskLock::take(path).error().fault == Fault::busy);
    std::ofstream(directory.path() / "go") << "";
    net::run_until_for_test(context, [&] { return !TaskLock::is_held(path); });
    CHECK(TaskLock::take(path));
}

}  // namespace homeostat::adapters::task
