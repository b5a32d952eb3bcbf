// The ledger through a power loss at each of its calls to the disk, and another in the recovery.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/disk/choices_for_test.hpp"

#include "ledger_run.hpp"

#include <cstdlib>

namespace homeostat::ledger_test {

namespace {

using sim::disk::ChoicesForTest;
using sim::disk::WriteOrder;

/// Every third loss or so is enough each time; `make soak` wants them all.
std::uint64_t losses_max() {
    return std::getenv("LOSSES") != nullptr ? 4096 : 200;
}

struct Count {
    std::uint64_t losses{0};
    std::uint64_t stops{0};
    std::uint64_t sampled_stops{0};
};

/// A loss at a random call of the recovery after the first one, then another recovery.
void check_second_loss(const SimDisk& lost, const Told& told, WriteOrder order, Rng& rng) {
    SimDisk again = lost;
    constexpr int recovery_calls_max = 12;
    again.stop_at(static_cast<std::uint64_t>(rng.between(1, recovery_calls_max)));
    const Told more = run(again, {Durability::synced}, told);
    again.lose_power([&](std::uint64_t count) { return rng.next() % count; }, order);
    const std::string trouble = trouble_with(again, more);
    CHECK_MESSAGE(trouble.empty(), trouble);
}

/// All losses of `stopped` if they are few enough, and as many drawn by chance if not.
void check_losses(const SimDisk& stopped, const Told& told, WriteOrder order, Count& count) {
    Rng rng(20250703 + count.stops);
    ChoicesForTest choices;
    bool has_more = true;
    for (std::uint64_t loss = 0; has_more && loss < 2 * losses_max(); ++loss) {
        SimDisk lost = stopped;
        if (loss < losses_max()) {
            lost.lose_power(std::ref(choices), order);
            has_more = choices.advance();
        } else {
            lost.lose_power([&](std::uint64_t ways) { return rng.next() % ways; }, order);
        }
        SimDisk to_check = lost;
        const std::string trouble = trouble_with(to_check, told);
        CHECK_MESSAGE(trouble.empty(), trouble);
        check_second_loss(lost, told, order, rng);
        ++count.losses;
    }
    count.sampled_stops += has_more ? 1 : 0;
}

Count check_every_call(WriteOrder order) {
    Count count;
    for (bool has_stopped = true; has_stopped;) {
        SimDisk disk;
        disk.stop_at(++count.stops);
        CAPTURE(count.stops);
        const Told told = run(disk, script());
        has_stopped = disk.is_stopped();
        check_losses(disk, told, order, count);
    }
    MESSAGE(count.stops, " calls, ", count.losses, " power losses; at ", count.sampled_stops,
            " calls a sample of what is possible");
    return count;
}

}  // namespace

TEST_CASE("the ledger keeps its promises through a power loss at any call") {
    CHECK(check_every_call(WriteOrder::kept).stops > 40);
}

TEST_CASE("the ledger keeps its promises also where sectors reach the disk in any order") {
    CHECK(check_every_call(WriteOrder::none).stops > 40);
}

}  // namespace homeostat::ledger_test
