// Signed heads: keys, signatures, the file outside, and what a start and a check make of them.

#include "homeostat/adapters/segment_log/signed_head.hpp"

#include "homeostat/adapters/segment_log/head_file.hpp"
#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

std::filesystem::path heads_of(const ScratchForTest& scratch) {
    return scratch.path() / "outside" / "heads.jsonl";
}

std::filesystem::path key_of(const ScratchForTest& scratch) {
    return scratch.path() / "ledger.key";
}

/// Two groups a segment, a head for each group. The witness's directory is there.
Options head_options(const ScratchForTest& scratch) {
    std::filesystem::create_directories(heads_of(scratch).parent_path());
    Options options = options_for_test(scratch);
    options.segment_bytes_max = 800;
    options.heads = HeadOptions{.key = key_of(scratch),
                                .witnesses = {heads_of(scratch)},
                                .pace = {.groups = 1},
                                .clock_for_test = {},
                                .disk_probe_for_test = {}};
    return options;
}

Witness witness_of(const ScratchForTest& scratch) {
    return Witness{.head_hash = {},
                   .sink = {},
                   .heads = {heads_of(scratch)},
                   .public_key = public_key_file(key_of(scratch))};
}

LedgerCheck check(const ScratchForTest& scratch) {
    return check_ledger(scratch.ledger(), witness_of(scratch));
}

SignedHead head_for_test() {
    return {.ledger = std::string(64, 'a'),
            .index = 7,
            .hash = std::string(64, 'b'),
            .wall_at = WallTime{std::chrono::milliseconds{1'700'000'000'000}},
            .key = {},
            .signature = {}};
}

std::vector<std::string> segments_of(const ScratchForTest& scratch) {
    std::vector<std::string> segments;
    for (std::size_t number = 0; std::filesystem::exists(scratch.segment(number)); ++number) {
        segments.push_back(read_for_test(scratch.segment(number)));
    }
    return segments;
}

void put_back(const ScratchForTest& scratch, const std::vector<std::string>& segments) {
    std::filesystem::remove_all(scratch.ledger());
    std::filesystem::create_directories(scratch.ledger());
    for (std::size_t number = 0; number < segments.size(); ++number) {
        write_for_test(scratch.segment(number), segments[number]);
    }
}

}  // namespace

TEST_CASE("a signature fits its head and key, and nothing else") {
    const SigningKey key = SigningKey::make();
    SignedHead head = head_for_test();
    key.sign(head);
    CHECK(key.public_key().check(head));
    CHECK(head.key.size() == 16);  // What verifiers and lines that are there already expect.
    CHECK(PublicKey::parse(key.public_key().pem()).value().check(head));
    const std::string line = to_head_line(head);
    CHECK(line.size() < head_line_bytes_max);
    CHECK(parse_head_line(line.substr(0, line.size() - 1)).value() == head);
    std::string padded = line.substr(0, line.size() - 1);
    padded.resize(head_line_bytes_max - 1, ' ');
    CHECK(parse_head_line(padded).value() == head);
    CHECK_FALSE(parse_head_line(padded + " "));
    std::vector<SignedHead> changed(6, head);
    changed[0].ledger[0] = 'c';
    changed[1].index += 1;
    changed[2].hash[63] = 'c';
    changed[3].wall_at += std::chrono::milliseconds{1};
    changed[4].signature[0] = head.signature[0] == '0' ? '1' : '0';
    changed[5].key = SigningKey::make().public_key().id();
    for (const SignedHead& other : changed) {
        CHECK_FALSE(key.public_key().check(other));
    }
    CHECK_FALSE(SigningKey::make().public_key().check(head));
}

TEST_CASE("a line that lacks anything of a head is none") {
    SignedHead head = head_for_test();
    SigningKey::make().sign(head);
    for (const std::string_view line :
         {"", "{}", "[]", "null", R"({"ledger":1})", R"({"ledger":"a","index":0})"}) {
        CAPTURE(line);
        CHECK_FALSE(parse_head_line(line));
    }
    for (std::string SignedHead::* text :
         {&SignedHead::ledger, &SignedHead::hash, &SignedHead::key, &SignedHead::signature}) {
        SignedHead wrong = head;
        (wrong.*text).back() = 'g';
        const std::string line = to_head_line(wrong);
        CHECK_FALSE(parse_head_line(line.substr(0, line.size() - 1)));
    }
}

