#include "homeostat/adapters/segment_log/file_sink.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

Options sink_options(const ScratchForTest& scratch) {
    Options options = options_for_test(scratch);
    options.segment_bytes_max = 1200;
    options.sink = scratch.sink();
    return options;
}

/// The indexes of the sink's lines; the file has to be well-formed.
std::vector<std::uint64_t> lines_of(const std::filesystem::path& sink) {
    std::istringstream lines(read_for_test(sink));
    std::vector<std::uint64_t> indexes;
    for (std::string line; std::getline(lines, line);) {
        indexes.push_back(parse_witness_line(line).value().index);
    }
    return indexes;
}

/// What the log had to tell, from whichever thread.
struct News {
    std::mutex mutex;
    std::vector<std::string> told;

    auto listener() {
        return [this](std::string_view text) {
            const std::lock_guard hold(mutex);
            told.emplace_back(text);
        };
    }
};

}  // namespace

TEST_CASE("every durable group is copied to the sink, and the copy agrees") {
    const ScratchForTest scratch;
    fill_for_test(sink_options(scratch), 7);
    CHECK(lines_of(scratch.sink()) == numbers_below(7));
    const Verification seen = verify_ledger(scratch.ledger(), Witness{{}, scratch.sink()}).value();
    CHECK(seen.witnessed_count == 7);
}

TEST_CASE("a line of the sink holds the group, and its hash can be computed from it") {
    const ScratchForTest scratch;
    fill_for_test(sink_options(scratch), 1);
    const std::string line = read_for_test(scratch.sink());
    const json::value value = parse_json(line.substr(0, line.size() - 1)).value();
    CHECK(value.at("group").at("index") == 0);
    CHECK(value.at("group").at("boot_id") == "boot-1");
    CHECK(value.at("hash") == json::value(verify_ledger(scratch.ledger()).value().head_hash));
}

TEST_CASE("groups that are only written reach the sink with the next durable one") {
    const ScratchForTest scratch;
    LogForTest log(sink_options(scratch));
    REQUIRE(log.append(group_for_test(0), ports::Durability::written));
    REQUIRE(log.append(group_for_test(1), ports::Durability::written));
    REQUIRE(log.append(group_for_test(2), ports::Durability::synced));
    wait_for_test(
        [&] { return read_for_test(scratch.sink()).find(R"("index":2)") != std::string::npos; });
    CHECK(lines_of(scratch.sink()) == numbers_below(3));
}

TEST_CASE("groups that are only written reach the sink at the latest when the ledger ends") {
    const ScratchForTest scratch;
    for (const std::uint64_t number : {0U, 1U}) {
        LogForTest log(sink_options(scratch));
        REQUIRE(log.append(group_for_test(number), ports::Durability::written));
    }
    CHECK(lines_of(scratch.sink()) == numbers_below(2));
}

TEST_CASE("what a sink missed is written to it at once, as long as it is not large") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 8);
    int writes_count = 0;
    const Disk counting([&writes_count](DiskCall call) {
        writes_count += call == DiskCall::write ? 1 : 0;
        return 0;
    });
    REQUIRE(FileSink(scratch.sink(), scratch.ledger(), counting).copy({}, 0, 8));
    CHECK(writes_count == 1);
    CHECK(lines_of(scratch.sink()) == numbers_below(8));
    EntryGroup large = group_for_test(8);
    large.entries[0].body.as_object()["because"] = std::string(500'000, 'x');
    for (std::uint64_t number = 8; number < 11; ++number) {
        REQUIRE(LogForTest(options_for_test(scratch)).append(large));
    }
    REQUIRE(FileSink(scratch.sink(), scratch.ledger(), counting).copy({}, 0, 11));
    CHECK(writes_count == 4);
    CHECK(lines_of(scratch.sink()) == numbers_below(11));
    write_for_test(scratch.segment(0), "no ledger");
    CHECK_FALSE(FileSink(scratch.sink(), scratch.ledger(), counting).copy({}, 0, 12));
}

