#pragma once

// TreeRanker: a boosted tree that ranks the candidates of a case by their numbers.
//
// It is learnt outside (tools/decide_figures.py, part `tree`) and comes as a document of numbers,
// models/ranker/tree.json, which names its columns: a program whose numbers are others refuses it.
// A row is the candidate's features, the rules' weight, its kind as one of ten columns that is
// 1, and whether it is about configuration. No text is in it.
//
// The reader is strict and bounded, so that whatever it takes is evaluated in bounded time.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"
#include "homeostat/cases/candidate.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::cases {

constexpr std::size_t trees_max = 1'000;
constexpr std::size_t nodes_max = 255;  ///< Of one tree.

/// The names of a row's numbers, in their order.
[[nodiscard]] std::vector<std::string> tree_columns();

/// The numbers of a candidate that the rules have weighed, as `tree_columns` names them.
[[nodiscard]] std::vector<double> tree_row(const Candidate& candidate);

class TreeRanker {
  public:
    struct Node {
        std::uint32_t feature{0};
        double threshold{0};
        /// Where a number goes that is not above the threshold; 0: this is a leaf.
        std::uint32_t left{0};
        std::uint32_t right{0};
        double value{0};  ///< Of a leaf.
    };

    /// Use parse_tree. REQUIRES: children stand after their parents; temperature is above 0.
    TreeRanker(std::vector<std::vector<Node>> trees, double temperature)
        : trees_(std::move(trees)), temperature_(temperature) {}

    /// REQUIRES: a row as `tree_columns` names it.
    [[nodiscard]] double score(std::span<const double> row) const;

    /// Sets the weights and brings the heaviest to the front. What scores the same stands as the
    /// rules weigh it, then as the case names it.
    /// ENSURES: weights sum to 1; the order does not depend on the order that `menu` came in.
    void rank(std::vector<Candidate>& menu) const;

  private:
    std::vector<std::vector<Node>> trees_;
    double temperature_;
};

/// ERRORS: invalid, with the place and the mend.
[[nodiscard]] Result<TreeRanker> parse_tree(std::string_view text);

/// models/ranker/tree.json, as it was when the program was built.
[[nodiscard]] std::string_view shipped_tree();

}  // namespace homeostat::cases
