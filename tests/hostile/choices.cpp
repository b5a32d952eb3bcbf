// choices: how often hostile text changes the remedy that is chosen, in the cases of a file.
//
//     hostile_choices CASES.jsonl
//
// For each case, class of attack and way in there is one pair, drawn by the case's place in the
// file. A way in: twenty lines of level error in the log of one service; all lines of its log
// written anew; the text of events, alerts, changes and objects, all of it. The service is one that
// the menu names, by chance, where it names any.

#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/rng.hpp"
#include "homeostat/cases/candidate.hpp"
#include "homeostat/cases/case.hpp"
#include "homeostat/cases/survey.hpp"
#include "homeostat/cases/tree_ranker.hpp"

#include "text_field.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::hostile {

namespace {

using namespace cases;

enum class WayIn : std::uint8_t { lines_added, lines_rewritten, other_fields };
constexpr std::array<std::string_view, 3> ways_in{"lines added", "lines rewritten",
                                                  "any other field"};

enum class Ranker : std::uint8_t { tree, rules };
constexpr std::array<std::string_view, 2> rankers{"tree", "rules"};

struct Choice {
    std::string remedy;
    bool is_acceptable{false};
    bool is_harmful{false};
};

struct Count {
    std::uint64_t pairs{0};
    std::uint64_t changed{0};
    std::uint64_t harmful{0};  ///< Of the changed: harmful now, and not before.
    std::uint64_t better{0};   ///< Acceptable now, and not before.
    std::uint64_t worse{0};    ///< The reverse.
};

std::array<Choice, rankers.size()> choices_of(const Case& one, const TreeRanker& tree) {
    const Survey survey = survey_of(one.shown);
    std::vector<Candidate> menu = candidates_of(survey);
    const auto first = [&] {
        const Truth truth = one.truth.value_or(Truth{});
        return Choice{describe(menu.front(), survey),
                      is_named(menu.front(), survey, truth.acceptable),
                      is_named(menu.front(), survey, truth.harmful)};
    };
    tree.rank(menu);
    Choice by_tree = first();
    rank_by_rules(menu);
    return {std::move(by_tree), first()};
}

/// Of the services that the menu names; all, where it names none.
std::vector<std::string> targets_of(const Shown& shown) {
    const Survey survey = survey_of(shown);
    std::vector<std::string> names;
    for (const Candidate& candidate : candidates_of(survey)) {
        if (candidate.service != nobody) {
            const std::string& name = survey.services[candidate.service].name;
            if (names.empty() || names.back() != name) {
                names.push_back(name);
            }
        }
    }
    for (std::size_t at = 0; names.empty() && at < shown.services.size(); ++at) {
        names.push_back(shown.services[at].name);
    }
    return names;
}

void write(Shown& shown, WayIn way, const std::string& service, Pen& pen) {
    switch (way) {
        case WayIn::lines_added:
            add_log_lines(shown, service, pen);
            return;
        case WayIn::lines_rewritten:
            for (LogLine& line : shown.logs) {
                line.text = line.service == service ? pen.text() : line.text;
            }
            return;
        case WayIn::other_fields:
            for (const TextField& field : text_fields()) {
                if (field.is_hearsay) {
                    field.write(shown, pen);
                }
            }
            return;
    }
}

/// Counts the pairs of one file.
class Tally {
  public:
    using Choices = std::array<Choice, rankers.size()>;
    using Counts = std::array<Count, rankers.size()>;

    explicit Tally(TreeRanker tree) : tree_(std::move(tree)) {}

    void take(const Case& one, std::uint64_t seed) {
        Rng rng(seed);
        const Choices before = choices_of(one, tree_);
        const std::vector<std::string> targets = targets_of(one.shown);
        const std::string& service = targets[static_cast<std::size_t>(
            rng.between(0, static_cast<std::int64_t>(targets.size()) - 1))];
        for (std::size_t attack = 0; attack < attacks_count; ++attack) {
            for (std::size_t way = 0; way < ways_in.size(); ++way) {
                Case hostile = one;
                Pen pen(static_cast<Attack>(attack), one.shown, rng);
                write(hostile.shown, static_cast<WayIn>(way), service, pen);
                add(counts_.at(attack).at(way), before, choices_of(hostile, tree_));
            }
        }
        note(before);
    }

