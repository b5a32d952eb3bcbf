#include "homeostat/cases/tree_ranker.hpp"

#include "homeostat/base/json.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace homeostat::cases {

namespace {

std::string columns_text() {
    const std::vector<std::string> names = tree_columns();
    return to_text(json::value(json::array(names.begin(), names.end())));
}

/// By the first column: above 1 it is worth 2; else by the second one, 0.5 or -1. And a stump.
constexpr std::string_view small_trees =
    R"([{"feature":[0,1,-1,-1,-1],"threshold":[1,5,0,0,0],"left":[1,2,0,0,0],)"
    R"("right":[4,3,0,0,0],"value":[0,0,0.5,-1,2]},)"
    R"({"feature":[-1],"threshold":[0],"left":[0],"right":[0],"value":[0.25]}])";

/// A document of two small trees, with one part put in place of another.
std::string document(std::string_view part = "", std::string_view instead = "") {
    std::string text =
        R"({"format":1,"learned":{"split":"train","seed":501,"cases":1920},"columns":)" +
        columns_text() + R"(,"temperature":2,"trees":)" + std::string(small_trees) + "}";
    if (!part.empty()) {
        const std::size_t at = text.find(part);
        REQUIRE(at != std::string::npos);
        text.replace(at, part.size(), instead);
    }
    return text;
}

std::string refusal_of(const std::string& text) {
    const auto tree = parse_tree(text);
    return tree ? "taken" : tree.error().text;
}

TreeRanker small_tree() {
    Result<TreeRanker> tree = parse_tree(document());
    REQUIRE(tree);
    return std::move(*tree);
}

/// A row of which the first two numbers are given.
std::vector<double> row_of(double first, double second) {
    std::vector<double> row(tree_columns().size());
    row[0] = first;
    row[1] = second;
    return row;
}

Candidate candidate(double first, double second, double prior, std::uint32_t place) {
    Candidate one{.kind = RemedyKind::restart, .prior = prior, .place = place};
    one.features[0] = first;
    one.features[1] = second;
    return one;
}

std::vector<std::uint32_t> order_of(const std::vector<Candidate>& menu) {
    std::vector<std::uint32_t> places;
    for (const Candidate& one : menu) {
        places.push_back(one.place);
    }
    return places;
}

}  // namespace

TEST_CASE("a number that is not above the threshold goes left, and trees are added up") {
    const TreeRanker tree = small_tree();
    CHECK(tree.score(row_of(1, 5)) == 0.75);
    CHECK(tree.score(row_of(1, 5.0001)) == -0.75);
    CHECK(tree.score(row_of(1.0001, 5)) == 2.25);
    CHECK(tree.score(row_of(-1e6, -1e6)) == 0.75);
}

TEST_CASE("a row is what its columns are called") {
    Candidate one = candidate(0.5, 0.25, 0.125, 0);
    one.kind = RemedyKind::rollback;
    one.artifact = "config";
    const std::vector<std::string> names = tree_columns();
    const std::vector<double> row = tree_row(one);
    REQUIRE(row.size() == names.size());
    const auto at = [&](std::string_view name) {
        return row[static_cast<std::size_t>(std::ranges::find(names, name) - names.begin())];
    };
    CHECK(at("s_illness") == 0.5);
    CHECK(at("s_own") == 0.25);
    CHECK(at("rules_weight") == 0.125);
    CHECK(at("is_rollback") == 1);
    CHECK(at("is_restart") == 0);
    CHECK(at("is_config") == 1);
    one.kind.reset();
    one.artifact = "deploy";
    CHECK(tree_row(one)[names.size() - 1] == 0);
    CHECK(tree_row(one)[features_count + 2] == 1);
    CHECK(names[features_count + 2] == "is_escalate");
}

TEST_CASE("weights are the softmax of the scores over the temperature") {
    std::vector<Candidate> menu{candidate(0, 9, 0.5, 0), candidate(2, 0, 0.5, 1)};
    small_tree().rank(menu);
    CHECK(order_of(menu) == std::vector<std::uint32_t>{1, 0});
    CHECK(menu[0].weight == doctest::Approx(1 / (1 + std::exp(-3.0 / 2))));
    CHECK(menu[0].weight + menu[1].weight == doctest::Approx(1));
    CHECK(menu[0].prior == 0.5);
}

