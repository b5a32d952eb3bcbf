// A sink on disks that are full, refuse or hang, and what may stand at its end to the byte.

#include "homeostat/adapters/segment_log/disk_for_test.hpp"
#include "homeostat/adapters/segment_log/file_sink.hpp"
#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

/// Once it is full half of what is appended finds room.
class HalfFull final : public DiskForTest {
  public:
    Result<void> append(const os::OpenFile& file, std::string_view bytes) override {
        const std::string_view fits = is_full ? bytes.substr(0, bytes.size() / 2) : bytes;
        Result<void> done = DiskForTest::append(file, fits);
        return done && is_full ? fail(Fault::full, "no room") : done;
    }

    bool is_full{false};
};

/// The lines of a ledger, as a sink has them that nothing stood in the way of.
std::vector<std::string> lines_of(const ScratchForTest& scratch, std::uint64_t count) {
    const std::filesystem::path whole = scratch.path() / "whole.jsonl";
    REQUIRE(FileSink(whole, scratch.ledger()).copy({}, 0, count));
    std::vector<std::string> lines;
    std::string text = read_for_test(whole);
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
        lines.push_back(text.substr(0, end + 1));
        text.erase(0, end + 1);
    }
    REQUIRE(lines.size() == count);
    return lines;
}

std::string payload_of(const StoredGroup& stored) {
    return to_text(to_json(stored));
}

/// The longest line that there can be, of group 7, with its line feed.
std::string longest_line() {
    StoredGroup stored{genesis_hash(), 0, 1, group_for_test(7)};
    stored.group.index = 7;
    json::value& text = stored.group.entries[0].body.as_object()["because"];
    text = "";
    text = std::string(payload_bytes_max - payload_of(stored).size(), 'x');
    const std::string payload = payload_of(stored);
    REQUIRE(payload.size() == payload_bytes_max);
    return to_witness_line(next_hash(genesis_hash(), payload), payload);
}

}  // namespace

TEST_CASE("half a line that a full disk left in a sink is cut off before the next one") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 3);
    const std::vector<std::string> lines = lines_of(scratch, 3);
    HalfFull disk;
    FileSink sink(scratch.sink(), scratch.ledger(), Disk({}, disk));
    REQUIRE(sink.copy(lines[0], 0, 1));
    disk.is_full = true;
    CHECK(sink.copy(lines[1], 1, 2).error().fault == Fault::full);
    CHECK(read_for_test(scratch.sink()) == lines[0] + lines[1].substr(0, lines[1].size() / 2));
    disk.is_full = false;
    REQUIRE(sink.copy(lines[1], 1, 2));
    CHECK(read_for_test(scratch.sink()) == lines[0] + lines[1]);
    disk.is_full = true;
    CHECK(sink.copy({}, 0, 3).error().fault == Fault::full);
    disk.is_full = false;
    REQUIRE(sink.copy({}, 0, 3));
    CHECK(read_for_test(scratch.sink()) == lines[0] + lines[1] + lines[2]);
}

TEST_CASE("a sink that cannot be read or opened is not written to, and the reason is told") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 3);
    REQUIRE(FileSink(scratch.sink(), scratch.ledger()).copy({}, 0, 2));
    const std::string before = read_for_test(scratch.sink());
    for (const DiskCall failing : {DiskCall::read, DiskCall::open}) {
        const Disk disk([failing](DiskCall call) { return call == failing ? EIO : 0; });
        const Result<void> copied = FileSink(scratch.sink(), scratch.ledger(), disk).copy({}, 0, 3);
        REQUIRE_FALSE(copied);
        const std::string what = failing == DiskCall::read ? "cannot read " : "cannot open ";
        CHECK(copied.error().text.starts_with(what + scratch.sink().string()));
        CHECK(read_for_test(scratch.sink()) == before);
    }
}

TEST_CASE("a sink that cannot be looked at, or whose directory cannot be made, is told of") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 1);
    std::filesystem::create_symlink(scratch.sink(), scratch.sink());
    CHECK(last_witness_point(Disk(), scratch.sink()).error().fault == Fault::full);
    const Result<void> circle = FileSink(scratch.sink(), scratch.ledger()).copy({}, 0, 1);
    REQUIRE_FALSE(circle);
    CHECK(circle.error().text.starts_with(scratch.sink().string() + ": "));
    const std::filesystem::path file = scratch.path() / "a file";
    write_for_test(file, "");
    const Result<void> inside = FileSink(file / "sink", scratch.ledger()).copy({}, 0, 1);
    REQUIRE_FALSE(inside);
    CHECK(inside.error().text.contains(file.string()));
    CHECK_FALSE(inside.error().text.contains("cannot open"));
}

TEST_CASE("what a sink has already it does not ask the ledger for") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 2);
    FileSink sink(scratch.sink(), scratch.ledger());
    REQUIRE(sink.copy({}, 0, 2));
    write_for_test(scratch.segment(0), "no ledger");
    CHECK(sink.copy({}, 0, 2));
    CHECK(FileSink(scratch.sink(), scratch.ledger()).copy({}, 0, 2));
    CHECK_FALSE(sink.copy({}, 0, 3));
}

TEST_CASE("a file that was put in a sink's place is seen to be another one") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 2);
    FileSink sink(scratch.sink(), scratch.ledger());
    REQUIRE(sink.copy({}, 0, 1));
    const std::string first = read_for_test(scratch.sink());
    std::filesystem::rename(scratch.sink(), scratch.sink().string() + ".1");
    write_for_test(scratch.sink(), "");
    CHECK(sink.copy({}, 0, 2).error().fault == Fault::absent);
    REQUIRE(sink.copy({}, 0, 2));
    CHECK(read_for_test(scratch.sink()).starts_with(first));
    CHECK(last_witness_point(Disk(), scratch.sink()).value()->index == 1);
    CHECK(read_for_test(scratch.sink().string() + ".1") == first);
}

TEST_CASE("the longest line is found behind whatever is torn, and nothing longer is one of ours") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 1);
    const std::string first = lines_of(scratch, 1).front();
    const std::string line = longest_line();
    const std::string torn = line.substr(0, line.size() - 1);
    REQUIRE(parse_witness_line(torn));
    CHECK(parse_sink_tail(torn).value().torn_bytes == torn.size());
    CHECK_FALSE(parse_sink_tail(torn + "x"));
    for (const std::string& behind : {std::string(), torn}) {
        std::string text = first;
        text.append(line).append(behind);
        write_for_test(scratch.sink(), text);
        const auto last = last_witness_point(Disk(), scratch.sink());
        REQUIRE_MESSAGE(last, last.error().text);
        CHECK(last->value().index == 7);
    }
}

TEST_CASE("a line without a group, or whose group follows nothing, is none of a sink's") {
    const std::string hash(hash_digits, 'a');
    const auto line_of = [](const std::string& payload) {
        std::string line = to_witness_line(next_hash(genesis_hash(), payload), payload);
        line.pop_back();
        return line;
    };
    StoredGroup stored{genesis_hash(), 0, 1, group_for_test(0)};
    REQUIRE(parse_witness_line(line_of(payload_of(stored))));
    stored.previous = "";
    for (const std::string& line :
         {std::string(R"({"hash":"})"), std::string("}"), R"({"hash":")" + hash + R"(","group":})",
          line_of("{}"), line_of("no json"), line_of(payload_of(stored))}) {
        CAPTURE(line);
        const Result<WitnessPoint> point = parse_witness_line(line);
        REQUIRE_FALSE(point);
        CHECK(point.error().fault == Fault::corrupt);
    }
}

}  // namespace homeostat::adapters::segment_log
