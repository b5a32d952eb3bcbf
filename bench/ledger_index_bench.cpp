// What the index of a ledger saves: the incidents of the last hour out of 100,000 groups, from the
// index and by reading all of the ledger, in turn on the same files.
//
//     build/release/bin/ledger_index_bench       (in $TMPDIR)

#include "homeostat/adapters/segment_log/segment_log.hpp"
#include "homeostat/app/ledger_history.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <stdlib.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace homeostat {

namespace {

namespace segment_log = adapters::segment_log;

constexpr std::uint64_t groups_count = 100'000;
constexpr std::uint64_t groups_per_incident = 5;
constexpr WallTime begin{std::chrono::milliseconds{1'700'000'000'000}};

class Scratch {
  public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "ledger.XXXXXX").string();
        ensure(::mkdtemp(name.data()) != nullptr, "a benchmark gets a directory");
        path = name;
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    std::filesystem::path path;
};

/// An incident is opened, tried and closed in five groups, ten seconds apart.
EntryGroup group_of(std::uint64_t number) {
    const std::string id = "i-" + std::to_string(number / groups_per_incident + 1);
    const Remedy rollback = Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};
    Entry entry{EntryKind::checkpoint, IncidentId(id), json::object{{"node", "act"}}};
    if (number % groups_per_incident == 0) {
        Proposal proposal;
        proposal.service = ServiceId("payments");
        proposal.symptom.subject.name = "payments";
        proposal.diagnosis.evidence.lines.assign(8, "errors 31 % since 2 s at the edge");
        proposal.menu.items = {{rollback, 0.8, "the version brought the fault"}};
        proposal.choice.remedy = rollback;
        entry = {EntryKind::opened, IncidentId(id), to_json(proposal)};
    } else if (number % groups_per_incident == 2) {
        IntentBody intent;
        intent.effect = EffectId(id + ".e1");
        intent.remedy = rollback;
        intent.step = SwapVersion{ServiceId("payments"), VersionId("v2"), VersionId("v1")};
        entry = {EntryKind::intent, IncidentId(id), to_json(intent)};
    } else if (number % groups_per_incident == 4) {
        entry = {EntryKind::closed, IncidentId(id),
                 to_json(ClosedBody{CloseKind::healed, {rollback}})};
    }
    EntryGroup group;
    group.wall_at = begin + std::chrono::seconds{10 * number};
    group.entries.push_back(std::move(entry));
    return group;
}

void fill(const std::filesystem::path& directory) {
    boost::asio::io_context io;
    segment_log::Options options;
    options.directory = directory;
    options.boot_id = "bench";
    const std::unique_ptr<segment_log::SegmentLog> log =
        std::move(segment_log::SegmentLog::open(std::move(options)).value());
    for (std::uint64_t number = 0; number < groups_count; ++number) {
        boost::asio::co_spawn(io, log->append(group_of(number), ports::Durability::written),
                              [](const std::exception_ptr&, const Result<ports::Position>& done) {
                                  ensure(done.has_value(), "the ledger takes a group");
                              });
        if (number % 1000 == 0) {
            io.restart();
            io.run();
        }
    }
    io.restart();
    io.run();
}

double ms_of(const app::HistoryPlace& place) {
    const WallTime last = begin + std::chrono::seconds{10 * groups_count};
    app::HistoryQuestion question;
    question.filter.since = last - std::chrono::hours{1};
    const auto began_at = std::chrono::steady_clock::now();
    const Result<app::History> history = app::ask_history(place, question, [](std::string_view) {});
    ensure(history && history->incidents.size() == 72, "an hour has 72 incidents");
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began_at)
        .count();
}

void last_hour(benchmark::State& state) {
    const Scratch scratch;
    const std::filesystem::path ledger = scratch.path / "ledger";
    const std::filesystem::path index = scratch.path / "ledger.index";
    fill(ledger);
    const double built_ms = ms_of({ledger, index});
    double indexed_ms = 0;
    double read_ms = 0;
    for ([[maybe_unused]] const auto iteration : state) {
        indexed_ms += ms_of({ledger, index});
        read_ms += ms_of({ledger, {}});
    }
    const auto rounds = static_cast<double>(state.iterations());
    state.counters["build_ms"] = built_ms;
    state.counters["indexed_ms"] = indexed_ms / rounds;
    state.counters["read_ms"] = read_ms / rounds;
    state.counters["read_over_indexed"] = read_ms / indexed_ms;
}
BENCHMARK(last_hour)->Iterations(5)->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace homeostat

BENCHMARK_MAIN();
