// A ledger that an older program wrote: fuzz/seeds/ledger_entry/story.jsonl is one of a real run,
// from before verdicts had grounds and facts had caches. It is never written anew.

#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>  // tidy(pure): as the next.
#include <fstream>     // tidy(pure): no builder makes what another program wrote.
#include <set>
#include <string>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

SimulatedMachine with_older_ledger() {
    SimulatedMachine machine;
    machine.settings.boot_id = "another";
    // tidy(pure): as above.
    std::ifstream lines(std::filesystem::path(__FILE__).parent_path() /
                        "../../fuzz/seeds/ledger_entry/story.jsonl");
    for (std::string line; std::getline(lines, line);) {
        const Result<json::value> value = parse_json(line);
        REQUIRE(value);
        Result<EntryGroup> group = from_json<EntryGroup>(*value);
        REQUIRE_MESSAGE(group.has_value(), (group ? "" : group.error().text));
        machine.disk.groups.push_back(std::move(*group));
    }
    REQUIRE(machine.disk.groups.size() > 5);
    machine.disk.boot_id = machine.settings.boot_id;
    return machine;
}

}  // namespace

TEST_CASE("the ledger of an older program is gone on with: versions, numbers, what was closed") {
    SimulatedMachine machine = with_older_ledger();
    const std::string last = machine.disk.groups.back().entries.front().incident.text();
    SimulatedProcess process(machine);
    const Result<void> started = process.start();
    REQUIRE_MESSAGE(started.has_value(), (started ? "" : started.error().text));
    CHECK(process.executor->incidents().empty());
    CHECK(process.executor->versions_good(Artifact::deploy) == std::set{VersionId("v1")});
    process.clock.run_for(3s);
    machine.world.end_process(InstanceId("payments-0"));
    const Result<Standing> submitted = process.submit(reflex_of(machine, "payments-0"));
    REQUIRE(submitted);
    CHECK(submitted->incident.text() != last);
    REQUIRE(process.settle());
    CHECK(machine.world.changes_count.size() == 1);
    CHECK(machine.world.serving_count() == machine.world.instances.size());
}

}  // namespace homeostat::heal
