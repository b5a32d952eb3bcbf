#pragma once

// The rates of this small world, in millionths per euro. They are constants, so whoever asks for a
// conversion can check the answer.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace payment_gateway {

struct Currency {
    std::string_view name;
    std::int64_t rate_ppm;
};

inline constexpr std::array currencies{
    Currency{"USD", 1'083'700}, Currency{"GBP", 856'300},    Currency{"JPY", 161'420'000},
    Currency{"CHF", 953'100},   Currency{"SEK", 11'287'000},
};

/// The rate of `name`, or nothing when this world does not know the currency.
std::optional<std::int64_t> rate_ppm_for(std::string_view name);

/// `amount` cents of euro at `rate_ppm`, rounded half up. REQUIRES amount ≤ 10^9, so it cannot
/// overflow.
std::int64_t converted(std::int64_t amount, std::int64_t rate_ppm);

}  // namespace payment_gateway
