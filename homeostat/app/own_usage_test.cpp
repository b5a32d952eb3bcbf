#include "homeostat/app/own_usage.hpp"

#include "homeostat/app/usage_file.hpp"
#include "homeostat/app/usage_watch.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/heal/simulated_clock_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/file.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
constexpr WallTime midnight{hours{24 * 365}};

/// So long after midnight, when our process had spent so much.
UsageSample sample(Duration after, Duration cpu, std::uint64_t resident) {
    const auto wall = std::chrono::floor<std::chrono::milliseconds>(after);
    return {Instant{after}, midnight + wall, {7, 100, cpu, resident}, std::nullopt};
}

UsageSample with_model(UsageSample sample, std::int32_t pid, Duration cpu) {
    sample.model = ProcessUsage{pid, 1, cpu, 300 * mebibyte};
    return sample;
}

UsageRecord record_of(int hour) {
    return {.from = midnight + hours{hour},
            .until = midnight + hours{hour + 1},
            .measured_for = hours{1},
            .cpu = seconds{36},
            .resident_bytes_median = static_cast<std::uint64_t>(10 + hour) * mebibyte,
            .resident_bytes_most = static_cast<std::uint64_t>(20 + hour) * mebibyte};
}

std::string line_of(const UsageRecord& record) {
    return to_text(to_json(record)) + "\n";
}

}  // namespace

TEST_CASE("a record has what was spent since the one before, the first from the process's start") {
    UsageMeter meter(1);
    meter.note(sample(0s, 2s, 12 * mebibyte));
    CHECK_FALSE(meter.take(minutes{1}));
    meter.note(sample(30s, 3s, 30 * mebibyte));
    meter.note(sample(60s, 5s, 14 * mebibyte));
    const std::optional<UsageRecord> first = meter.take(minutes{1});
    REQUIRE(first);
    CHECK(first->cpu == 5s);
    CHECK(first->measured_for == 60s);
    CHECK(first->from == midnight);
    CHECK(first->resident_bytes_median == 14 * mebibyte);
    CHECK(first->resident_bytes_most == 30 * mebibyte);
    CHECK_FALSE(first->model_cpu);
    CHECK_FALSE(meter.take(Duration{}));
    meter.note(sample(120s, 6s, 15 * mebibyte));
    const std::optional<UsageRecord> second = meter.take(minutes{1});
    REQUIRE(second);
    CHECK(second->cpu == 1s);
    CHECK(second->from == first->until);
    CHECK(second->resident_bytes_most == 15 * mebibyte);
}

TEST_CASE("a model's server that is started anew is counted on") {
    UsageMeter meter(1);
    meter.note(with_model(sample(0s, 1s, 1), 50, 10s));
    meter.note(with_model(sample(30s, 1s, 1), 50, 14s));
    meter.note(sample(60s, 1s, 1));  // It has ended.
    meter.note(with_model(sample(90s, 1s, 1), 51, 3s));
    const std::optional<UsageRecord> record = meter.take(minutes{1});
    REQUIRE(record);
    CHECK(record->model_cpu == 17s);
    CHECK(record->model_resident_bytes_most == 300 * mebibyte);
}

TEST_CASE("a sum has the hours that touch its bounds, a median of them and the most of all") {
    const std::vector<UsageRecord> records{record_of(0), record_of(1), record_of(2), record_of(9)};
    const UsageSum all = usage_between(records, std::nullopt, std::nullopt);
    CHECK(all.records_count == 4);
    CHECK(all.cpu == 144s);
    CHECK(all.core_ratio(all.cpu) == doctest::Approx(0.01));
    CHECK(all.resident_bytes_median == 12 * mebibyte);
    CHECK(all.resident_bytes_most == 29 * mebibyte);
    CHECK(all.first_at == midnight);
    CHECK(usage_between(records, midnight + hours{1}, midnight + hours{9}).records_count == 2);
    CHECK(usage_between(records, midnight + minutes{59}, {}).records_count == 4);
    CHECK(usage_between(records, midnight + hours{10}, {}).records_count == 0);
}

TEST_CASE("lines that cannot be read, or meant, are passed over and counted") {
    UsageRecord absurd = record_of(3);
    absurd.cpu = hours{241};
    UsageRecord backwards = record_of(3);
    backwards.until = midnight;
    const UsageRead read =
        parse_usage(line_of(record_of(0)) + "{\"from\":1}\n\x01\n" + line_of(absurd) +
                    line_of(backwards) + std::string(2000, ' ') + "\n" + line_of(record_of(1)) +
                    line_of(record_of(2)).substr(0, 20));
    CHECK(read.records == std::vector<UsageRecord>{record_of(0), record_of(1)});
    CHECK(read.unreadable_count == 6);
}

TEST_CASE("the file is bounded: at a start the older half of too many lines goes") {
    const net::TemporaryDirectory directory;
    const std::filesystem::path file = usage_file_of(directory.file("ledger/"));
    CHECK(file == directory.file("ledger.usage"));
    CHECK(read_usage(file)->records.empty());
    REQUIRE(shorten_usage(file));
    REQUIRE(append_usage(file, record_of(0)));
    REQUIRE(append_usage(file, record_of(1)));
    REQUIRE(shorten_usage(file));
    CHECK(read_usage(file)->records.size() == 2);
    std::string many;
    for (std::size_t line = 0; line < usage_lines_max; ++line) {
        many += line_of(record_of(static_cast<int>(line)));
    }
    REQUIRE(os::write_file_atomically(file.string(), many));
    REQUIRE(shorten_usage(file));
    const Result<UsageRead> kept = read_usage(file);
    REQUIRE(kept);
    REQUIRE(kept->records.size() == usage_lines_max / 2);
    CHECK(kept->records.back() == record_of(static_cast<int>(usage_lines_max) - 1));
}

TEST_CASE("an hour of a process is a line, and what is left of one when it stops is another") {
    const net::TemporaryDirectory directory;
    boost::asio::io_context context;
    heal::SimulatedWorld world;
    heal::SimulatedClock clock(world, context);
    std::vector<std::string> log;
    UsageWatch watch(clock, {.file = directory.file("ledger.usage"),
                             .model_pid = [] { return 0; },
                             .log = [&](const std::string& line) { log.push_back(line); }});
    boost::asio::co_spawn(context, watch.run(), boost::asio::detached);
    clock.run_for(2h + 10min);
    watch.stop();
    clock.run_for(5s);
    const Result<UsageRead> read = read_usage(directory.file("ledger.usage"));
    REQUIRE(read);
    REQUIRE(read->records.size() == 3);
    CHECK(read->records[0].measured_for >= 1h);
    CHECK(read->records[0].measured_for < 1h + 1min);
    CHECK(read->records[2].measured_for > 8min);
    CHECK(read->records[0].resident_bytes_most > mebibyte);  // The kernel's word on this process.
    CHECK(log.empty());
}

TEST_CASE("where nothing can be written it is said once, and nothing else happens") {
    const net::TemporaryDirectory directory;
    boost::asio::io_context context;
    heal::SimulatedWorld world;
    heal::SimulatedClock clock(world, context);
    std::vector<std::string> log;
    UsageWatch watch(clock, {.file = directory.file("absent/ledger.usage"),
                             .model_pid = {},
                             .log = [&](const std::string& line) { log.push_back(line); }});
    boost::asio::co_spawn(context, watch.run(), boost::asio::detached);
    clock.run_for(3h);
    watch.stop();
    clock.run_for(5s);
    REQUIRE(log.size() == 1);
    CHECK(log.front().starts_with("what the agent itself costs is not written down: "));
}

}  // namespace homeostat::app
