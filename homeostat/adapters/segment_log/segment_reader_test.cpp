#include "homeostat/adapters/segment_log/segment_reader.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

/// The chain's hash before the segment, by its header.
std::string hash_before(const ScratchForTest& scratch, std::size_t segment) {
    return parse_segment_header(read_for_test(scratch.segment(segment))).value().previous;
}

/// Groups 0, 1 and 2 were dropped; 3 and the record of the dropping are there.
void fill_shortened(const ScratchForTest& scratch) {
    fill_old_for_test(options_for_test(scratch), 3);
    LogForTest log(keeping_for_test(options_for_test(scratch)));
    REQUIRE(log.log().replay([](const EntryGroup&) {}));
    REQUIRE_FALSE(std::filesystem::exists(scratch.segment(2)));
}

}  // namespace

TEST_CASE("the first group that is kept is told without reading the ledger") {
    const ScratchForTest scratch;
    CHECK(first_index_in(scratch.ledger()).error().fault == Fault::absent);
    std::filesystem::create_directory(scratch.ledger());
    CHECK(first_index_in(scratch.ledger()).value() == 0);
    SUBCASE("of a ledger that was never shortened") {
        fill_for_test(options_for_test(scratch), 2);
        CHECK(first_index_in(scratch.ledger()).value() == 0);
    }
    SUBCASE("of one that was") {
        fill_shortened(scratch);
        CHECK(first_index_in(scratch.ledger()).value() == 3);
    }
    SUBCASE("of one whose first header is damaged") {
        write_for_test(scratch.segment(0), "HOMEOLG");
        const Error error = first_index_in(scratch.ledger()).error();
        CHECK(error.fault == Fault::corrupt);
        CHECK(error.text.contains(scratch.segment(0).string()));
    }
}

TEST_CASE("the hash after a group is that of the group, wherever it stands") {
    const ScratchForTest scratch;
    Options options = options_for_test(scratch);
    options.segment_bytes_max = 1200;  // Three groups a segment.
    fill_for_test(options, 8);
    CHECK(hash_after(scratch.ledger(), 2).value() == hash_before(scratch, 1));
    CHECK(hash_after(scratch.ledger(), 5).value() == hash_before(scratch, 2));
    CHECK(hash_after(scratch.ledger(), 7).value() ==
          verify_ledger(scratch.ledger()).value().head_hash);
    CHECK(hash_after(scratch.ledger(), 4).value() != hash_after(scratch.ledger(), 5).value());
    CHECK(hash_after(scratch.ledger(), 8).value() == std::nullopt);
    CHECK(hash_after(scratch.ledger(), 99).value() == std::nullopt);
}

TEST_CASE("of a damaged ledger the hash of a group behind the damage is known, and no other") {
    const ScratchForTest scratch;
    Options options = options_for_test(scratch);
    options.segment_bytes_max = 1200;
    fill_for_test(options, 8);
    std::string bytes = read_for_test(scratch.segment(0));
    bytes[segment_header_bytes + frame_header_bytes + 20] ^= 1;
    write_for_test(scratch.segment(0), bytes);
    CHECK(hash_after(scratch.ledger(), 5).value() == hash_before(scratch, 2));
    CHECK(hash_after(scratch.ledger(), 3).value() != std::nullopt);  // The first behind it.
    CHECK(hash_after(scratch.ledger(), 1).error().fault == Fault::corrupt);
    const Disk failing([is_first = true](DiskCall call) mutable {
        return call == DiskCall::read && std::exchange(is_first, false) ? EIO : 0;
    });
    CHECK(hash_after({scratch.ledger(), {}, failing}, 5).error().text.contains("cannot read"));
}

TEST_CASE("a record that is chained and says what cannot be is refused") {
    struct Case {
        std::string what;
        std::uint64_t index{0};
        std::uint64_t durable_count{0};
        bool is_good{false};
    };
    const std::vector<Case> cases{{"as it is", 0, 0, true},
                                  {"the place of another", 1, 0, false},
                                  {"itself durable before it was written", 0, 1, false}};
    for (const Case& each : cases) {
        CAPTURE(each.what);
        const ScratchForTest scratch;
        StoredGroup stored{genesis_hash(), each.durable_count, 1, group_for_test(0)};
        stored.group.index = each.index;
        std::filesystem::create_directory(scratch.ledger());
        write_for_test(scratch.segment(0), to_bytes({0, genesis_hash(), genesis_hash()}) +
                                               to_frame(to_text(to_json(stored))));
        CHECK(verify_ledger(scratch.ledger()).has_value() == each.is_good);
    }
}

TEST_CASE("of what was dropped the hash of the last group is known, and no other") {
    const ScratchForTest scratch;
    fill_shortened(scratch);
    CHECK(hash_after(scratch.ledger(), 0).value() == std::nullopt);
    CHECK(hash_after(scratch.ledger(), 1).value() == std::nullopt);
    CHECK(hash_after(scratch.ledger(), 2).value() == hash_before(scratch, 3));
    CHECK(hash_after(scratch.ledger(), 4).value() ==
          verify_ledger(scratch.ledger()).value().head_hash);
}

