// What the ledger costs above what it cannot do without: an append above a bare write + fdatasync
// of the same bytes, and a verification above SHA-256 of the same bytes.
//
// Both are done in turn, in the same directory and on the same disk, so that what the disk does
// meanwhile meets both. The goals of the project: an append takes at most 1.3 times as long, a
// verification is at least 0.6 times as fast.
//
//     build/release/bin/ledger_append_bench       (in $TMPDIR; choose a real disk, not tmpfs)

#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/adapters/segment_log/segment_log.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/domain/entry.hpp"

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <openssl/evp.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat {

namespace {

namespace segment_log = adapters::segment_log;
using Seconds = std::chrono::duration<double>;

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

/// A superstep of `bytes`, about.
EntryGroup group_of(std::size_t bytes) {
    EntryGroup group;
    json::object body;
    body["checkpoint"] = std::string(bytes, 'x');
    group.entries.push_back(Entry{EntryKind::checkpoint, IncidentId("i-1"), std::move(body)});
    return group;
}

Seconds time_of_append(boost::asio::io_context& io,
                       segment_log::SegmentLog& log,
                       EntryGroup group) {
    const auto began_at = std::chrono::steady_clock::now();
    std::optional<Result<ports::Position>> position;
    boost::asio::co_spawn(io, log.append(std::move(group), ports::Durability::synced),
                          [&position](const std::exception_ptr&, Result<ports::Position> result) {
                              position = std::move(result);
                          });
    io.restart();
    io.run();
    ensure(position && *position, "the ledger takes a group");
    return std::chrono::steady_clock::now() - began_at;
}

Seconds time_of_floor(int file, const std::string& bytes) {
    const auto began_at = std::chrono::steady_clock::now();
    ensure(::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
               ::fdatasync(file) == 0,
           "the floor's file takes the bytes");
    return std::chrono::steady_clock::now() - began_at;
}

double quantile_us(std::vector<Seconds> times, double share) {
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(times.size() - 1));
    std::nth_element(times.begin(), times.begin() + at, times.end());
    return 1e6 * times[static_cast<std::size_t>(at)].count();
}

void append_against_floor(benchmark::State& state) {
    const Scratch scratch;
    const EntryGroup group = group_of(static_cast<std::size_t>(state.range(0)));
    boost::asio::io_context io;
    segment_log::Options options;
    options.directory = scratch.path / "ledger";
    options.boot_id = "bench";
    const std::unique_ptr<segment_log::SegmentLog> log =
        std::move(segment_log::SegmentLog::open(std::move(options)).value());
    time_of_append(io, *log, group);
    const auto first_bytes = std::filesystem::file_size(scratch.path / "ledger" / "000000.hlog");
    const std::string bytes(first_bytes - segment_log::segment_header_bytes, 'x');
    const int file = ::open((scratch.path / "floor").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);

    std::vector<Seconds> ledger;
    std::vector<Seconds> floor;
    for ([[maybe_unused]] const auto iteration : state) {
        floor.push_back(time_of_floor(file, bytes));
        ledger.push_back(time_of_append(io, *log, group));
        state.SetIterationTime(ledger.back().count());
    }
    ::close(file);
    state.counters["floor_us_p50"] = quantile_us(floor, 0.50);
    state.counters["ledger_us_p50"] = quantile_us(ledger, 0.50);
    state.counters["ratio_p50"] = quantile_us(ledger, 0.50) / quantile_us(floor, 0.50);
    state.counters["floor_us_p99"] = quantile_us(floor, 0.99);
    state.counters["ledger_us_p99"] = quantile_us(ledger, 0.99);
    state.counters["ratio_p99"] = quantile_us(ledger, 0.99) / quantile_us(floor, 0.99);
}
BENCHMARK(append_against_floor)->Arg(512)->Arg(8192)->UseManualTime()->Iterations(2000);

/// As `openssl speed -evp sha256 -bytes 16384` does it.
Seconds time_of_hash(const std::string& bytes) {
    constexpr std::size_t block_bytes = 16'384;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    const auto began_at = std::chrono::steady_clock::now();
    for (std::size_t at = 0; at < bytes.size(); at += block_bytes) {
        const std::size_t size = std::min(block_bytes, bytes.size() - at);
        ensure(EVP_Digest(&bytes[at], size, digest.data(), nullptr, EVP_sha256(), nullptr) == 1,
               "OpenSSL computes SHA-256");
    }
    benchmark::DoNotOptimize(digest);
    return std::chrono::steady_clock::now() - began_at;
}

/// How fast a start reads what is there.
void verify(benchmark::State& state) {
    const Scratch scratch;
    boost::asio::io_context io;
    segment_log::Options options;
    options.directory = scratch.path;
    options.boot_id = "bench";
    const std::unique_ptr<segment_log::SegmentLog> log =
        std::move(segment_log::SegmentLog::open(std::move(options)).value());
    const EntryGroup group = group_of(2048);
    for (int number = 0; number < 4096; ++number) {
        boost::asio::co_spawn(io, log->append(group, ports::Durability::written),
                              [](const std::exception_ptr&, const Result<ports::Position>& done) {
                                  ensure(done.has_value(), "the ledger takes a group");
                              });
    }
    io.run();
    const auto bytes =
        static_cast<std::int64_t>(std::filesystem::file_size(scratch.path / "000000.hlog"));
    const std::string floor_bytes(static_cast<std::size_t>(bytes), 'x');
    std::vector<Seconds> floor;
    std::vector<Seconds> ledger;
    for ([[maybe_unused]] const auto iteration : state) {
        floor.push_back(time_of_hash(floor_bytes));
        const auto began_at = std::chrono::steady_clock::now();
        const Result<segment_log::Verification> seen = segment_log::verify_ledger(scratch.path);
        ledger.emplace_back(std::chrono::steady_clock::now() - began_at);
        ensure(seen && seen->groups_count == 4096, "the ledger is whole");
        state.SetIterationTime(ledger.back().count());
    }
    state.SetBytesProcessed(bytes * static_cast<std::int64_t>(state.iterations()));
    state.counters["speed_ratio_p50"] = quantile_us(floor, 0.50) / quantile_us(ledger, 0.50);
}
BENCHMARK(verify)->Unit(benchmark::kMillisecond)->UseManualTime();

}  // namespace

}  // namespace homeostat

BENCHMARK_MAIN();
