#include "homeostat/adapters/process/instance_record.hpp"

#include "homeostat/adapters/process/world_for_test.hpp"
#include "homeostat/base/fields.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::adapters::process {

namespace {

const std::string good =
    R"({"name":"pay-0","effect":"i-1.e2","version":"v1","config":"c1","boot_id":"b","pid":4711,)"
    R"("start_ticks":99,"shim_pid":4710,"shim_start_ticks":98,"started_at_ns":1000})";

std::string with(const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("a record that the shim writes is one that the adapter reads") {
    World world;
    const Outcome outcome = world.replace("i-1.e1", {});
    REQUIRE_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    const InstanceRecord record = world.record();
    CHECK(record.name.text() == "pay-0");
    CHECK(record.effect.text() == "i-1.e1");
    CHECK(record.identity().pid == world.instances_alive().at(0));
    CHECK(record.shim_pid == world.shims_alive().at(0));
    CHECK(!record.exit_status);
}

TEST_CASE("a record that was written before configurations had versions names none") {
    const Result<InstanceRecord> record = parse_instance_record(with("\"config\":\"c1\",", ""));
    REQUIRE(record.has_value());
    CHECK(record->version.text() == "v1");
    CHECK(record->config.empty());
}

TEST_CASE("a whole record is read with every field") {
    const Result<InstanceRecord> record = parse_instance_record(good);
    REQUIRE(record.has_value());
    CHECK(record->identity() == ProcessIdentity{4711, 99});
    CHECK(to_ns(record->started_at_ns) == 1000);
    CHECK(parse_instance_record(to_text(to_json(*record))) == record);
}

TEST_CASE("a record with anything wrong in it is corrupt and not 'no process'") {
    const std::vector<std::string> bad{
        "",
        "{}",
        "[]",
        good.substr(0, good.size() / 2),
        with("\"pid\":4711", "\"pid\":1"),
        with("\"pid\":4711", "\"pid\":0"),
        with("\"pid\":4711", "\"pid\":-1"),
        with("\"pid\":4711", "\"pid\":4294967297"),
        with("\"pid\":4711", "\"pid\":4710"),
        with("\"pid\":4711", "\"pid\":4711,\"pid\":4712"),
        with("\"pid\":4711", "\"pid\":\"4711\""),
        with("\"pid\":4711", "\"pid\":4711.5"),
        with("pay-0", "../pay-0"),
        with("pay-0", ""),
        with("i-1.e2", "i 1"),
        with("\"version\":\"v1\",", ""),
        with("\"config\":\"c1\"", "\"config\":\"c/1\""),
        with("\"boot_id\"", "\"more\":1,\"boot_id\""),
        with("\"started_at_ns\":1000", "\"started_at_ns\":-1"),
        with("\"started_at_ns\":1000", "\"started_at_ns\":1000,\"ended_at_ns\":999"),
        good + std::string(record_bytes_max, ' '),
    };
    for (const std::string& text : bad) {
        CAPTURE(text);
        const Result<InstanceRecord> record = parse_instance_record(text);
        REQUIRE(!record);
        CHECK(record.error().fault == Fault::corrupt);
    }
}

}  // namespace homeostat::adapters::process
