#include "homeostat/detect/usual_errors.hpp"

#include "homeostat/base/exact.hpp"

#include <algorithm>

namespace homeostat::detect {

namespace {

struct Belief {
    double shape{0};
    double requests{0};
};

Belief belief_of(const UsualErrors& usual, const UsualErrorLimits& limits) {
    const double requests = usual.requests + limits.requests_at_first;
    const double shape = usual.errors + limits.errors_at_first;
    return {std::min(shape, requests * limits.ratio_max), requests};
}

/// P(K >= errors) for a count over its mean, summed until the rest no longer matters.
double chance_of(std::uint64_t errors, double shape, double step) {
    const auto rise = [&](std::uint64_t index) {  // From one term to the next.
        const auto count = static_cast<double>(index);
        return (shape + count) / (count + 1) * step;
    };
    // One logarithm for as many terms as a double holds the product of: errors come by thousands.
    constexpr double product_max = 1e100;
    double log_term = shape * exact_log1p(-step);
    double product = 1;
    for (std::uint64_t count = 0; count < errors; ++count) {
        product *= rise(count);
        if (product > product_max || product < 1 / product_max) {
            log_term += exact_log(product);
            product = 1;
        }
    }
    log_term += exact_log(product);
    constexpr std::uint64_t terms_max = 1'000;
    constexpr double negligible = 1e-3;
    double term = exact_exp(log_term);
    double sum = term;
    for (std::uint64_t index = 0; index < terms_max && term > sum * negligible; ++index) {
        term *= rise(errors + index);
        sum += term;
    }
    return sum;
}

}  // namespace

void learn(UsualErrors& usual,
           std::uint64_t errors,
           std::uint64_t requests,
           Duration seen_for,
           const UsualErrorLimits& limits) {
    const double kept = limits.fades_after > Duration::zero()
                            ? exact_exp(-to_seconds(seen_for) / to_seconds(limits.fades_after))
                            : 0.0;
    const double errors_max = 1 + 2 * limits.ratio_max * static_cast<double>(requests);
    usual.errors = usual.errors * kept + std::min(static_cast<double>(errors), errors_max);
    usual.requests = usual.requests * kept + static_cast<double>(requests);
}

double usual_ratio(const UsualErrors& usual, const UsualErrorLimits& limits) {
    return usual.requests > 0 ? std::min(usual.errors / usual.requests, limits.ratio_max) : 0.0;
}

bool is_unusual(const UsualErrors& usual,
                std::uint64_t errors,
                std::uint64_t requests,
                const UsualErrorLimits& limits) {
    const Belief belief = belief_of(usual, limits);
    const auto seen = static_cast<double>(requests);
    const double mean = belief.shape / belief.requests * seen;
    if (static_cast<double>(errors) <= mean || requests == 0) {
        return false;
    }
    if (belief.shape <= 0) {
        return true;
    }
    const double step = seen / (seen + belief.requests);
    return chance_of(errors, belief.shape, step) < limits.chance_max;
}

}  // namespace homeostat::detect
