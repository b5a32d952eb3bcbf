// The format, to the byte: a ledger that an earlier build wrote is read as it was meant, and the
// same groups make the same bytes today. `GOLDEN=write` writes it anew; a change of these files is
// a change of the format, and needs another version byte.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"
#include "homeostat/base/fields.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

std::filesystem::path golden() {
    return std::filesystem::path(__FILE__).parent_path() / "../../../tests/data/ledger_format_2";
}

Options golden_options(const ScratchForTest& scratch) {
    Options options = options_for_test(scratch);
    options.segment_bytes_max = 1200;
    return options;
}

/// Of the golden ledger: five groups over two segments.
constexpr std::string_view head =
    "9186d5e572129443ad9051af1aca49040dc2e86da9f8eda8cae77fccc4be193c";

}  // namespace

TEST_CASE("the ledger of the golden files reads to the group and the hash") {
    std::vector<EntryGroup> groups;
    const Result<Verification> seen =
        read_ledger(golden(), [&groups](const EntryGroup& group) { groups.push_back(group); });
    REQUIRE_MESSAGE(seen, seen.error().text);
    CHECK(seen->head_hash == head);
    CHECK(seen->segments_count == 2);
    REQUIRE(groups.size() == 5);
    for (std::uint64_t number = 0; number < groups.size(); ++number) {
        EntryGroup wanted = group_for_test(number);
        wanted.index = number;
        wanted.boot_id = "boot-1";
        CHECK(to_json(groups[number]) == to_json(wanted));
    }
}

TEST_CASE("the same groups make the bytes of the golden files") {
    const ScratchForTest scratch;
    fill_for_test(golden_options(scratch), 5);
    const char* wanted = std::getenv("GOLDEN");
    if (wanted != nullptr && std::string_view(wanted) == "write") {
        std::filesystem::create_directories(golden());
        for (const char* name : {"000000.hlog", "000001.hlog"}) {
            std::filesystem::copy_file(scratch.ledger() / name, golden() / name,
                                       std::filesystem::copy_options::overwrite_existing);
        }
    }
    for (const char* name : {"000000.hlog", "000001.hlog"}) {
        CAPTURE(name);
        CHECK(read_for_test(scratch.ledger() / name) == read_for_test(golden() / name));
    }
    CHECK_FALSE(std::filesystem::exists(scratch.segment(2)));
}

TEST_CASE("a ledger of another format version is refused by name, and not a byte is changed") {
    for (const char version : {'\x00', '\x01', '\x03', '\xFF'}) {
        CAPTURE(static_cast<int>(version));
        const ScratchForTest scratch;
        std::filesystem::copy(golden(), scratch.ledger());
        std::string bytes = read_for_test(scratch.segment(1));
        bytes[7] = version;
        write_for_test(scratch.segment(1), bytes);
        {
            LogForTest log(golden_options(scratch));
            const Error error = log.numbers().error();
            CHECK(error.fault == Fault::corrupt);
            CHECK(error.text.contains("is of format version"));
            CHECK_FALSE(log.append(group_for_test(5)));
        }
        CHECK(read_for_test(scratch.segment(0)) == read_for_test(golden() / "000000.hlog"));
        CHECK(read_for_test(scratch.segment(1)) == bytes);
        CHECK_FALSE(std::filesystem::exists(scratch.segment(2)));
    }
}

}  // namespace homeostat::adapters::segment_log