TEST_CASE("a start catches up what the sink missed, whatever is torn at its end") {
    const ScratchForTest scratch;
    fill_for_test(sink_options(scratch), 8);
    const std::string whole = read_for_test(scratch.sink());
    for (std::size_t size = 0; size < whole.size(); size += 37) {
        CAPTURE(size);
        write_for_test(scratch.sink(), whole.substr(0, size));
        LogForTest(sink_options(scratch)).numbers().value();
        CHECK(read_for_test(scratch.sink()) == whole);
    }
}

TEST_CASE("a file that is none of this ledger's is left as it is, whatever its end looks like") {
    const ScratchForTest scratch;
    fill_for_test(sink_options(scratch), 2);
    const std::string ours = read_for_test(scratch.sink());
    const std::string torn = ours.substr(0, ours.find('\n') / 2);
    const std::vector<std::string> foreign{"password=secret",
                                           "a\nb",
                                           "one line\n",
                                           "{\"hash\":1}",
                                           torn.substr(0, 20) + "z",
                                           torn.substr(0, 73) + "\",\"tree\":1",
                                           ours + "x",
                                           torn + std::string(4U << 20U, 'x')};
    for (const std::string& bytes : foreign) {
        CAPTURE(bytes.substr(0, 100));
        write_for_test(scratch.sink(), bytes);
        News news;
        Options options = sink_options(scratch);
        options.on_news = news.listener();
        fill_for_test(options, 1);
        CHECK(read_for_test(scratch.sink()) == bytes);
        REQUIRE_FALSE(news.told.empty());
        CHECK(news.told.back().contains(scratch.sink().string() +
                                        ": the last line is none of this ledger"));
        CHECK(news.told.back().ends_with("; move the file away, or name another one"));
        CHECK(std::ranges::none_of(
            news.told, [](const std::string& text) { return text.contains("taken away"); }));
    }
}

TEST_CASE("wherever a crash cuts the sink, its end is the last whole line and no byte more") {
    const ScratchForTest scratch;
    fill_for_test(sink_options(scratch), 3);
    const std::string all = read_for_test(scratch.sink());
    std::uint64_t lines_count = 0;
    std::uint64_t whole_bytes = 0;
    for (std::size_t size = 0; size <= all.size(); ++size) {
        CAPTURE(size);
        if (size > 0 && all[size - 1] == '\n') {
            lines_count += 1;
            whole_bytes = size;
        }
        const Result<SinkTail> tail = parse_sink_tail(std::string_view(all).substr(0, size));
        REQUIRE(tail);
        CHECK(tail->whole_bytes == whole_bytes);
        CHECK(tail->last.has_value() == (lines_count > 0));
        CHECK((!tail->last || tail->last->index == lines_count - 1));
    }
    CHECK(lines_count == 3);
}

TEST_CASE("of a sink that is not read whole only a torn last line is cut off") {
    const ScratchForTest scratch;
    {
        LogForTest log(sink_options(scratch));
        for (std::uint64_t number = 0; number < 3; ++number) {
            EntryGroup large = group_for_test(number);
            large.entries[0].body.as_object()["because"] = std::string(1'000'000, 'x');
            REQUIRE(log.append(large));
        }
    }
    const std::string whole = read_for_test(scratch.sink());
    REQUIRE(lines_of(scratch.sink()) == numbers_below(3));
    const Disk no_cut([](DiskCall call) { return call == DiskCall::truncate ? EPERM : 0; });
    CHECK(FileSink(scratch.sink(), scratch.ledger(), no_cut).copy({}, 0, 3));
    write_for_test(scratch.sink(), whole + whole.substr(0, 100));
    fill_for_test(sink_options(scratch), 1);
    CHECK(read_for_test(scratch.sink()).starts_with(whole));
    CHECK(lines_of(scratch.sink()) == numbers_below(4));
}

