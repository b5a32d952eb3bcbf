// What witnesses say to a check: each of several, and a sink of a ledger that was shortened since.

#include "homeostat/adapters/segment_log/verify_ledger.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

Options sink_options(const ScratchForTest& scratch) {
    Options options = options_for_test(scratch);
    options.sink = scratch.sink();
    return options;
}

std::vector<std::string> lines_of(const ScratchForTest& scratch) {
    std::istringstream text(read_for_test(scratch.sink()));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) {
        lines.push_back(line + "\n");
    }
    return lines;
}

/// A ledger that begins with group 3, and a sink that has groups 0 to 3.
struct Shortened {
    Shortened() {
        fill_old_for_test(sink_options(scratch), 3);
        lines = lines_of(scratch);
        REQUIRE(lines.size() == 4);
        LogForTest log(keeping_for_test(options_for_test(scratch)));
        REQUIRE(log.log().replay([](const EntryGroup&) {}));
        REQUIRE_FALSE(std::filesystem::exists(scratch.segment(2)));
    }

    void put(const std::vector<std::string>& sink) const {
        std::string text;
        for (const std::string& line : sink) {
            text += line;
        }
        write_for_test(scratch.sink(), text);
    }

    [[nodiscard]] LedgerCheck check(const std::vector<std::string>& sink) const {
        put(sink);
        return check_ledger(scratch.ledger(), Witness{{}, scratch.sink()});
    }

    [[nodiscard]] Result<void> start(const std::vector<std::string>& sink) const {
        put(sink);
        LogForTest log(sink_options(scratch));
        return log.log().replay([](const EntryGroup&) {});
    }

    /// A line of another ledger's group 2.
    [[nodiscard]] static std::string line_of_another() {
        const ScratchForTest other;
        Options options = sink_options(other);
        options.boot_id = "boot-2";
        fill_old_for_test(options, 2);
        return lines_of(other).at(2);
    }

    ScratchForTest scratch;
    std::vector<std::string> lines;
};

}  // namespace

TEST_CASE("a sink agrees with a shortened ledger from the last group that was dropped on") {
    const Shortened scene;
    const LedgerCheck all = scene.check(scene.lines);
    CHECK_FALSE(all.trouble);
    CHECK(all.seen.first_index == 3);
    CHECK(all.seen.witnessed_count == 2);  // The last one that was dropped, and the first kept.
    const LedgerCheck before = scene.check({scene.lines[0], scene.lines[1], scene.lines[2]});
    CHECK_FALSE(before.trouble);
    CHECK(before.seen.witnessed_count == 1);
    const LedgerCheck behind = scene.check({scene.lines[3]});
    CHECK_FALSE(behind.trouble);
    CHECK(behind.seen.witnessed_count == 1);
}

TEST_CASE("a sink of nothing but what a ledger dropped long ago is no witness of it") {
    const Shortened scene;
    const LedgerCheck seen = scene.check({scene.lines[0], scene.lines[1]});
    REQUIRE(seen.trouble);
    CHECK(seen.trouble->fault == Fault::corrupt);
    CHECK(seen.trouble->text.contains("has seen other groups than these, and none of them"));
    CHECK(seen.seen.witnessed_count == 0);
}

TEST_CASE("a shortened ledger does not go on from another group than its sink has seen") {
    const Shortened scene;
    const LedgerCheck seen =
        scene.check({scene.lines[0], scene.lines[1], Shortened::line_of_another(), scene.lines[3]});
    REQUIRE(seen.trouble);
    CHECK(seen.trouble->fault == Fault::corrupt);
    CHECK(seen.trouble->text.contains("group 2 is not the one that line 3 of"));
}

TEST_CASE("a sink's line of a group in the wrong place is named") {
    const Shortened scene;
    const LedgerCheck seen = scene.check({scene.lines[3], scene.lines[2]});
    REQUIRE(seen.trouble);
    REQUIRE(seen.first_bad);
    CHECK(seen.first_bad->segment == scene.scratch.sink().string());
    CHECK(seen.first_bad->offset == scene.lines[3].size());
    CHECK(seen.trouble->text.contains("has group 2 where 4 belongs"));
}

TEST_CASE("a start refuses a shortened ledger that does not go on from what its sink has last") {
    const Shortened scene;
    const Result<void> long_ago = scene.start({scene.lines[0], scene.lines[1]});
    REQUIRE_FALSE(long_ago);
    CHECK(long_ago.error().fault == Fault::corrupt);
    CHECK(long_ago.error().text.contains("does not go on from group 1"));
    const Result<void> another = scene.start({scene.lines[0], Shortened::line_of_another()});
    REQUIRE_FALSE(another);
    CHECK(another.error().fault == Fault::corrupt);
    CHECK(another.error().text.contains("does not go on from group 2"));
    CHECK(scene.start({scene.lines[0], scene.lines[1], scene.lines[2]}));
    CHECK(scene.start(scene.lines));
}

