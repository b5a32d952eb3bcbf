#include "homeostat/detect/outlier.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <tuple>
#include <vector>

namespace homeostat::detect {

namespace {

struct Ranked {
    Figure figure;
    bool is_own{false};
};

/// 1 / (n + m over n)
double chance_of_split(std::uint64_t own, std::uint64_t others) {
    double chance = 1;
    for (std::uint64_t count = 1; count <= own; ++count) {
        chance *= static_cast<double>(count) / static_cast<double>(others + count);
    }
    return chance;
}

}  // namespace

void keep(Figures& figures, const Figure& figure) {
    figures.push_back(figure);
    if (figures.size() > figures_kept_max) {
        figures.erase(figures.begin());
    }
}

double chance_of_rank(const Figures& own, std::span<const Figures* const> siblings, Instant since) {
    std::vector<Ranked> ranked;
    const auto add = [&](const Figures& figures, bool is_own) {
        for (const Figure& figure : figures) {
            if (figure.at >= since) {
                ranked.push_back({figure, is_own});
            }
        }
    };
    add(own, true);
    for (const Figures* sibling : siblings) {
        add(*sibling, false);
    }
    std::ranges::sort(ranked, std::ranges::greater{}, [](const Ranked& each) {
        return std::tuple(each.figure.at, each.is_own, each.figure.ms);
    });
    double own_least = std::numeric_limits<double>::infinity();
    double others_most = 0;
    std::uint64_t own_count = 0;
    std::uint64_t others_count = 0;
    for (const Ranked& each : ranked) {
        own_least = each.is_own ? std::min(own_least, each.figure.ms) : own_least;
        others_most = each.is_own ? others_most : std::max(others_most, each.figure.ms);
        if (own_least <= others_most) {
            break;
        }
        (each.is_own ? own_count : others_count) += 1;
    }
    return chance_of_split(own_count, others_count);
}

}  // namespace homeostat::detect