TEST_CASE("a key comes back from its file, which nobody else may use and nothing replaces") {
    const ScratchForTest scratch;
    const SigningKey key = SigningKey::make();
    REQUIRE(key.write(key_of(scratch)));
    struct stat status{};
    REQUIRE(::stat(key_of(scratch).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
    CHECK(SigningKey::read(key_of(scratch)).value().public_key().id() == key.public_key().id());
    CHECK(PublicKey::read(public_key_file(key_of(scratch))).value().id() == key.public_key().id());
    CHECK(SigningKey::make().write(key_of(scratch)).error().fault == Fault::busy);
    CHECK(PublicKey::read(key_of(scratch)).error().fault == Fault::invalid);
    REQUIRE(::chmod(key_of(scratch).c_str(), 0640) == 0);
    CHECK(SigningKey::read(key_of(scratch)).error().fault == Fault::refused);
    CHECK(SigningKey::read(scratch.path() / "none").error().fault == Fault::absent);
}

TEST_CASE("the last head is found behind whatever a crash left of the next one") {
    const ScratchForTest scratch;
    const SigningKey key = SigningKey::make();
    SignedHead head = head_for_test();
    key.sign(head);
    const HeadFile file(scratch.path() / "heads.jsonl");
    CHECK(file.last().value() == std::nullopt);
    REQUIRE(file.append_first(head));
    CHECK(file.append_first(head).error().fault == Fault::busy);
    const std::string whole = read_for_test(file.path());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        write_for_test(file.path(), whole + whole.substr(0, size));
        REQUIRE(file.last().value() == head);
        REQUIRE(file.append(head));
        REQUIRE(read_for_test(file.path()) == whole + whole);
    }
    write_for_test(file.path(), "somebody's notes");
    CHECK(file.append(head).error().fault == Fault::corrupt);
    CHECK(read_for_test(file.path()) == "somebody's notes");
}

TEST_CASE("a file that may only be appended to takes heads; only what is torn is cut off") {
    const ScratchForTest scratch;
    const SigningKey key = SigningKey::make();
    SignedHead head = head_for_test();
    key.sign(head);
    const HeadFile file(scratch.path() / "heads.jsonl",
                        Disk([](DiskCall call) { return call == DiskCall::truncate ? EPERM : 0; }));
    REQUIRE(file.append(head));
    REQUIRE(file.append(head));
    CHECK(read_for_test(file.path()) == to_head_line(head) + to_head_line(head));
    write_for_test(file.path(), to_head_line(head) + "{");
    CHECK(file.append(head).error().fault == Fault::full);
    CHECK(read_for_test(file.path()) == to_head_line(head) + "{");
}

TEST_CASE("a head that does not follow on the last one is refused, and nothing is changed") {
    const ScratchForTest scratch;
    const SigningKey key = SigningKey::make();
    SignedHead last = head_for_test();
    key.sign(last);
    const HeadFile file(scratch.path() / "heads.jsonl");
    REQUIRE(file.append(last));
    const std::string before = read_for_test(file.path()) + "{";
    write_for_test(file.path(), before);
    std::vector<SignedHead> wrongs(4, head_for_test());
    wrongs[0].ledger[0] = 'c';
    wrongs[1].index -= 1;
    wrongs[2].hash[0] = 'c';
    for (SignedHead& wrong : wrongs) {
        key.sign(wrong);
    }
    SigningKey::make().sign(wrongs[3]);
    for (const SignedHead& wrong : wrongs) {
        CAPTURE(&wrong - wrongs.data());
        const Result<void> refused = file.append(wrong);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().fault == Fault::corrupt);
        CHECK(refused.error().text.contains(file.path().string()));
        CHECK(read_for_test(file.path()) == before);
    }
}

