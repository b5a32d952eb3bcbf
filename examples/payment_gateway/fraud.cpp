// fraud: says whether a payment looks like one. GET /check?amount=CENTS&currency=NAME
//
// The judgement is a toy, the waiting is what matters: it stands for a scoring service's look-ups.

#include "examples/payment_gateway/service/service.hpp"

#include <boost/asio/awaitable.hpp>
#include <fmt/core.h>

#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>

namespace payment_gateway {

namespace {

constexpr std::int64_t suspicious_above = 50'000'000;  // Half a million, in cents.

boost::asio::awaitable<Answer> check(Service& service, Request request) {
    const std::string_view text = request.parameter("amount");
    std::int64_t amount = 0;
    const auto number = std::from_chars(text.data(), text.data() + text.size(), amount);
    if (number.ec != std::errc{} || amount <= 0) {
        co_return Answer{400, "{\"error\":\"amount must be a whole number above zero\"}\n"};
    }
    const bool is_suspicious = amount > suspicious_above;
    if (is_suspicious || service.is_time_to_log()) {
        service.log().info("payment judged amount={} suspicious={}", amount, is_suspicious);
    }
    co_return Answer{200, fmt::format("{{\"suspicious\":{}}}\n", is_suspicious)};
}

void set_up(Service& service) {
    service.offer("/check",
                  [&service](Request request) { return check(service, std::move(request)); });
}

}  // namespace

}  // namespace payment_gateway

int main(int count, char** words) {
    return payment_gateway::service_main(count, words, "fraud", payment_gateway::set_up);
}
