#include "homeostat/adapters/segment_log/group_prefix.hpp"

#include "homeostat/adapters/segment_log/chain.hpp"
#include "homeostat/adapters/segment_log/stored_group.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat::adapters::segment_log {

namespace {

constexpr WallTime wall_at{std::chrono::milliseconds{1'700'000'000'000}};

/// As the writer writes it.
std::string payload_for_test() {
    StoredGroup stored{next_hash(genesis_hash(), "{}"), 12, 1, {}};
    stored.group.index = 345;
    stored.group.at = instant_of_ns(678);
    stored.group.wall_at = wall_at;
    stored.group.boot_id = "boot-1";
    stored.group.entries.push_back({EntryKind::started, {}, json::object{}});
    return to_text(to_json(stored));
}

/// The payload with the first `what` in it replaced.
std::string with(std::string_view what, std::string_view instead) {
    std::string payload = payload_for_test();
    return payload.replace(payload.find(what), what.size(), instead);
}

}  // namespace

TEST_CASE("what stands before the entries is read as the writer wrote it") {
    const std::string payload = payload_for_test();
    const Result<GroupPrefix> prefix = parse_group_prefix(payload);
    REQUIRE(prefix);
    CHECK(prefix->previous == next_hash(genesis_hash(), "{}"));
    CHECK(prefix->durable_count == 12);
    CHECK(prefix->entries_count == 1);
    CHECK(prefix->index == 345);
    CHECK(prefix->wall_at == wall_at);
    CHECK(prefix->boot_id == "boot-1");
}

TEST_CASE("a payload that ends before its entries is none of ours, wherever it ends") {
    const std::string payload = payload_for_test();
    const std::size_t end = payload.find(R"("boot-1")") + 8;
    REQUIRE(payload.substr(end).starts_with(R"(,"entries")"));
    for (std::size_t size = 0; size < end; ++size) {
        CAPTURE(size);
        CHECK_FALSE(parse_group_prefix(payload.substr(0, size)));
    }
    CHECK(parse_group_prefix(payload.substr(0, end)));
}

TEST_CASE("a payload in which a field is missing, renamed or no number is none of ours") {
    for (const std::string_view begin :
         {R"({"previous":")", R"(","durable_count":)", R"(,"entries_count":)", R"(,"index":)",
          R"(,"at":)", R"(,"wall_at":)", R"(,"boot_id":")"}) {
        CAPTURE(begin);
        std::string renamed(begin);
        renamed[renamed.size() - 3] = '?';
        CHECK_FALSE(parse_group_prefix(with(begin, "")));
        CHECK_FALSE(parse_group_prefix(with(begin, renamed)));
        const bool is_number = begin.ends_with(':');
        CHECK_FALSE((is_number && parse_group_prefix(with(begin, std::string(begin) + "x"))));
    }
    CHECK_FALSE(parse_group_prefix(with(":12,", ":99999999999999999999,")));
}

}  // namespace homeostat::adapters::segment_log
