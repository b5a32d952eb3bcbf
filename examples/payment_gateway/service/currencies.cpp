#include "examples/payment_gateway/service/currencies.hpp"

namespace payment_gateway {

std::optional<std::int64_t> rate_ppm_for(std::string_view name) {
    for (const Currency& currency : currencies) {
        if (currency.name == name) {
            return currency.rate_ppm;
        }
    }
    return std::nullopt;
}

std::int64_t converted(std::int64_t amount, std::int64_t rate_ppm) {
    return (amount * rate_ppm + 500'000) / 1'000'000;
}

}  // namespace payment_gateway
