// `homeostat export` as a program meets it: standard output that is read slowly, a file that is
// whole or not there, an interruption.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/app/child_for_test.hpp"
#include "homeostat/app/commands.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;

ExportOptions options_of(const ledger::ScratchForTest& scratch) {
    ExportOptions options;
    options.ledger.ledger = scratch.ledger();
    return options;
}

ChildForTest exporting(const ExportOptions& options) {
    return {[&options] { return export_ledger(options); }, STDOUT_FILENO};
}

}  // namespace

TEST_CASE("an export that is interrupted ends with whole lines and says that they are not all") {
    constexpr std::uint64_t groups_count =
        12'000;  // Over 2 MiB, and a mebibyte is written at once.
    const ledger::ScratchForTest scratch;
    {
        ledger::LogForTest log(ledger::options_for_test(scratch));
        for (std::uint64_t number = 0; number < groups_count; ++number) {
            REQUIRE(log.append(ledger::group_for_test(number), ports::Durability::written));
        }
    }
    const ExportOptions options = options_of(scratch);
    const ChildForTest program = exporting(options);
    std::string text = program.read_some(1);  // It is within its first mebibyte, and stays there.
    REQUIRE(text.size() == 1);
    program.interrupt();
    text += program.read_all();
    CHECK(program.wait() == ExitStatus::interrupted);
    REQUIRE_FALSE(text.empty());
    CHECK(text.back() == '\n');
    const auto lines_count = static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
    CHECK(lines_count > 0);
    CHECK(lines_count < groups_count);
}

TEST_CASE("what an export writes to a file is what it prints, and appears once it is whole") {
    const ledger::ScratchForTest scratch;
    ledger::fill_for_test(ledger::options_for_test(scratch), 20);
    ExportOptions options = options_of(scratch);
    const ChildForTest program = exporting(options);
    const std::string printed = program.read_all();
    REQUIRE(program.wait() == ExitStatus::ok);
    CHECK(std::ranges::count(printed, '\n') == 20);
    options.out = scratch.path() / "export.jsonl";
    ledger::write_for_test(options.out.string() + ".partial", "of an export that was killed");
    REQUIRE(export_ledger(options) == ExitStatus::ok);
    CHECK(ledger::read_for_test(options.out) == printed);
    CHECK_FALSE(std::filesystem::exists(options.out.string() + ".partial"));
    SUBCASE("one that finds nothing leaves the file of before") {
        options.incident = "i-99";
        CHECK(export_ledger(options) == ExitStatus::usage);
    }
    SUBCASE("one that meets a damaged ledger likewise") {
        std::string bytes = ledger::read_for_test(scratch.segment(0));
        bytes[bytes.size() / 2] ^= 1;
        ledger::write_for_test(scratch.segment(0), bytes);
        CHECK(export_ledger(options) == ExitStatus::unexpected);
    }
    CHECK(ledger::read_for_test(options.out) == printed);
    CHECK_FALSE(std::filesystem::exists(options.out.string() + ".partial"));
}

TEST_CASE("a file that cannot be made is named, and nothing is printed instead") {
    const ledger::ScratchForTest scratch;
    ledger::fill_for_test(ledger::options_for_test(scratch), 2);
    ExportOptions options = options_of(scratch);
    options.out = scratch.path() / "absent" / "export.jsonl";
    const ChildForTest program = exporting(options);
    CHECK(program.read_all().empty());
    CHECK(program.wait() != ExitStatus::ok);
}

}  // namespace homeostat::app