TEST_CASE(
    "a ledger older than its sink takes nothing until the next start, also if the sink goes") {
    const ScratchForTest scratch;
    Options options = options_for_test(scratch);
    options.sink = scratch.sink();
    fill_for_test(options, 2);
    const std::string old = read_for_test(scratch.segment(0));
    fill_for_test(options, 2);
    write_for_test(scratch.segment(0), old);
    LogForTest log(options);
    REQUIRE(log.numbers().error().fault == Fault::corrupt);
    std::filesystem::remove(scratch.sink());
    CHECK(log.numbers().error().fault == Fault::corrupt);
    const Result<ports::Position> more = log.append(group_for_test(2));
    REQUIRE_FALSE(more);
    CHECK(more.error().fault == Fault::corrupt);
    CHECK(read_for_test(scratch.segment(0)) == old);
}

TEST_CASE("a sink that fails is reported once, stops nothing and is caught up later") {
    const ScratchForTest scratch;
    News news;
    Options options = sink_options(scratch);
    options.on_news = news.listener();
    std::filesystem::create_directory(scratch.sink());  // No file can be opened there.
    {
        LogForTest log(options);
        for (std::uint64_t number = 0; number < 3; ++number) {
            CHECK(log.append(group_for_test(number)));
        }
        const auto has_told = [&news] {
            const std::lock_guard hold(news.mutex);
            return std::ranges::any_of(news.told, [](const std::string& text) {
                return text.find("the ledger's sink fails, the ledger goes on") == 0;
            });
        };
        wait_for_test(has_told);
        std::filesystem::remove(scratch.sink());
        CHECK(log.append(group_for_test(3)));
    }
    CHECK(lines_of(scratch.sink()) == numbers_below(4));
    CHECK(news.told.back() == scratch.sink().string() + ": the ledger's sink works again");
    const auto failures = std::ranges::count_if(news.told, [](const std::string& text) {
        return text.find("the ledger's sink fails") == 0;
    });
    CHECK(failures == 1);
}

TEST_CASE("a sink that may only be appended to is copied to: only what is torn is cut off") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 3);
    const Disk disk([](DiskCall call) { return call == DiskCall::truncate ? EPERM : 0; });
    FileSink sink(scratch.sink(), scratch.ledger(), disk);
    REQUIRE(sink.copy({}, 0, 2));
    CHECK(lines_of(scratch.sink()) == numbers_below(2));  // The third may not be durable.
    FileSink again(scratch.sink(), scratch.ledger(), disk);
    REQUIRE(again.copy({}, 0, 3));
    CHECK(lines_of(scratch.sink()) == numbers_below(3));
    const std::string torn = read_for_test(scratch.sink()) + "{";
    write_for_test(scratch.sink(), torn);
    FileSink last(scratch.sink(), scratch.ledger(), disk);
    const Result<void> refused = last.copy({}, 0, 3);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.contains("cannot cut " + scratch.sink().string()));
    CHECK(read_for_test(scratch.sink()) == torn);
}

TEST_CASE("a sink that is gone at the start is told of, and written anew") {
    const ScratchForTest scratch;
    News news;
    Options options = sink_options(scratch);
    options.on_news = news.listener();
    fill_for_test(options, 1);
    CHECK(news.told.empty());
    std::filesystem::remove(scratch.sink());
    fill_for_test(options, 3);
    CHECK(lines_of(scratch.sink()) == numbers_below(4));
    CHECK(news.told == std::vector<std::string>{
                           scratch.sink().string() +
                           ": none of the ledger's 1 groups stands there: it is new, or was taken "
                           "away. It is written from the ledger now, and no witness of the time "
                           "before"});
}

TEST_CASE("a sink that goes while the ledger is open is told of, and written anew") {
    const ScratchForTest scratch;
    News news;
    Options options = sink_options(scratch);
    options.on_news = news.listener();
    const auto says = [&news](std::string_view what) {
        const std::lock_guard hold(news.mutex);
        return std::ranges::any_of(news.told,
                                   [what](const std::string& text) { return text.contains(what); });
    };
    LogForTest log(options);
    REQUIRE(log.append(group_for_test(0)));
    wait_for_test([&] { return !read_for_test(scratch.sink()).empty(); });
    SUBCASE("removed") {
        std::filesystem::remove(scratch.sink());
    }
    SUBCASE("moved away") {
        std::filesystem::rename(scratch.sink(), scratch.sink().string() + ".1");
    }
    REQUIRE(log.append(group_for_test(1)));
    wait_for_test([&] { return says(scratch.sink().string() + " is not there any more"); });
    REQUIRE(log.append(group_for_test(2)));
    wait_for_test([&] { return says("the ledger's sink works again"); });
    CHECK(lines_of(scratch.sink()) == numbers_below(3));
}

