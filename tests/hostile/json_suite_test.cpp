// The public JSON suite against our strict reader: what is JSON is read, what is none is refused,
// and where readers differ it is written down here what ours does.

#include "homeostat/base/json.hpp"

#include "corpus.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::hostile {

namespace {

/// JSON by the letter, refused all the same: a second reader could take the other value.
const std::set<std::string_view> refused_although_json{"y_object_duplicated_key",
                                                       "y_object_duplicated_key_and_value"};

/// Left to the reader by the standard, and read as the nearest double. All else of that kind is
/// refused: what overflows, lone surrogates, broken UTF-8, other encodings, a mark at the
/// beginning, depth.
const std::set<std::string_view> read_although_odd{
    "i_number_double_huge_neg_exp", "i_number_real_underflow", "i_number_too_big_neg_int",
    "i_number_too_big_pos_int", "i_number_very_big_negative_int"};

}  // namespace

TEST_CASE("every file of the JSON suite is read or refused as it should be") {
    const auto suite = json_suite();
    REQUIRE(suite.size() > 300);
    std::set<std::string_view> odd;
    for (const auto& [name, bytes] : suite) {
        CAPTURE(name);
        const bool is_read = parse_json(bytes).has_value();
        if (name.starts_with("y_")) {
            CHECK(is_read == !refused_although_json.contains(name));
        } else if (name.starts_with("n_")) {
            CHECK_FALSE(is_read);
        } else if (is_read) {
            odd.insert(name);
        }
    }
    CHECK((odd == read_although_odd));
}

TEST_CASE("whatever is read of the JSON suite is written so that it reads back as itself") {
    for (const auto& [name, bytes] : json_suite()) {
        CAPTURE(name);
        const Result<json::value> value = parse_json(bytes);
        if (value) {
            const Result<json::value> again = parse_json(to_text(*value));
            REQUIRE(again);
            CHECK(*again == *value);
        }
    }
}

}  // namespace homeostat::hostile
