#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/app/commands.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
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

}  // namespace homeostat::app