TEST_CASE("a sink that cannot be read again is refused with the mend, and the ledger goes on") {
    const ScratchForTest scratch;
    REQUIRE(::mkfifo(scratch.sink().c_str(), 0600) == 0);
    News news;
    Options options = sink_options(scratch);
    options.on_news = news.listener();
    fill_for_test(options, 2);
    REQUIRE_FALSE(news.told.empty());
    CHECK(news.told.front().starts_with("the ledger has no witness: " + scratch.sink().string()));
    CHECK(news.told.back() ==
          "the ledger's sink fails, the ledger goes on: " + scratch.sink().string() +
              " is no regular file, and a sink is read again, as the ledger's witness; name a "
              "file (`tail -F` sends it on)");
}

TEST_CASE("a ledger whose end was cut off is intact in itself; the sink tells") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 2);
    const std::string short_bytes = read_for_test(scratch.segment(0));
    Options options = options_for_test(scratch);
    options.sink = scratch.sink();
    fill_for_test(options, 2);
    write_for_test(scratch.segment(0), short_bytes);

    CHECK(verify_ledger(scratch.ledger()).value().groups_count == 2);
    const Result<Verification> seen = verify_ledger(scratch.ledger(), Witness{{}, scratch.sink()});
    REQUIRE_FALSE(seen);
    CHECK(seen.error().fault == Fault::corrupt);
    CHECK(seen.error().text == "the ledger ends before group 2; line 3 of " +
                                   scratch.sink().string() +
                                   " has seen group 2: the end was cut off, or this is an older "
                                   "copy");
    LogForTest log(options);
    CHECK(log.numbers().error().fault == Fault::corrupt);
    CHECK(log.append(group_for_test(2)).error().fault == Fault::corrupt);
    CHECK(read_for_test(scratch.segment(0)) == short_bytes);
}

TEST_CASE("a damaged last record that the sink has seen is corruption, not a torn tail") {
    const ScratchForTest scratch;
    Options options = options_for_test(scratch);
    options.sink = scratch.sink();
    fill_for_test(options, 2);
    std::string bytes = read_for_test(scratch.segment(0));
    bytes.back() ^= 1;
    write_for_test(scratch.segment(0), bytes);
    CHECK(LogForTest(options).numbers().error().fault == Fault::corrupt);
    CHECK(read_for_test(scratch.segment(0)) == bytes);
}

TEST_CASE("a ledger that is another one than the sink has seen is refused") {
    const ScratchForTest scratch;
    fill_for_test(sink_options(scratch), 2);
    std::filesystem::remove_all(scratch.ledger());
    Options without_sink = sink_options(scratch);
    without_sink.sink = os::KeptPath();
    without_sink.boot_id = "boot-2";
    fill_for_test(without_sink, 4);
    const Result<Verification> seen = verify_ledger(scratch.ledger(), Witness{{}, scratch.sink()});
    REQUIRE_FALSE(seen);
    CHECK(seen.error().text == scratch.segment(0).string() +
                                   " at byte 148: group 0 is not the one that line 1 of " +
                                   scratch.sink().string() + " has seen");
    CHECK(LogForTest(sink_options(scratch)).numbers().error().fault == Fault::corrupt);
}

TEST_CASE("a head that was written down has to be in the chain") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 2);
    const std::string bytes = read_for_test(scratch.segment(0));
    fill_for_test(options_for_test(scratch), 2);
    const std::string head = verify_ledger(scratch.ledger()).value().head_hash;
    fill_for_test(options_for_test(scratch), 1);
    CHECK(verify_ledger(scratch.ledger(), Witness{head, {}}));
    write_for_test(scratch.segment(0), bytes);
    CHECK(verify_ledger(scratch.ledger(), Witness{head, {}}).error().fault == Fault::corrupt);
}