TEST_CASE("heads go out while the ledger is written, and at its end; a check agrees with them") {
    const ScratchForTest scratch;
    fill_for_test(head_options(scratch), 7);
    const LedgerCheck seen = check(scratch);
    CHECK_FALSE(seen.trouble);
    CHECK(seen.seen.groups_count == 7);
    const std::string lines = read_for_test(heads_of(scratch));
    CHECK(seen.seen.heads_count >= 1);
    CHECK(seen.seen.heads_count == static_cast<std::uint64_t>(std::ranges::count(lines, '\n')));
    CHECK(HeadFile(heads_of(scratch)).last().value()->index == 6);
    fill_for_test(head_options(scratch), 2);
    CHECK(HeadFile(heads_of(scratch)).last().value()->index == 8);
    CHECK_FALSE(check(scratch).trouble);
}

TEST_CASE("every byte that changes in a witnessed ledger is found, with its segment") {
    const ScratchForTest scratch;
    fill_for_test(head_options(scratch), 5);
    const std::vector<std::string> segments = segments_of(scratch);
    REQUIRE(segments.size() >= 3);
    for (std::size_t number = 0; number < segments.size(); ++number) {
        for (std::size_t at = 0; at < segments[number].size(); ++at) {
            std::string changed = segments[number];
            changed[at] = static_cast<char>(changed[at] ^ 0x10);
            write_for_test(scratch.segment(number), changed);
            const LedgerCheck seen = check(scratch);
            CAPTURE(number);
            CAPTURE(at);
            REQUIRE(seen.trouble);
            REQUIRE(seen.trouble->fault == Fault::corrupt);
            REQUIRE(seen.first_bad);
            REQUIRE(seen.first_bad->segment == segment_name(number));
            REQUIRE(seen.first_bad->offset <= at);
            REQUIRE_FALSE(seen.first_bad->why.empty());
            REQUIRE(read_for_test(scratch.segment(number)) == changed);
        }
        write_for_test(scratch.segment(number), segments[number]);
    }
}

TEST_CASE("a ledger that ends before its last head is found at every byte, one after it is torn") {
    const ScratchForTest scratch;
    fill_for_test(head_options(scratch), 3);
    const std::vector<std::string> witnessed = segments_of(scratch);
    Options without = head_options(scratch);
    without.heads.reset();
    fill_for_test(without, 1);
    const std::vector<std::string> all = segments_of(scratch);
    REQUIRE(all.size() == witnessed.size());
    const std::size_t last = all.size() - 1;
    const std::size_t head_bytes = witnessed[last].size();
    REQUIRE(head_bytes < all[last].size());
    for (std::size_t size = segment_header_bytes; size < all[last].size(); ++size) {
        CAPTURE(size);
        write_for_test(scratch.segment(last), all[last].substr(0, size));
        const LedgerCheck seen = check(scratch);
        if (size < head_bytes) {
            REQUIRE(seen.trouble);
            REQUIRE(seen.trouble->text.contains("the end was cut off"));
            REQUIRE(seen.first_bad->segment == segment_name(last));
        } else {
            REQUIRE_FALSE(seen.trouble);
            REQUIRE(seen.seen.torn_tail_bytes == size - head_bytes);
        }
    }
}

TEST_CASE("whole segments that are lost, repeated or in another order are found") {
    const ScratchForTest scratch;
    fill_for_test(head_options(scratch), 8);
    const std::vector<std::string> all = segments_of(scratch);
    REQUIRE(all.size() >= 4);
    std::vector<std::vector<std::string>> wrongs;
    for (std::size_t number = 0; number < all.size(); ++number) {
        std::vector<std::string> lost = all;
        lost.erase(lost.begin() + static_cast<std::ptrdiff_t>(number));
        wrongs.push_back(lost);
        std::vector<std::string> repeated = all;
        repeated.insert(repeated.begin() + static_cast<std::ptrdiff_t>(number), all[number]);
        wrongs.push_back(repeated);
        std::vector<std::string> exchanged = all;
        std::swap(exchanged[number], exchanged[(number + 1) % all.size()]);
        wrongs.push_back(exchanged);
    }
    wrongs.push_back({});
    for (const std::vector<std::string>& wrong : wrongs) {
        put_back(scratch, wrong);
        const LedgerCheck seen = check(scratch);
        CAPTURE(&wrong - wrongs.data());
        CAPTURE(wrong.size());
        REQUIRE(seen.trouble);
        REQUIRE(seen.trouble->fault == Fault::corrupt);
        REQUIRE(seen.first_bad);
        REQUIRE(segments_of(scratch) == wrong);
    }
    put_back(scratch, all);
    std::filesystem::remove(scratch.segment(1));
    CHECK(check(scratch).first_bad == BadPlace{segment_name(1), 0,
                                               "is missing, and later segments are there; bring it "
                                               "back from a copy"});
}

