// What may stand at the end of a file of heads, to the byte, and what a witness's disk may refuse.

#include "homeostat/adapters/segment_log/head_file.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string>

namespace homeostat::adapters::segment_log {

namespace {

std::filesystem::path heads_of(const ScratchForTest& scratch) {
    return scratch.path() / "heads.jsonl";
}

SignedHead head_for_test() {
    SignedHead head{.ledger = std::string(64, 'a'),
                    .index = 7,
                    .hash = std::string(64, 'b'),
                    .wall_at = group_for_test(0).wall_at,
                    .key = {},
                    .signature = {}};
    SigningKey::make().sign(head);
    return head;
}

/// The longest line that there can be, without its line feed.
std::string longest_line(const SignedHead& head) {
    std::string line = to_head_line(head);
    line.pop_back();
    line.resize(head_line_bytes_max - 1, ' ');
    return line;
}

/// What is read of a file's end: two lines, and 64 KiB of zeros.
constexpr std::size_t tail_bytes = 2 * head_line_bytes_max + (std::size_t{64} << 10U);

Result<void> append_to(const ScratchForTest& scratch, const std::string& bytes) {
    write_for_test(heads_of(scratch), bytes);
    return HeadFile(heads_of(scratch)).append(head_for_test());
}

}  // namespace

TEST_CASE("the last head is found behind the most that a crash can leave, and behind no more") {
    const ScratchForTest scratch;
    const SignedHead head = head_for_test();
    const HeadFile file(heads_of(scratch));
    const std::string line = longest_line(head);
    const std::string before = to_head_line(head) + line + "\n";
    const std::size_t zeros = tail_bytes - 2 * line.size() - 1;
    REQUIRE(zeros > std::size_t{64} << 10U);
    write_for_test(file.path(), before + line + std::string(zeros, '\0'));
    CHECK(file.last().value() == head);
    write_for_test(file.path(), before + line + std::string(zeros + 1, '\0'));
    CHECK(file.last().error().fault == Fault::corrupt);
    write_for_test(file.path(), before + line + " ");
    CHECK(file.last().error().fault == Fault::corrupt);
    CHECK(parse_head_tail(line).value().torn_bytes == line.size());
    CHECK_FALSE(parse_head_tail(line + " "));
}

TEST_CASE("a file whose end is nothing but zeros is refused, also where one byte stands before") {
    const ScratchForTest scratch;
    for (const std::string& bytes :
         {"x" + std::string(tail_bytes, '\0'), "\n" + std::string(tail_bytes, '\0')}) {
        const Result<void> appended = append_to(scratch, bytes);
        REQUIRE_FALSE(appended);
        CHECK(appended.error().fault == Fault::corrupt);
        CHECK(read_for_test(heads_of(scratch)) == bytes);
    }
}

TEST_CASE("what is none of ours is left as it is, whatever it ends with") {
    const ScratchForTest scratch;
    const std::string line = to_head_line(head_for_test());
    for (const std::string& bytes :
         {std::string("notes\n"), line + "notes\n", std::string("\n"), std::string("{x"),
          line + "{\"ledger\":x", line + "x", std::string("x") + '\0'}) {
        CAPTURE(bytes);
        const Result<void> appended = append_to(scratch, bytes);
        REQUIRE_FALSE(appended);
        CHECK(appended.error().fault == Fault::corrupt);
        CHECK(appended.error().text.contains(heads_of(scratch).string()));
        CHECK(read_for_test(heads_of(scratch)) == bytes);
    }
}

TEST_CASE("what is torn of a first line is cut off, be it a byte, and an empty file is none") {
    const ScratchForTest scratch;
    const SignedHead head = head_for_test();
    const std::string line = to_head_line(head);
    for (const std::string& torn :
         {std::string(), std::string("{"), std::string("{") + '\0', line.substr(0, 11),
          line.substr(0, line.size() - 1), std::string(3, '\0')}) {
        CAPTURE(torn);
        write_for_test(heads_of(scratch), torn);
        CHECK(HeadFile(heads_of(scratch)).last().value() == std::nullopt);
        REQUIRE(HeadFile(heads_of(scratch)).append(head));
        CHECK(read_for_test(heads_of(scratch)) == line);
    }
}

TEST_CASE("a file of heads that is none, or that cannot be looked at, is said to be so") {
    const ScratchForTest scratch;
    SUBCASE("a pipe") {
        REQUIRE(::mkfifo(heads_of(scratch).c_str(), 0600) == 0);
        CHECK(HeadFile(heads_of(scratch)).last().error().fault == Fault::invalid);
    }
    SUBCASE("links that lead in a circle") {
        std::filesystem::create_symlink(heads_of(scratch), heads_of(scratch));
        const Result<std::optional<SignedHead>> last = HeadFile(heads_of(scratch)).last();
        REQUIRE_FALSE(last);
        CHECK(last.error().fault == Fault::full);
        CHECK(last.error().text.contains(heads_of(scratch).string()));
    }
}

TEST_CASE("a head that did not become durable, or found no room, was not taken") {
    for (const DiskCall failing :
         {DiskCall::open, DiskCall::write, DiskCall::sync, DiskCall::sync_directory}) {
        CAPTURE(static_cast<int>(failing));
        const ScratchForTest scratch;
        const HeadFile file(heads_of(scratch), Disk([failing](DiskCall call) {
                                return call == failing ? ENOSPC : 0;
                            }));
        CHECK(file.append(head_for_test()).error().fault == Fault::full);
        CHECK_FALSE(file.append_first(head_for_test()));
    }
}

}  // namespace homeostat::adapters::segment_log
