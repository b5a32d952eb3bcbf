#include "homeostat/cases/tree_ranker.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

namespace homeostat::cases {

namespace {

constexpr std::uint32_t format_known = 1;
constexpr JsonLimits document_limits{.bytes_max = std::size_t{400} << 10U, .depth_max = 6};
constexpr double value_max = 1e6;
constexpr double temperature_min = 0.01;
constexpr double temperature_max = 100;
constexpr std::string_view mend = "write it anew with `tools/decide_figures.py --parts tree`";

/// As a candidate names them. Their order is that of training.
constexpr auto kinds = std::to_array<std::string_view>(
    {"observe", "escalate", "restart", "rolling_restart", "rollback", "scale", "eject",
     "open_circuit", "invalidate_cache", "reroute"});
constexpr std::size_t columns_count = features_count + 1 + kinds.size() + 1;

/// A tree as it is written: a list for each member of its nodes. A leaf has no feature (-1).
struct WrittenTree {
    std::vector<std::int32_t> feature;
    std::vector<double> threshold;
    std::vector<std::uint32_t> left;
    std::vector<std::uint32_t> right;
    std::vector<double> value;

    static void fields(auto& self, auto&& field) {
        field("feature", self.feature);
        field("threshold", self.threshold);
        field("left", self.left);
        field("right", self.right);
        field("value", self.value);
    }
};

/// Of which cases it learnt. For people; nothing is decided by it.
struct Learned {
    std::string split;
    std::uint64_t seed{0};
    std::uint64_t cases{0};

    static void fields(auto& self, auto&& field) {
        field("split", self.split);
        field("seed", self.seed);
        field("cases", self.cases);
    }
};

struct Document {
    std::uint32_t format{0};
    Learned learned;
    std::vector<std::string> columns;
    double temperature{0};
    std::vector<WrittenTree> trees;