TEST_CASE("an older copy and another chain are read-only, whatever is configured besides") {
    const ScratchForTest scratch;
    fill_for_test(head_options(scratch), 3);
    const std::vector<std::string> old = segments_of(scratch);
    fill_for_test(head_options(scratch), 3);
    std::string wanted;
    SUBCASE("an older copy") {
        put_back(scratch, old);
        wanted = "the end was cut off, or this is an older copy";
    }
    SUBCASE("an older copy that went another way") {
        put_back(scratch, old);
        Options without = head_options(scratch);
        without.heads.reset();
        without.boot_id = "boot-2";
        fill_for_test(without, 5);
        wanted = "has seen another group 5";
    }
    SUBCASE("another ledger") {
        std::filesystem::remove_all(scratch.ledger());
        Options without = head_options(scratch);
        without.heads.reset();
        without.boot_id = "boot-2";
        fill_for_test(without, 9);
        wanted = "is a witness of another ledger";
    }
    SUBCASE("nothing at all") {
        std::filesystem::remove_all(scratch.ledger());
        wanted = "the end was cut off, or this is an older copy";
    }
    CHECK(check(scratch).trouble);
    const std::vector<std::string> before = segments_of(scratch);
    LogForTest log(head_options(scratch));
    REQUIRE_FALSE(log.trouble());
    const Result<std::vector<std::uint64_t>> numbers = log.numbers();
    REQUIRE_FALSE(numbers);
    CHECK(numbers.error().fault == Fault::corrupt);
    CHECK(numbers.error().text.contains(wanted));
    CHECK_FALSE(log.append(group_for_test(9)));
    CHECK(segments_of(scratch) == before);
}

TEST_CASE("a head that is forged, or signed with another key, is found in the witness's file") {
    const ScratchForTest scratch;
    fill_for_test(head_options(scratch), 3);
    const std::string heads = read_for_test(heads_of(scratch));
    SignedHead head = HeadFile(heads_of(scratch)).last().value().value();
    const std::size_t last_begin = heads.rfind('\n', heads.size() - 2) + 1;
    SUBCASE("forged") {
        head.hash[5] = head.hash[5] == '0' ? '1' : '0';
        write_for_test(heads_of(scratch), heads.substr(0, last_begin) + to_head_line(head));
    }
    SUBCASE("of another key") {
        SigningKey::make().sign(head);
        write_for_test(heads_of(scratch), heads.substr(0, last_begin) + to_head_line(head));
    }
    const LedgerCheck seen = check(scratch);
    REQUIRE(seen.trouble);
    REQUIRE(seen.first_bad);
    CHECK(seen.first_bad->segment == heads_of(scratch).string());
    CHECK(seen.first_bad->offset == last_begin);
    LogForTest log(head_options(scratch));
    REQUIRE(log.trouble());
    CHECK(log.trouble()->fault == Fault::corrupt);
}

TEST_CASE("a key that is lost is not replaced while a witness has heads of it") {
    const ScratchForTest scratch;
    fill_for_test(head_options(scratch), 2);
    std::filesystem::remove(key_of(scratch));
    LogForTest log(head_options(scratch));
    REQUIRE(log.trouble());
    CHECK(log.trouble()->text.contains("bring the key back"));
    CHECK_FALSE(std::filesystem::exists(key_of(scratch)));
}