TEST_CASE("no byte of a sink's line can change without the line being refused") {
    const ScratchForTest scratch;
    fill_for_test(sink_options(scratch), 1);
    std::string line = read_for_test(scratch.sink());
    line.pop_back();
    REQUIRE(parse_witness_line(line));
    for (std::size_t at = 0; at < line.size(); ++at) {
        CAPTURE(at);
        std::string changed = line;
        changed[at] = static_cast<char>(changed[at] ^ 0x01);
        CHECK_FALSE(parse_witness_line(changed));
        CHECK_FALSE(parse_witness_line(line.substr(0, at)));
    }
}

TEST_CASE("a check names the place of a sink's line that is none") {
    const ScratchForTest scratch;
    fill_for_test(sink_options(scratch), 3);
    const std::string whole = read_for_test(scratch.sink());
    const std::size_t third = whole.rfind('\n', whole.size() - 2) + 1;
    for (const std::size_t line_begin : {std::size_t{0}, third}) {
        std::string changed = whole;
        changed[line_begin] = '!';
        write_for_test(scratch.sink(), changed);
        const LedgerCheck seen = check_ledger(scratch.ledger(), Witness{{}, scratch.sink()});
        CAPTURE(line_begin);
        REQUIRE(seen.trouble);
        REQUIRE(seen.first_bad);
        CHECK(seen.first_bad->segment == scratch.sink().string());
        CHECK(seen.first_bad->offset == line_begin);
        CHECK_FALSE(seen.first_bad->why.empty());
    }
}

TEST_CASE("a sink, a key or a witness inside the ledger's directory is refused") {
    const ScratchForTest scratch;
    const std::filesystem::path inside = scratch.ledger() / "copies" / "file";
    Options options = options_for_test(scratch);
    options.heads = HeadOptions{.key = scratch.path() / "key",
                                .witnesses = {scratch.path() / "first", scratch.path() / "second"},
                                .clock_for_test = {},
                                .disk_probe_for_test = {}};
    std::vector<Options> cases(3, options);
    cases[0].sink = inside;
    cases[1].heads->key = inside;
    cases[2].heads->witnesses.back() = inside;
    for (const Options& each : cases) {
        const LogForTest log(each);
        REQUIRE(log.trouble());
        CHECK(log.trouble()->fault == Fault::invalid);
        CHECK(log.trouble()->text.contains(inside.string()));
    }
    CHECK_FALSE(LogForTest(options).trouble());
}

TEST_CASE("verifying needs a ledger, and the sink that was named") {
    const ScratchForTest scratch;
    CHECK(verify_ledger(scratch.ledger()).error().fault == Fault::absent);
    std::filesystem::create_directory(scratch.ledger());
    CHECK(verify_ledger(scratch.ledger()).error().fault == Fault::absent);
    // Of one that has nothing any more a witness knows better.
    const Witness noted{std::string(64, 'a'), {}};
    CHECK(verify_ledger(scratch.ledger(), noted).error().fault == Fault::corrupt);
    fill_for_test(options_for_test(scratch), 1);
    CHECK(verify_ledger(scratch.ledger(), Witness{{}, scratch.sink()}).error().fault ==
          Fault::absent);
}

TEST_CASE("verifying changes nothing and needs no lock") {
    const ScratchForTest scratch;
    LogForTest log(options_for_test(scratch));
    REQUIRE(log.append(group_for_test(0)));
    const std::string bytes = read_for_test(scratch.segment(0));
    write_for_test(scratch.segment(0), bytes + "torn");
    const Verification seen = verify_ledger(scratch.ledger()).value();
    CHECK(seen.groups_count == 1);
    CHECK(seen.torn_tail_bytes == 4);
    CHECK(read_for_test(scratch.segment(0)) == bytes + "torn");
}

}  // namespace homeostat::adapters::segment_log