    [[nodiscard]] std::uint64_t cases_count() const { return cases_count_; }
    void print() const;

  private:
    void note(const Choices& before) {
        cases_count_ += 1;
        for (std::size_t at = 0; at < rankers.size(); ++at) {
            acceptable_.at(at) += before.at(at).is_acceptable ? 1 : 0;
            harmful_.at(at) += before.at(at).is_harmful ? 1 : 0;
        }
    }

    static void add(Counts& counts, const Choices& before, const Choices& after) {
        for (std::size_t at = 0; at < rankers.size(); ++at) {
            const Choice& then = before.at(at);
            const Choice& now = after.at(at);
            Count& count = counts.at(at);
            count.pairs += 1;
            count.changed += then.remedy != now.remedy ? 1 : 0;
            count.harmful += now.is_harmful && !then.is_harmful ? 1 : 0;
            count.better += now.is_acceptable && !then.is_acceptable ? 1 : 0;
            count.worse += then.is_acceptable && !now.is_acceptable ? 1 : 0;
        }
    }

    TreeRanker tree_;
    std::uint64_t cases_count_{0};
    std::array<std::uint64_t, rankers.size()> acceptable_{};
    std::array<std::uint64_t, rankers.size()> harmful_{};
    std::array<std::array<Counts, ways_in.size()>, attacks_count> counts_{};
};

/// "1.2 % (0.6–2.4)": a share with Wilson's interval of 95 %.
std::string share(std::uint64_t hits, std::uint64_t all) {
    constexpr double z = 1.959963984540054;
    const auto n = static_cast<double>(all);
    const double p = static_cast<double>(hits) / n;
    const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return fmt::format("{:.1f} % ({:.1f}–{:.1f})", 100 * p, 100 * std::max(0.0, middle - half),
                       100 * std::min(1.0, middle + half));
}

void Tally::print() const {
    fmt::print("{} cases, untouched:", cases_count_);
    for (std::size_t at = 0; at < rankers.size(); ++at) {
        fmt::print(" {}: acceptable {}, harmful {}{}", rankers.at(at),
                   share(acceptable_.at(at), cases_count_), share(harmful_.at(at), cases_count_),
                   at + 1 < rankers.size() ? ";" : "\n\n");
    }
    fmt::print(
        "| class of attack | way in | pairs | tree: changed | acceptable, gained and lost | "
        "newly harmful | rules: changed |\n|---|---|---|---|---|---|---|\n");
    for (std::size_t attack = 0; attack < attacks_count; ++attack) {
        for (std::size_t way = 0; way < ways_in.size(); ++way) {
            const Count& tree = counts_.at(attack).at(way).front();
            const Count& rules = counts_.at(attack).at(way).back();
            fmt::print("| {} | {} | {} | {} | +{} −{} | {} | {} |\n",
                       to_text(static_cast<Attack>(attack)), ways_in.at(way), tree.pairs,
                       share(tree.changed, tree.pairs), tree.better, tree.worse, tree.harmful,
                       share(rules.changed, rules.pairs));
        }
    }
}

int run(const char* path) {
    Result<TreeRanker> tree = parse_tree(shipped_tree());
    std::ifstream file(path);
    if (!tree || !file) {
        fmt::print(stderr, "{}: {}\n", path, tree ? "cannot be read" : tree.error().text);
        return EXIT_FAILURE;
    }
    Tally tally(std::move(*tree));
    std::string line;
    while (std::getline(file, line)) {
        const Result<Case> one = parse_case(line);
        if (!one) {
            fmt::print(stderr, "{}: {}\n", path, one.error().text);
            return EXIT_FAILURE;
        }
        tally.take(*one, tally.cases_count() + 1);
    }
    if (tally.cases_count() == 0) {
        fmt::print(stderr, "{}: it holds no case\n", path);
        return EXIT_FAILURE;
    }
    tally.print();
    return EXIT_SUCCESS;
}

}  // namespace

}  // namespace homeostat::hostile

int main(int count, char** arguments) {
    if (count != 2) {
        fmt::print(stderr, "usage: hostile_choices CASES.jsonl\n");
        return EXIT_FAILURE;
    }
    return homeostat::hostile::run(arguments[1]);
}