TEST_CASE("a reading from the middle on that a dropping overtakes lists the files again") {
    const ScratchForTest scratch;
    fill_old_for_test(options_for_test(scratch), 3);
    {
        Options options = keeping_for_test(options_for_test(scratch));
        options.disk_probe_for_test = [](DiskCall call) {
            return call == DiskCall::remove ? EIO : 0;
        };
        LogForTest log(options);  // It is agreed on, and nothing is removed yet.
        REQUIRE(log.log().replay([](const EntryGroup&) {}));
    }
    const Disk beside([&scratch](DiskCall call) {
        for (std::size_t segment = 0; call == DiskCall::read && segment < 3; ++segment) {
            std::filesystem::remove(scratch.segment(segment));
        }
        return 0;
    });
    const LedgerFiles files(scratch.ledger(), {}, beside);
    const Result<std::optional<std::string>> hash = hash_after(files, 1);
    REQUIRE_MESSAGE(hash, hash.error().text);
    CHECK(*hash == std::nullopt);
}

TEST_CASE("a ledger begins later only where a record says so of just that beginning") {
    struct Case {
        std::string what;
        DroppedBody body;
        bool is_whole{false};
    };
    const ScratchForTest scratch;
    fill_old_for_test(options_for_test(scratch), 3);
    const std::string ledger = parse_segment_header(read_for_test(scratch.segment(1)))->ledger;
    const std::string hash = hash_before(scratch, 2);
    const std::vector<Case> cases{
        {"as it is", {.first_index = 2, .hash = hash, .ledger = ledger}, true},
        {"another group before", {.first_index = 2, .hash = ledger, .ledger = ledger}, false},
        {"an earlier beginning", {.first_index = 1, .hash = hash, .ledger = ledger}, false},
        {"another ledger", {.first_index = 2, .hash = hash, .ledger = hash}, false},
        {"a later beginning", {.first_index = 3, .hash = ledger, .ledger = ledger}, true}};
    for (const Case& each : cases) {
        CAPTURE(each.what);
        const ScratchForTest copy;
        std::filesystem::copy(scratch.ledger(), copy.ledger());
        EntryGroup group = group_for_test(4);
        group.entries = {Entry{EntryKind::dropped, {}, to_json(each.body)}};
        REQUIRE(LogForTest(options_for_test(copy)).append(group));
        std::filesystem::remove(copy.segment(0));
        std::filesystem::remove(copy.segment(1));
        const LedgerCheck seen = check_ledger(copy.ledger());
        CHECK(seen.trouble.has_value() != each.is_whole);
        CHECK((each.is_whole || seen.first_bad->segment == segment_name(1)));
    }
}

TEST_CASE("a file larger than any segment is not read, and said to be none") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 1);
    std::filesystem::resize_file(scratch.segment(0), segment_bytes_limit + 1);
    const LedgerCheck seen = check_ledger(scratch.ledger());
    REQUIRE(seen.trouble);
    CHECK(seen.trouble->fault == Fault::corrupt);
    CHECK(seen.first_bad ==
          BadPlace{segment_name(0), segment_bytes_limit, "larger than any segment of a ledger"});
}

TEST_CASE("what is not named as a segment is is none, and a ninth file is one") {
    const ScratchForTest scratch;
    Options options = options_for_test(scratch);
    options.segment_bytes_max = 1;
    fill_for_test(options, 11);
    REQUIRE(std::filesystem::exists(scratch.segment(10)));
    for (const char* name : {"notes.hlog", "abcdef.hlog", "00000x.hlog", "0000011.hlog",
                             "000011.copy", "000011.hlog.new", "00011.hlog", "000011hlog"}) {
        write_for_test(scratch.ledger() / name, "something else");
    }
    const Verification seen = verify_ledger(scratch.ledger()).value();
    CHECK(seen.segments_count == 11);
    CHECK(seen.groups_count == 11);
    CHECK(LogForTest(options).numbers().value() == numbers_below(11));
}

TEST_CASE("a reading from the middle on tells of all the files that there are") {
    const ScratchForTest scratch;
    fill_old_for_test(options_for_test(scratch), 3);
    Options options = keeping_for_test(options_for_test(scratch));
    options.segment_bytes_max = 1;
    REQUIRE(LogForTest(options).log().replay([](const EntryGroup&) {}));
    const VisitChained any = [](const ChainedGroup&) -> Result<void> { return {}; };
    const LedgerEnd whole = read_chain(scratch.ledger(), 0, any).value();
    const LedgerEnd end = read_chain(scratch.ledger(), 4, any).value();
    CHECK(end.begin.next_index == 4);
    CHECK(end.first_segment == 3);
    CHECK(end.segments_count == whole.segments_count);
    CHECK(end.next_segment() == whole.next_segment());
}