    static void fields(auto& self, auto&& field) {
        field("format", self.format);
        field("learned", self.learned);
        field("columns", self.columns);
        field("temperature", self.temperature);
        field("trees", self.trees);
    }
};

bool is_bounded(double value) {
    return std::isfinite(value) && std::abs(value) <= value_max;
}

/// What is wrong with a node, or nothing. Children stand after their parents, so that no walk ends
/// where it has been.
std::optional<std::string_view> objection_to(const WrittenTree& tree, std::size_t at) {
    if (!is_bounded(tree.threshold[at]) || !is_bounded(tree.value[at])) {
        return "its numbers are beyond 1e6";
    }
    if (tree.feature[at] == -1) {
        return tree.left[at] == 0 && tree.right[at] == 0
                   ? std::nullopt
                   : std::optional<std::string_view>("a leaf has children");
    }
    if (!std::cmp_greater_equal(tree.feature[at], 0) ||
        !std::cmp_less(tree.feature[at], columns_count)) {
        return "its feature is no column";
    }
    const auto is_after = [&](std::uint32_t child) {
        return child > at && child < tree.feature.size();
    };
    return is_after(tree.left[at]) && is_after(tree.right[at])
               ? std::nullopt
               : std::optional<std::string_view>("its children do not stand after it");
}

std::optional<std::string> objection_to(const WrittenTree& tree) {
    const std::size_t count = tree.feature.size();
    if (count == 0 || count > nodes_max) {
        return fmt::format("it has {} nodes, want 1 to {}", count, nodes_max);
    }
    if (tree.threshold.size() != count || tree.left.size() != count || tree.right.size() != count ||
        tree.value.size() != count) {
        return "its lists are not equally long";
    }
    for (std::size_t at = 0; at < count; ++at) {
        if (const auto objection = objection_to(tree, at)) {
            return fmt::format("node {}: {}", at, *objection);
        }
    }
    return std::nullopt;
}

std::optional<std::string> objection_to(const Document& document) {
    if (document.format != format_known) {
        return fmt::format("format: want {}, not {}", format_known, document.format);
    }
    const std::vector<std::string> columns = tree_columns();
    if (document.columns != columns) {
        const auto other = std::ranges::mismatch(document.columns, columns);
        return fmt::format("columns: [{}]: it learnt from other numbers than this program has",
                           other.in1 - document.columns.begin());
    }
    if (document.temperature < temperature_min || document.temperature > temperature_max) {
        return fmt::format("temperature: want a number from {} to {}", temperature_min,
                           temperature_max);
    }
    if (document.trees.empty() || document.trees.size() > trees_max) {
        return fmt::format("trees: there are {}, want 1 to {}", document.trees.size(), trees_max);
    }
    for (std::size_t index = 0; index < document.trees.size(); ++index) {
        if (const auto objection = objection_to(document.trees[index])) {
            return fmt::format("trees: [{}]: {}", index, *objection);
        }
    }
    return std::nullopt;
}

std::vector<TreeRanker::Node> nodes_of(const WrittenTree& tree) {
    std::vector<TreeRanker::Node> nodes(tree.feature.size());
    for (std::size_t at = 0; at < nodes.size(); ++at) {
        const bool is_leaf = tree.feature[at] == -1;
        nodes[at] = {.feature = is_leaf ? 0 : static_cast<std::uint32_t>(tree.feature[at]),
                     .threshold = tree.threshold[at],
                     .left = tree.left[at],
                     .right = tree.right[at],
                     .value = tree.value[at]};
    }
    return nodes;
}

}  // namespace

std::vector<std::string> tree_columns() {
    std::vector<std::string> names(feature_names.begin(), feature_names.end());
    names.emplace_back("rules_weight");
    for (const std::string_view kind : kinds) {
        names.push_back(fmt::format("is_{}", kind));
    }
    names.emplace_back("is_config");
    return names;
}

std::vector<double> tree_row(const Candidate& candidate) {
    std::vector<double> row(candidate.features.begin(), candidate.features.end());
    row.push_back(candidate.prior);
    for (const std::string_view kind : kinds) {
        row.push_back(kind == remedy_name(candidate) ? 1 : 0);
    }
    row.push_back(candidate.artifact == "config" ? 1 : 0);
    return row;
}

double TreeRanker::score(std::span<const double> row) const {
    ensure(row.size() == columns_count, "a row has a number for each column");
    double sum = 0;
    for (const std::vector<Node>& tree : trees_) {
        const Node* node = &tree.front();
        while (node->left != 0) {
            node = &tree[row[node->feature] <= node->threshold ? node->left : node->right];
        }
        sum += node->value;
    }
    return sum;
}

void TreeRanker::rank(std::vector<Candidate>& menu) const {
    // By the score itself: weights that are rounded to 0 would all be the same.
    std::vector<std::pair<double, Candidate>> scored;
    for (Candidate& candidate : menu) {
        const double its = score(tree_row(candidate));
        scored.emplace_back(its, std::move(candidate));
    }
    std::ranges::sort(scored, [](const auto& one, const auto& other) {
        return std::tuple(-one.first, -one.second.prior, one.second.place) <
               std::tuple(-other.first, -other.second.prior, other.second.place);
    });
    double sum = 0;
    for (auto& [its, candidate] : scored) {
        candidate.weight = std::exp((its - scored.front().first) / temperature_);
        sum += candidate.weight;
    }
    menu.clear();
    for (auto& [its, candidate] : scored) {
        candidate.weight /= sum;
        menu.push_back(std::move(candidate));
    }
}

Result<TreeRanker> parse_tree(std::string_view text) {
    const Result<json::value> parsed = parse_json(text, document_limits);
    if (!parsed) {
        return fail(parsed.error().fault, fmt::format("tree: {}; {}", parsed.error().text, mend));
    }
    const Result<Document> document = from_json<Document>(*parsed);
    if (!document) {
        return fail(Fault::invalid, fmt::format("tree: {}; {}", document.error().text, mend));
    }
    if (const auto objection = objection_to(*document)) {
        return fail(Fault::invalid, fmt::format("tree: {}; {}", *objection, mend));
    }
    std::vector<std::vector<TreeRanker::Node>> trees;
    for (const WrittenTree& tree : document->trees) {
        trees.push_back(nodes_of(tree));
    }
    return TreeRanker(std::move(trees), document->temperature);
}

}  // namespace homeostat::cases