TEST_CASE("no order in which candidates come changes the choice, and weights sum to 1") {
    // Two that score the same and that the rules weigh the same, and two that the rules part.
    std::vector<Candidate> menu{candidate(0, 9, 0.2, 0), candidate(2, 0, 0.1, 1),
                                candidate(2, 1, 0.1, 2), candidate(3, 0, 0.3, 3),
                                candidate(0, 0, 0.3, 4)};
    const TreeRanker tree = small_tree();
    std::ranges::sort(menu, {}, &Candidate::place);
    std::size_t count = 0;
    do {
        std::vector<Candidate> ranked = menu;
        tree.rank(ranked);
        CHECK(order_of(ranked) == std::vector<std::uint32_t>{3, 1, 2, 4, 0});
        double sum = 0;
        for (const Candidate& one : ranked) {
            sum += one.weight;
        }
        CHECK(sum == doctest::Approx(1));
        count += 1;
    } while (std::ranges::next_permutation(menu, {}, &Candidate::place).found);
    CHECK(count == 120);
}

TEST_CASE("a tree that cannot be walked is refused with its place and the mend") {
    struct Refused {
        std::string text;
        std::string says;
    };
    const std::string one_leaf =
        R"({"feature":[-1],"threshold":[0],"left":[0],"right":[0],"value":[0]})";
    std::string too_many = one_leaf;
    for (std::size_t count = 1; count <= trees_max; ++count) {
        too_many += "," + one_leaf;
    }
    std::string long_list = "-1";
    for (std::size_t count = 1; count <= nodes_max; ++count) {
        long_list += ",-1";
    }
    for (const Refused& one : {
             Refused{"", "not valid JSON at byte 0"},
             Refused{"[]", "must be an object"},
             Refused{document("\"format\":1", "\"format\":2"), "format: want 1, not 2"},
             Refused{document("\"format\":1,", ""), "the field 'format' is missing"},
             Refused{document("\"format\":1,", "\"format\":1,\"best\":1,"), "'best' is not known"},
             Refused{document("\"seed\":501,", ""), "learned: the field 'seed' is missing"},
             Refused{document("\"s_own\"", "\"s_mine\""), "columns: [1]: it learnt from other"},
             Refused{document(",\"is_config\"", ""), "columns: [96]: it learnt from other"},
             Refused{document("\"is_config\"]", "\"is_config\",\"more\"]"), "columns: [97]: it"},
             Refused{document("\"temperature\":2", "\"temperature\":0"), "temperature: want a"},
             Refused{document("\"temperature\":2", "\"temperature\":1e300"), "temperature: want"},
             Refused{document(small_trees, "[]"), "trees: there are 0, want 1 to 1000"},
             Refused{document(small_trees, "[" + too_many + "]"), "trees: there are 1001, want"},
             Refused{document("[0,1,-1,-1,-1]", "[]"), "trees: [0]: it has 0 nodes, want 1 to 255"},
             Refused{document("[0,1,-1,-1,-1]", "[" + long_list + "]"), "trees: [0]: it has 256"},
             Refused{document("\"right\":[0]", "\"right\":[]"), "trees: [1]: its lists are not"},
             Refused{document("[1,5,0,0,0]", "[1,5,0,0]"), "trees: [0]: its lists are not"},
             Refused{document("[0,1,-1,", "[0,97,-1,"), "node 1: its feature is no column"},
             Refused{document("[0,1,-1,", "[0,-2,-1,"), "node 1: its feature is no column"},
             Refused{document("[1,5,0,", "[1,1e300,0,"), "node 1: its numbers are beyond 1e6"},
             Refused{document("0.5,-1,2]", "0.5,-1,-2e6]"), "node 4: its numbers are beyond 1e6"},
             Refused{document("[1,2,0,0,0]", "[1,1,0,0,0]"), "node 1: its children do not stand"},
             Refused{document("[1,2,0,0,0]", "[1,0,0,0,0]"), "node 1: its children do not stand"},
             Refused{document("[4,3,0,0,0]", "[5,3,0,0,0]"), "node 0: its children do not stand"},
             Refused{document("[4,3,0,0,0]", "[4,3,4,0,0]"), "node 2: a leaf has children"},
             Refused{document("[4,3,0,0,0]", "[-4,3,0,0,0]"), "trees: [0]: right: [0]"},
             Refused{document() + std::string(std::size_t{400} << 10U, ' '), "tree: "},
         }) {
        CAPTURE(one.says);
        const std::string refusal = refusal_of(one.text);
        CHECK_MESSAGE(refusal.find(one.says) != std::string::npos, refusal);
        CHECK_MESSAGE(refusal.starts_with("tree: "), refusal);
        CHECK(refusal.find("tools/decide_figures.py --parts tree") != std::string::npos);
    }
    CHECK(refusal_of(document()) == "taken");
}

}  // namespace homeostat::cases