TEST_CASE("a ledger that begins with group 0 follows nothing, and has no name before it") {
    struct Case {
        std::string previous;
        std::string ledger;
        bool is_good{false};
    };
    const std::string other = next_hash(genesis_hash(), "{}");
    for (const Case& each :
         {Case{genesis_hash(), genesis_hash(), true}, Case{other, genesis_hash(), false},
          Case{genesis_hash(), other, false}, Case{other, other, false}}) {
        const ScratchForTest scratch;
        const StoredGroup stored{each.previous, 0, 1, group_for_test(0)};
        std::filesystem::create_directory(scratch.ledger());
        write_for_test(scratch.segment(0), to_bytes({0, each.previous, each.ledger}) +
                                               to_frame(to_text(to_json(stored))));
        const LedgerCheck seen = check_ledger(scratch.ledger());
        REQUIRE(seen.trouble.has_value() != each.is_good);
        CHECK((each.is_good || seen.first_bad == BadPlace{segment_name(0), 0,
                                                          "does not continue the segment before "
                                                          "it"}));
    }
}

TEST_CASE("a last segment that has no group yet has to continue the one before it all the same") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 2);
    const std::string ledger = hash_after(scratch.ledger(), 0).value().value();
    const std::string head = hash_after(scratch.ledger(), 1).value().value();
    struct Case {
        SegmentHeader header;
        bool is_good{false};
    };
    for (const Case& each : {Case{{2, head, ledger}, true}, Case{{3, head, ledger}, false},
                             Case{{1, head, ledger}, false}, Case{{2, ledger, ledger}, false},
                             Case{{2, head, head}, false}, Case{{0, head, ledger}, false}}) {
        CAPTURE(each.header.first_index);
        write_for_test(scratch.segment(1), to_bytes(each.header));
        CHECK(verify_ledger(scratch.ledger()).has_value() == each.is_good);
    }
}

TEST_CASE(
    "a record that is chained and cannot be read, or counts wrongly, is refused by a reading") {
    StoredGroup stored{genesis_hash(), 0, 1, group_for_test(0)};
    const std::string good = to_text(to_json(stored));
    stored.entries_count = 2;
    const std::string miscounted = to_text(to_json(stored));
    const std::string without = good.substr(0, good.find(R"(,"entries":)")) + "}";
    const std::string broken = good.substr(0, good.size() - 1);
    for (const std::string& payload :
         {good, miscounted, without, broken, std::string(R"({"index":0})"), std::string("{}")}) {
        CAPTURE(payload);
        const ScratchForTest scratch;
        std::filesystem::create_directory(scratch.ledger());
        write_for_test(scratch.segment(0),
                       to_bytes({0, genesis_hash(), genesis_hash()}) + to_frame(payload));
        const Result<Verification> read = read_ledger(scratch.ledger(), [](const EntryGroup&) {});
        REQUIRE(read.has_value() == (payload == good));
        CHECK((read || read.error().fault == Fault::corrupt));
        CHECK((read || read.error().text.contains("000000.hlog at byte 148")));
        // The chain alone needs what stands before the entries, and no more.
        const bool is_chained = payload.starts_with(R"({"previous":")");
        CHECK(verify_ledger(scratch.ledger()).has_value() == is_chained);
    }
}

TEST_CASE("a file of the size that a segment may have at most is read") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 1);
    std::filesystem::resize_file(scratch.segment(0), segment_bytes_limit);
    const Result<Verification> seen = verify_ledger(scratch.ledger());
    REQUIRE_MESSAGE(seen, seen.error().text);
    CHECK(seen->groups_count == 1);
}

TEST_CASE("a directory that is not there is said to be so, and is no ledger without segments") {
    const ScratchForTest scratch;
    const Error error = verify_ledger(scratch.ledger()).error();
    CHECK(error.fault == Fault::absent);
    CHECK(error.text.starts_with("the ledger: " + scratch.ledger().string()));
    CHECK(list_segments(Disk(), scratch.ledger()).error() == error);
}

TEST_CASE("what a visitor objects ends the reading and is its result, with the place") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 3);
    std::uint64_t visited_count = 0;
    const VisitChained visit = [&](const ChainedGroup&) -> Result<void> {
        return ++visited_count == 2 ? fail(Fault::full, "no room for it") : Result<void>{};
    };
    const Result<LedgerEnd> end = read_chain(scratch.ledger(), 0, visit);
    REQUIRE_FALSE(end);
    CHECK(end.error().fault == Fault::full);
    CHECK(end.error().text.starts_with(scratch.segment(0).string() + " at byte "));
    CHECK(end.error().text.ends_with(": no room for it"));
    CHECK(visited_count == 2);
}

}  // namespace homeostat::adapters::segment_log
