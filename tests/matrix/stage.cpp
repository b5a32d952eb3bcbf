#include "stage.hpp"

#include <fmt/format.h>

#include <chrono>

namespace homeostat::matrix {

using namespace std::chrono_literals;

Stage::Stage(const Cell& cell)
    : spoiler{cell},
      cluster(clock),
      lease(clock, spoiler),
      sink(clock, spoiler),
      budget(clock, spoiler),
      witness(cluster, lease, sink, budget) {
    cluster.does_rollback_help = cell.phase != Phase::undo;
}

Duration Stage::fault_for() const {
    // A Lease is lost 20 s after its last renewal, and taken by others 30 s after it.
    return spoiler.cell.port == Port::lease ? Duration{45s} : Duration{20s};
}

void Stage::enter(Phase phase) {
    if (phase != spoiler.cell.phase || spoiler.has_begun) {
        return;
    }
    spoiler.has_begun = true;
    spoiler.is_on = true;
    fault_ends_at = clock.now() + fault_for();
    say("the fault begins");
}

void Stage::pass() {
    if (spoiler.is_on && clock.now() >= *fault_ends_at) {
        spoiler.is_on = false;
        say("the fault is over");
    }
    lease.pass();
    sink.pass();
}

void Stage::say(std::string_view line) {
    constexpr Duration begins_at = 1h;
    trace.push_back(
        fmt::format("{:8.3f} {}", to_seconds(clock.now().time_since_epoch() - begins_at), line));
}

void Stage::notify(const std::string& text) {
    notices.push_back(text);
    say("person is told: " + text);
}

}  // namespace homeostat::matrix
