#include "homeostat/base/json.hpp"
#include "homeostat/cases/case_for_test.hpp"
#include "homeostat/cases/tree_ranker.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>

namespace homeostat::cases {

using namespace for_test;

namespace {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"  // C++26 has it as it is.
/// Rows, and what lightgbm itself said of them.
constexpr char known_rows[] = {
#embed "../../models/ranker/rows.json"
};
#pragma clang diagnostic pop

TreeRanker tree() {
    Result<TreeRanker> parsed = parse_tree(shipped_tree());
    REQUIRE_MESSAGE(parsed, parsed.error().text);
    return std::move(*parsed);
}

}  // namespace

TEST_CASE("the tree of the program scores as lightgbm did") {
    const auto known = parse_json({static_cast<const char*>(known_rows), sizeof(known_rows)});
    REQUIRE(known);
    const TreeRanker ranker = tree();
    double least = 1e9;
    double most = -1e9;
    for (const json::value& one : known->as_array()) {
        std::vector<double> row;
        for (const json::value& number : one.at("row").as_array()) {
            row.push_back(number.to_number<double>());
        }
        const double score = one.at("score").to_number<double>();
        CHECK(ranker.score(row) == doctest::Approx(score).epsilon(1e-4));
        least = std::min(least, score);
        most = std::max(most, score);
    }
    CHECK(known->as_array().size() >= 12);
    CHECK(most - least > 1);
}

TEST_CASE("the tree of the program ranks a real menu, whatever its order") {
    Shown shown = well_case();
    let_fail(shown, "stock", 0.5);
    shown.changes.push_back({shown.at_s - 60, "stock", "deploy", "v1", "v2"});
    std::vector<Candidate> menu = candidates_of(survey_of(shown));
    REQUIRE(menu.size() > 5);
    std::vector<Candidate> turned(menu.rbegin(), menu.rend());
    const TreeRanker ranker = tree();
    ranker.rank(menu);
    ranker.rank(turned);
    double sum = 0;
    for (std::size_t at = 0; at < menu.size(); ++at) {
        CHECK(menu[at].place == turned[at].place);
        CHECK((at == 0 || menu[at].weight <= menu[at - 1].weight));
        sum += menu[at].weight;
    }
    CHECK(sum == doctest::Approx(1));
}

}  // namespace homeostat::cases