TEST_CASE("a key is not made while a witness cannot be read") {
    const ScratchForTest scratch;
    const Options options = head_options(scratch);
    std::filesystem::remove(heads_of(scratch).parent_path());
    LogForTest log(options);
    REQUIRE(log.trouble());
    CHECK(log.trouble()->text.contains(heads_of(scratch).string()));
    CHECK_FALSE(std::filesystem::exists(key_of(scratch)));
    CHECK_FALSE(std::filesystem::exists(heads_of(scratch).parent_path()));
}

TEST_CASE("a witness that was away at the start and has seen more is an objection for good") {
    const ScratchForTest scratch;
    fill_for_test(head_options(scratch), 3);
    const std::vector<std::string> old = segments_of(scratch);
    fill_for_test(head_options(scratch), 3);
    put_back(scratch, old);
    const std::string heads = read_for_test(heads_of(scratch));
    std::filesystem::remove(heads_of(scratch));
    Options options = head_options(scratch);
    options.heads->witnesses.push_back(scratch.path() / "second.jsonl");
    LogForTest log(options);
    REQUIRE_FALSE(log.trouble());
    write_for_test(heads_of(scratch), heads);
    REQUIRE(log.numbers().value() == numbers_below(3));
    wait_for_test([&] { return !log.log().objection().empty(); });
    CHECK(log.log().objection().contains(heads_of(scratch).string()));
    CHECK(read_for_test(heads_of(scratch)) == heads);
    std::filesystem::remove(heads_of(scratch));
    REQUIRE(log.append(group_for_test(3)));
    wait_for_test([&] { return std::filesystem::exists(heads_of(scratch)); });
    CHECK_FALSE(log.log().objection().empty());
}

TEST_CASE("a witness's directory is never made: heads beside a mount are no witness") {
    const ScratchForTest scratch;
    fill_for_test(head_options(scratch), 1);
    Options options = head_options(scratch);
    std::filesystem::remove_all(heads_of(scratch).parent_path());
    options.heads->pace = {.groups = 1,
                           .every = std::chrono::milliseconds{1},
                           .unwitnessed_groups_max = 2,
                           .unwitnessed_for_max = std::chrono::hours{6}};
    LogForTest log(options);
    REQUIRE_FALSE(log.trouble());
    for (std::uint64_t number = 1; number < 5; ++number) {
        REQUIRE(log.append(group_for_test(number)));
    }
    wait_for_test([&] { return log.log().objection().contains("is not there"); });
    CHECK(log.log().objection().contains(heads_of(scratch).string()));
    CHECK_FALSE(std::filesystem::exists(heads_of(scratch).parent_path()));
}

TEST_CASE("past its bound without a witness nothing may be done, until one has seen the end") {
    const ScratchForTest scratch;
    std::atomic<bool> is_full = true;
    Options options = head_options(scratch);
    options.heads->pace = {.groups = 1,
                           .every = std::chrono::milliseconds{1},
                           .unwitnessed_groups_max = 2,
                           .unwitnessed_for_max = std::chrono::hours{6}};
    std::atomic<int> hours = 0;
    options.heads->clock_for_test = [&hours] {
        return std::chrono::steady_clock::time_point(std::chrono::hours{hours.load()});
    };
    options.heads->disk_probe_for_test = [&is_full](DiskCall call) {
        return is_full && call == DiskCall::write ? ENOSPC : 0;
    };
    LogForTest log(options);
    REQUIRE(log.append(group_for_test(0)));
    REQUIRE(log.append(group_for_test(1)));
    CHECK(log.log().objection().empty());
    SUBCASE("by groups") {
        REQUIRE(log.append(group_for_test(2)));
    }
    SUBCASE("by time") {
        hours = 7;
    }
    wait_for_test([&] { return !log.log().objection().empty(); });
    CHECK(log.log().objection().contains(heads_of(scratch).string()));
    is_full = false;
    wait_for_test([&] { return log.log().objection().empty(); });
    CHECK(HeadFile(heads_of(scratch)).last().value().has_value());
}

}  // namespace homeostat::adapters::segment_log
