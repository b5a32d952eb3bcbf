// Whole cases: the same bytes whenever and however they are made, and what every one has to hold.

#include "homeostat/sim/cases/cases.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string>
#include <string_view>

namespace homeostat::sim::cases {

namespace {

[[nodiscard]] CaseOrder order_for_test(std::uint64_t number, Split split = Split::all) {
    return {.seed = 5, .number = number, .split = split, .services_count = 3};
}

[[nodiscard]] json::object parsed(const Case& made) {
    const Result<json::value> value = parse_json(made.line);
    REQUIRE(value.has_value());
    return value->as_object();
}

/// The longest run of digits in a number, those of strings aside; leading zeros do not count.
[[nodiscard]] std::size_t digits_max(std::string_view line) {
    std::size_t longest = 0;
    std::size_t digits = 0;
    bool is_text = false;
    for (std::size_t at = 0; at < line.size(); ++at) {
        const char c = line[at];
        if (c == '"' && line[at - 1] != '\\') {
            is_text = !is_text;
        }
        const bool is_digit = !is_text && std::isdigit(static_cast<unsigned char>(c)) != 0;
        if (is_digit && (c != '0' || digits > 0)) {
            digits += 1;
            longest = std::max(longest, digits);
        } else if (!is_digit && c != '.') {
            digits = 0;
        }
    }
    return longest;
}

/// Remedies of a list that no future has.
[[nodiscard]] std::size_t strangers(const json::object& object, std::string_view list) {
    std::size_t count = 0;
    for (const json::value& remedy : object.at(list).as_array()) {
        const auto& futures = object.at("futures").as_array();
        const bool is_known = std::ranges::any_of(futures, [&](const json::value& future) {
            return std::ranges::all_of(remedy.as_object(), [&](const auto& member) {
                const json::value* there = future.as_object().if_contains(member.key());
                return there != nullptr && *there == member.value();
            });
        });
        count += is_known ? 0 : 1;
    }
    return count;
}

void check_series(const json::object& object) {
    for (const json::value& series : object.at("series").as_array()) {
        const json::array& points = series.as_object().at("points").as_array();
        REQUIRE_FALSE(points.empty());
        double before = 0;
        for (const json::value& point : points) {
            const double second = point.as_array().at(0).to_number<double>();
            CHECK(second > before);
            CHECK(second <= object.at("at").to_number<double>());
            CHECK(point.as_array().at(1).to_number<double>() >= 0);
            before = second;
        }
    }
}

}  // namespace

TEST_CASE("a case is the same to the byte, made again or after others") {
    const Case first = make_case(order_for_test(2));
    (void)make_case(order_for_test(1));
    CHECK(make_case(order_for_test(2)).line == first.line);
}

TEST_CASE("seed, number and split each tell another case") {
    const std::string line = make_case(order_for_test(1)).line;
    CaseOrder other_seed = order_for_test(1);
    other_seed.seed = 6;
    std::set<std::string> lines{line, make_case(order_for_test(3)).line, make_case(other_seed).line,
                                make_case(order_for_test(1, Split::train)).line,
                                make_case(order_for_test(1, Split::held_out)).line};
    CHECK(lines.size() == 5);
}

TEST_CASE("what a case says fits together") {
    for (std::uint64_t number = 10; number < 16; ++number) {
        CAPTURE(number);
        const Case made = make_case(order_for_test(number));
        const json::object object = parsed(made);
        CHECK(object.at("format").as_int64() == format_version);
        CHECK(digits_max(made.line) <= 7);  // Seconds of older changes; all else has five.
        CHECK_FALSE(object.at("acceptable").as_array().empty());
        CHECK_FALSE(object.at("acceptable_on_menu").as_array().empty());
        for (const std::string_view list :
             {"acceptable", "acceptable_on_menu", "harmful", "cures_off_menu"}) {
            CAPTURE(list);
            CHECK(strangers(object, list) == 0);
        }
        CHECK(made.is_cure_off_menu == (object.at("acceptable").as_array().size() ==
                                        object.at("cures_off_menu").as_array().size()));
        check_series(object);
    }
}

TEST_CASE("a family is told of with its own cause, and nothing has none") {
    CaseOrder order = order_for_test(1);
    order.family = FaultKind::nothing;
    CHECK(parsed(make_case(order)).at("cause").as_array().empty());
    order.family = FaultKind::leak;
    const json::object object = parsed(make_case(order));
    REQUIRE(object.at("cause").as_array().size() == 1);
    CHECK(object.at("cause").as_array().front().as_object().at("kind") == "leak");
    CHECK(object.at("family") == "leak");
}

TEST_CASE("held-out cases have held-out families only, cases for training none") {
    for (std::uint64_t number = 1; number < 7; ++number) {
        for (const Split split : {Split::train, Split::held_out, Split::new_words}) {
            CAPTURE(to_text(split));
            const json::object object = parsed(make_case(order_for_test(number, split)));
            for (const json::value& cause : object.at("cause").as_array()) {
                const std::string kind(cause.as_object().at("kind").as_string());
                CHECK(is_held_out(Pool::family, kind) == (split == Split::held_out));
            }
        }
    }
}

}  // namespace homeostat::sim::cases
