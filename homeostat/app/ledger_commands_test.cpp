#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/app/commands.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

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

}  // namespace

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
