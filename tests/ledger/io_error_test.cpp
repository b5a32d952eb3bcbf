// The ledger where each of its calls to the disk fails, once or from then on.

#include "ledger_run.hpp"

#include <array>
#include <cerrno>

namespace homeostat::ledger_test {

namespace {

using sim::disk::WriteOrder;

/// What is wrong after the fault is over and the program is started again, and after a power loss
/// that takes all that was not durable.
void check_afterwards(const SimDisk& disk, const Told& told) {
    SimDisk restarted = disk;
    restarted.end_processes();
    const std::string trouble = trouble_with(restarted, told);
    CHECK_MESSAGE(trouble.empty(), "started again: ", trouble);
    SimDisk lost = disk;
    lost.lose_power([](std::uint64_t) { return 0; }, WriteOrder::kept);
    const std::string loss = trouble_with(lost, told);
    CHECK_MESSAGE(loss.empty(), "after a power loss: ", loss);
}

std::uint64_t calls_of_a_run() {
    SimDisk disk;
    CHECK(run(disk, script()).durable_count == script().size());
    return disk.calls_count();
}

}  // namespace

TEST_CASE("no failing call makes the ledger lose or invent a group") {
    const std::uint64_t calls_count = calls_of_a_run();
    REQUIRE(calls_count > 30);
    for (const int error_number : std::array{EIO, ENOSPC, EROFS}) {
        for (std::uint64_t call = 1; call <= calls_count; ++call) {
            for (const bool is_sticky : {false, true}) {
                CAPTURE(error_number);
                CAPTURE(call);
                CAPTURE(is_sticky);
                SimDisk disk;
                disk.fail_with(
                    {.error_number = error_number, .call_index = call, .is_sticky = is_sticky});
                const Told told = run(disk, script());
                check_afterwards(disk, told);
            }
        }
    }
}

TEST_CASE("a start that trusts a sync after one that failed does not lose what it acknowledges") {
    for (std::uint64_t sync = 1; sync <= 5; ++sync) {
        CAPTURE(sync);
        SimDisk disk;
        disk.fail_with(
            {.error_number = EIO, .call_index = sync, .only = sim::disk::CallKind::sync});
        const Told told = run(disk, script());
        disk.end_processes();
        const Told more = run(disk, {Durability::synced}, told);
        disk.lose_power([](std::uint64_t) { return 0; }, WriteOrder::kept);
        const std::string trouble = trouble_with(disk, more);
        CHECK_MESSAGE(trouble.empty(), trouble);
    }
}

TEST_CASE("a start after a directory's sync that failed does not lose the file it writes to") {
    for (std::uint64_t sync = 1; sync <= 4; ++sync) {
        CAPTURE(sync);
        SimDisk disk;
        disk.fail_with(
            {.error_number = EIO, .call_index = sync, .only = sim::disk::CallKind::sync_directory});
        const Told told = run(disk, script());
        disk.end_processes();
        const Told more = run(disk, {Durability::synced}, told);
        disk.lose_power([](std::uint64_t) { return 0; }, WriteOrder::kept);
        const std::string trouble = trouble_with(disk, more);
        CHECK_MESSAGE(trouble.empty(), trouble);
    }
}

}  // namespace homeostat::ledger_test
