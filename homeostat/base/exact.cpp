#include "homeostat/base/exact.hpp"

#include <cmath>
#include <limits>

namespace homeostat {

namespace {

// ln 2 in two parts: the first has so few bits that a whole number times it is exact.
constexpr double ln2_high = 0x1.62e42fee00000p-1;
constexpr double ln2_low = 0x1.a39ef35793c76p-33;
constexpr double log2_of_e = 0x1.71547652b82fep+0;
constexpr double root_of_half = 0x1.6a09e667f3bcdp-1;

constexpr double exp_low = -745.2;   ///< Below it even the smallest subnormal is too large.
constexpr double exp_high = 709.79;  ///< Above it no double is large enough.
constexpr int exp_terms = 14;        ///< |r| ≤ 0.35: the next one is 1e-18 of the sum.
constexpr int log_terms = 12;        ///< s² ≤ 0.03: likewise.

}  // namespace

double exact_exp(double x) {
    if (std::isnan(x)) {
        return x;
    }
    if (x < exp_low) {
        return 0;
    }
    if (x > exp_high) {
        return std::numeric_limits<double>::infinity();
    }
    const double whole = std::floor(x * log2_of_e + 0.5);
    const double rest = (x - whole * ln2_high) - whole * ln2_low;
    double sum = 1;
    for (int term = exp_terms; term > 0; --term) {
        sum = 1 + sum * rest / term;
    }
    return std::ldexp(sum, static_cast<int>(whole));
}

double exact_log(double x) {
    if (std::isnan(x) || x < 0) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    if (x == 0) {
        return -std::numeric_limits<double>::infinity();
    }
    if (std::isinf(x)) {
        return x;
    }
    int exponent = 0;
    double part = std::frexp(x, &exponent);
    if (part < root_of_half) {
        part *= 2;
        exponent -= 1;
    }
    // log((1 + s) / (1 - s)) = 2 (s + s³/3 + s⁵/5 + …)
    const double s = (part - 1) / (part + 1);
    const double squared = s * s;
    double sum = 0;
    for (int term = log_terms; term > 0; --term) {
        sum = (sum + 1.0 / (2 * term + 1)) * squared;
    }
    const double of_part = 2 * s + 2 * s * sum;
    return exponent * ln2_high + (of_part + exponent * ln2_low);
}

double exact_log1p(double x) {
    const double one_more = 1 + x;
    // SOURCE: Kahan: what 1 + x lost is made good by the quotient.
    return one_more == 1 ? x : exact_log(one_more) * (x / (one_more - 1));
}

}  // namespace homeostat
