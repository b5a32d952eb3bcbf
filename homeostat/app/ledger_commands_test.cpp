#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/app/child_for_test.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/base/json.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;

VerifyLedgerOptions options_of(const ledger::ScratchForTest& scratch) {
    VerifyLedgerOptions options;
    options.ledger.common.config = scratch.path() / "a.yaml";
    std::ofstream{options.ledger.common.config}
        << "service: a\nruntime: { process: { command: [x], ports: [1] } }\n"
           "signals: [ { logs: { from: stdout } } ]\n"
           "record: { ledger: ledger, sink: sink.jsonl }\n";
    return options;
}

/// Two witnesses are configured, and the key lies beside the ledger.
VerifyLedgerOptions options_with_witnesses(const ledger::ScratchForTest& scratch) {
    VerifyLedgerOptions options;
    options.ledger.common.config = scratch.path() / "a.yaml";
    std::ofstream{options.ledger.common.config}
        << "service: a\nruntime: { process: { command: [x], ports: [1] } }\n"
           "signals: [ { logs: { from: stdout } } ]\n"
           "record: { ledger: ledger, key: ledger.key,\n"
           "  witnesses: [ { file: first.jsonl }, { file: second.jsonl } ] }\n";
    return options;
}

/// A head for each group goes to `witnesses`.
ledger::Options with_heads(const ledger::ScratchForTest& scratch,
                           const std::vector<std::string>& witnesses) {
    ledger::Options options = ledger::options_for_test(scratch);
    options.heads = ledger::HeadOptions{.key = scratch.path() / "ledger.key",
                                        .witnesses = {},
                                        .pace = {.groups = 1},
                                        .clock_for_test = {},
                                        .disk_probe_for_test = {}};
    for (const std::string& witness : witnesses) {
        options.heads->witnesses.push_back(scratch.path() / witness);
    }
    return options;
}

/// What verify-ledger prints with --json: one line, and nothing else.
json::object document_of(const VerifyLedgerOptions& options, ExitStatus expected) {
    const ChildForTest verifying([&] { return verify_ledger_of(options); }, STDOUT_FILENO);
    const std::string printed = verifying.read_all();
    CHECK(verifying.wait() == expected);
    REQUIRE(printed.ends_with('\n'));
    CHECK(std::ranges::count(printed, '\n') == 1);
    const Result<json::value> document = parse_json(printed);
    REQUIRE_MESSAGE(document, printed);
    return document->as_object();
}

/// Of ten groups, a day apart, the last two are left.
void fill_and_drop(const ledger::ScratchForTest& scratch) {
    using std::chrono::days;
    ledger::Options options = ledger::options_for_test(scratch);
    options.segment_bytes_max = 1;  // Each group has a segment of its own.
    const WallTime begin = ledger::group_for_test(0).wall_at;
    for (int number = 0; number < 10; ++number) {
        const WallTime now = begin + days{number};
        options.clocks_for_test = [now, begin] {
            return ledger::Moment{Instant{now - begin}, now, {}};
        };
        options.keep = number < 9 ? Duration::zero() : Duration{days{1}};
        ledger::LogForTest log(options);
        REQUIRE_FALSE(log.trouble());
        EntryGroup group = ledger::group_for_test(static_cast<std::uint64_t>(number));
        group.at = Instant{now - begin};
        group.wall_at = now;
        group.entries[0].kind = EntryKind::closed;
        REQUIRE(log.append(std::move(group)));
    }
}

}  // namespace

TEST_CASE("every witness that is configured is asked, and one without a head is an objection") {
    const ledger::ScratchForTest scratch;
    const VerifyLedgerOptions options = options_with_witnesses(scratch);
    ledger::fill_for_test(with_heads(scratch, {"first.jsonl", "second.jsonl"}), 2);
    REQUIRE(verify_ledger_of(options) == ExitStatus::ok);
    SUBCASE("only the second knows more than the ledger has") {
        const std::string before = ledger::read_for_test(scratch.segment(0));
        ledger::fill_for_test(with_heads(scratch, {"second.jsonl"}), 2);
        REQUIRE(verify_ledger_of(options) == ExitStatus::ok);
        ledger::write_for_test(scratch.segment(0), before);
    }
    SUBCASE("all of them are removed") {
        std::filesystem::remove(scratch.path() / "first.jsonl");
        std::filesystem::remove(scratch.path() / "second.jsonl");
    }
    SUBCASE("one is removed") {
        std::filesystem::remove(scratch.path() / "second.jsonl");
    }
    SUBCASE("one is empty") {
        ledger::write_for_test(scratch.path() / "second.jsonl", "");
    }
    CHECK(verify_ledger_of(options) == ExitStatus::unexpected);
}