TEST_CASE("every file of heads is asked, and the trouble is said of the one that has it") {
    const ScratchForTest scratch;
    const std::filesystem::path first = scratch.path() / "first.jsonl";
    const std::filesystem::path second = scratch.path() / "second.jsonl";
    Options options = options_for_test(scratch);
    options.heads = HeadOptions{.key = scratch.path() / "key",
                                .witnesses = {first},
                                .pace = {.groups = 1},
                                .clock_for_test = {},
                                .disk_probe_for_test = {}};
    fill_for_test(options, 2);
    std::filesystem::copy_file(first, second);
    const std::filesystem::path key = scratch.path() / "key.pub";
    const auto heads_count =
        check_ledger(scratch.ledger(), {{}, {}, {first}, key}).seen.heads_count;
    const Witness both{{}, {}, {first, second}, key};
    CHECK(heads_count > 0);
    CHECK(check_ledger(scratch.ledger(), both).seen.heads_count == 2 * heads_count);
    std::filesystem::remove(second);
    const LedgerCheck gone = check_ledger(scratch.ledger(), both);
    REQUIRE(gone.trouble);
    CHECK(gone.trouble->fault == Fault::absent);
    write_for_test(second, "");
    const LedgerCheck without = check_ledger(scratch.ledger(), both);
    CHECK_FALSE(without.trouble);
    CHECK(without.without_head == std::vector{second});
    write_for_test(second, "no head\n");
    const LedgerCheck bad = check_ledger(scratch.ledger(), both);
    REQUIRE(bad.trouble);
    REQUIRE(bad.first_bad);
    CHECK(bad.first_bad->segment == second.string());
}

TEST_CASE("a witness's line that has no line feed yet is none, be it whole or not") {
    const ScratchForTest scratch;
    const std::filesystem::path heads = scratch.path() / "heads.jsonl";
    Options options = sink_options(scratch);
    options.heads = HeadOptions{.key = scratch.path() / "key",
                                .witnesses = {heads},
                                .pace = {.groups = 1},
                                .clock_for_test = {},
                                .disk_probe_for_test = {}};
    fill_for_test(options, 1);
    fill_for_test(options, 1);
    const Witness both{{}, scratch.sink(), {heads}, scratch.path() / "key.pub"};
    const Verification all = check_ledger(scratch.ledger(), both).seen;
    CHECK(all.witnessed_count == 2);
    for (const std::size_t missing : {std::size_t{1}, std::size_t{40}}) {
        CAPTURE(missing);
        for (const std::filesystem::path& file : {scratch.sink(), heads}) {
            const std::string bytes = read_for_test(file);
            write_for_test(file, bytes.substr(0, bytes.size() - missing));
            const LedgerCheck seen = check_ledger(scratch.ledger(), both);
            CHECK_FALSE(seen.trouble);
            CHECK(seen.seen.witnessed_count == all.witnessed_count - (file == heads ? 0 : 1));
            CHECK(seen.seen.heads_count == all.heads_count - (file == heads ? 1 : 0));
            write_for_test(file, bytes);
        }
    }
}

TEST_CASE("a sink's line that is none is found also among those of what was dropped") {
    const Shortened scene;
    const std::string bad = "no line\n";
    const std::vector<std::vector<std::string>> sinks{
        {bad, scene.lines[2], scene.lines[3]},
        {scene.lines[1], bad, scene.lines[2]},
        {scene.lines[2], bad, scene.lines[3]},
        {scene.lines[2], scene.lines[3], bad},
    };
    for (const std::vector<std::string>& sink : sinks) {
        const LedgerCheck seen = scene.check(sink);
        REQUIRE(seen.trouble);
        const std::string text = read_for_test(scene.scratch.sink());
        const auto line = 1 + std::ranges::count(text.substr(0, text.find(bad)), '\n');
        CHECK(seen.trouble->text.contains(" line " + std::to_string(line) + ": "));
        REQUIRE(seen.first_bad);
        CHECK(seen.first_bad->segment == scene.scratch.sink().string());
        CHECK(seen.first_bad->offset == text.find(bad));
    }
}

TEST_CASE("a sink without a line agrees with every ledger, and a directory with none") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 2);
    write_for_test(scratch.sink(), "");
    const LedgerCheck seen = check_ledger(scratch.ledger(), Witness{{}, scratch.sink()});
    CHECK_FALSE(seen.trouble);
    CHECK(seen.seen.witnessed_count == 0);
    const LedgerCheck wrong = check_ledger(scratch.ledger(), Witness{{}, scratch.path()});
    REQUIRE(wrong.trouble);
    CHECK(wrong.trouble->fault == Fault::absent);
}

TEST_CASE("where a ledger has no segment any more its witness's word is about the first one") {
    const ScratchForTest scratch;
    fill_for_test(sink_options(scratch), 2);
    std::filesystem::remove_all(scratch.ledger());
    std::filesystem::create_directory(scratch.ledger());
    const LedgerCheck seen = check_ledger(scratch.ledger(), Witness{{}, scratch.sink()});
    REQUIRE(seen.trouble);
    CHECK(seen.trouble->fault == Fault::corrupt);
    REQUIRE(seen.first_bad);
    CHECK(seen.first_bad->segment == segment_name(0));
    CHECK(seen.first_bad->offset == 0);
}

TEST_CASE("a ledger that dropped one group says when, as one that dropped many") {
    const ScratchForTest scratch;
    fill_old_for_test(options_for_test(scratch), 1);
    LogForTest log(keeping_for_test(options_for_test(scratch)));
    REQUIRE(log.log().replay([](const EntryGroup&) {}));
    const Verification seen = verify_ledger(scratch.ledger()).value();
    CHECK(seen.first_index == 1);
    CHECK(seen.dropped_at == keeping_for_test(options_for_test(scratch)).clocks_for_test().wall_at);
}

}  // namespace homeostat::adapters::segment_log
