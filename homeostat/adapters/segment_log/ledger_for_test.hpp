#pragma once

// What the ledger's tests share: a directory that goes away, groups to append, and a log that is
// driven from a plain function.

#include "homeostat/adapters/segment_log/segment_log.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/domain/entry.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <stdlib.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace homeostat::adapters::segment_log {

class ScratchForTest {
  public:
    ScratchForTest() {
        std::string name = (std::filesystem::temp_directory_path() / "ledger.XXXXXX").string();
        ensure(::mkdtemp(name.data()) != nullptr, "a test gets a directory");
        path_ = name;
    }
    ~ScratchForTest() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ScratchForTest(const ScratchForTest&) = delete;
    ScratchForTest& operator=(const ScratchForTest&) = delete;

    [[nodiscard]] std::filesystem::path ledger() const { return path_ / "ledger"; }
    [[nodiscard]] std::filesystem::path sink() const { return path_ / "sink.jsonl"; }
    [[nodiscard]] std::filesystem::path segment(std::size_t number) const {
        return ledger() / segment_name(number);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// A group whose content says which one it is.
inline EntryGroup group_for_test(std::uint64_t number) {
    EntryGroup group;
    group.at = instant_of_ns(static_cast<std::int64_t>(1'000'000 * number));
    group.wall_at = WallTime{std::chrono::milliseconds{1'700'000'000'000 + number}};
    json::object body;
    body["number"] = number;
    body["because"] = "a sentence of some length, as records have them";
    group.entries.push_back(
        Entry{EntryKind::proof, IncidentId(fmt::format("i-{}", number)), std::move(body)});
    return group;
}

/// The same of an incident that is over: one that is open is kept, and all behind it.
inline EntryGroup closed_for_test(std::uint64_t number) {
    EntryGroup group = group_for_test(number);
    group.entries[0].kind = EntryKind::closed;
    return group;
}

inline std::string read_for_test(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void write_for_test(const std::filesystem::path& path, std::string_view bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// Waits until `holds`, which another thread is about to bring about; at most ten seconds.
template <class Predicate>
void wait_for_test(Predicate holds) {
    for (int tries = 0; !holds(); ++tries) {
        ensure(tries < 10'000, "what a test waits for happens");
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
}

/// A log whose append() waits: the calls of a strand, one after the other.
class LogForTest {
  public:
    explicit LogForTest(Options options) {
        Result<std::unique_ptr<SegmentLog>> log = SegmentLog::open(std::move(options));
        if (log) {
            log_ = std::move(*log);
        } else {
            trouble_ = log.error();
        }
    }

    [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }
    [[nodiscard]] SegmentLog& log() { return *log_; }

    Result<ports::Position> append(EntryGroup group,
                                   ports::Durability durability = ports::Durability::synced) {
        std::optional<Result<ports::Position>> position;
        boost::asio::co_spawn(
            io_, log_->append(std::move(group), durability),
            [&position](const std::exception_ptr& thrown, Result<ports::Position> result) {
                ensure(thrown == nullptr, "an append throws nothing");
                position = std::move(result);
            });
        io_.restart();
        io_.run();
        ensure(position.has_value(), "an append answers");
        return *position;
    }

    /// The numbers of the groups that are there, or the fault.
    Result<std::vector<std::uint64_t>> numbers() {
        std::vector<std::uint64_t> numbers;
        const Result<void> replayed = log_->replay([&numbers](const EntryGroup& group) {
            numbers.push_back(
                group.entries.at(0).body.as_object().at("number").to_number<std::uint64_t>());
        });
        if (!replayed) {
            return std::unexpected<Error>(replayed.error());
        }
        return numbers;
    }

  private:
    boost::asio::io_context io_;
    std::unique_ptr<SegmentLog> log_;
    std::optional<Error> trouble_;
};

inline Options options_for_test(const ScratchForTest& scratch) {
    return Options{.directory = scratch.ledger(),
                   .boot_id = "boot-1",
                   .sink = {},
                   .on_news = {},
                   .disk_probe_for_test = {}};
}

/// Writes a ledger of `count` groups and closes it.
inline void fill_for_test(const Options& options, std::uint64_t count) {
    LogForTest log(options);
    ensure(!log.trouble(), "the ledger opens");
    const std::uint64_t first = log.numbers().value().size();
    for (std::uint64_t number = first; number < first + count; ++number) {
        ensure(log.append(group_for_test(number)).has_value(), "the ledger takes a group");
    }
}

/// A start that comes two days after the first groups, in their boot, and keeps one day.
inline Options keeping_for_test(Options options) {
    const std::chrono::hours after{48};
    options.keep = std::chrono::hours{24};
    options.clocks_for_test = [after] {
        return Moment{Instant{after}, group_for_test(0).wall_at + after, {}};
    };
    return options;
}

/// A new ledger of `count` groups, one a segment, and of one that is two days younger: a start with
/// keeping_for_test() drops those `count`.
inline void fill_old_for_test(Options options, std::uint64_t count) {
    options.segment_bytes_max = 1;
    LogForTest log(options);
    for (std::uint64_t number = 0; number < count; ++number) {
        ensure(log.append(closed_for_test(number)).has_value(), "the ledger takes a group");
    }
    const Moment now = keeping_for_test(options).clocks_for_test();
    EntryGroup younger = closed_for_test(count);
    younger.at = now.at;
    younger.wall_at = now.wall_at;
    ensure(log.append(younger).has_value(), "the ledger takes a group");
}

/// 0, 1, … count − 1.
inline std::vector<std::uint64_t> numbers_below(std::uint64_t count) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t number = 0; number < count; ++number) {
        numbers.push_back(number);
    }
    return numbers;
}

}  // namespace homeostat::adapters::segment_log