TEST_CASE("a ledger with groups is not proven intact without the copy that is configured") {
    const ledger::ScratchForTest scratch;
    const VerifyLedgerOptions options = options_of(scratch);
    ledger::Options with_sink = ledger::options_for_test(scratch);
    with_sink.sink = scratch.sink();
    ledger::fill_for_test(with_sink, 0);
    std::filesystem::remove(scratch.sink());
    CHECK(verify_ledger_of(options) == ExitStatus::ok);
    ledger::fill_for_test(with_sink, 2);
    CHECK(verify_ledger_of(options) == ExitStatus::ok);
    std::filesystem::remove(scratch.sink());
    CHECK(verify_ledger_of(options) == ExitStatus::unexpected);
    VerifyLedgerOptions without = options;
    without.ledger.ledger = scratch.ledger();
    CHECK(verify_ledger_of(without) == ExitStatus::ok);
}

TEST_CASE(
    "verify-ledger --json says in one line how far a ledger is whole, and what is wrong where") {
    const ledger::ScratchForTest scratch;
    ledger::fill_for_test(ledger::options_for_test(scratch), 3);
    VerifyLedgerOptions options;
    options.ledger.ledger = scratch.ledger();
    options.ledger.common.is_json = true;
    const json::object whole = document_of(options, ExitStatus::ok);
    CHECK(whole.at("records") == 3);
    CHECK(whole.at("intact") == true);
    CHECK(whole.at("first_bad").is_null());
    CHECK(whole.at("trouble") == "");
    CHECK(whole.at("verification").at("groups_count") == 3);
    std::string bytes = ledger::read_for_test(scratch.segment(0));
    std::vector<std::size_t> frames;
    const ledger::FramesEnd end =
        ledger::read_frames(bytes, [&](std::string_view, std::size_t offset) {
            frames.push_back(offset);
            return true;
        });
    REQUIRE(end.kind == ledger::FramesEnd::Kind::clean);
    REQUIRE(frames.size() == 3);
    bytes[frames[2] - 1] ^= 1;  // The last byte of the second.
    ledger::write_for_test(scratch.segment(0), bytes);
    const json::object bad = document_of(options, ExitStatus::unexpected);
    CHECK(bad.at("records") == 1);  // Of the group before it.
    CHECK(bad.at("intact") == false);
    CHECK_FALSE(bad.contains("verification"));
    const json::object& place = bad.at("first_bad").as_object();
    CHECK(place.at("segment") == "000000.hlog");
    CHECK(place.at("offset") == frames[1]);
    CHECK(place.at("why") == "the record here is not what was written, and more follows it");
    CHECK(std::string(bad.at("trouble").as_string()).contains("000000.hlog at byte "));
}

TEST_CASE("commands that find nothing say what the ledger no longer has") {
    const ledger::ScratchForTest scratch;
    fill_and_drop(scratch);
    VerifyLedgerOptions verify;
    verify.ledger.ledger = scratch.ledger();
    const ChildForTest verifying([&] { return verify_ledger_of(verify); }, STDOUT_FILENO);
    const std::string verified = verifying.read_all();
    REQUIRE_MESSAGE(verifying.wait() == ExitStatus::ok, verified);
    CHECK_MESSAGE(verified.contains("\nbegins: with group 8 of "), verified);
    const ChildForTest explaining([&] { return explain_incident(verify.ledger, "i-2"); },
                                  STDERR_FILENO);
    const std::string explained = explaining.read_all();
    CHECK(explaining.wait() == ExitStatus::usage);
    CHECK_MESSAGE(explained.contains("was dropped by age (record.keep)"), explained);
    ExportOptions exported;
    exported.ledger.ledger = scratch.ledger();
    exported.incident = "i-2";
    const ChildForTest exporting([&] { return export_ledger(exported); }, STDERR_FILENO);
    const std::string said = exporting.read_all();
    CHECK(exporting.wait() == ExitStatus::usage);
    CHECK_MESSAGE(said.contains("was dropped by age (record.keep)"), said);
}

}  // namespace homeostat::app
