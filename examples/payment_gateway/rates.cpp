// rates: the source of truth for exchange rates. GET /fx?currency=NAME answers
// {"currency","rate_ppm"}.

#include "examples/payment_gateway/service/currencies.hpp"
#include "examples/payment_gateway/service/service.hpp"

#include <boost/asio/awaitable.hpp>
#include <fmt/core.h>

#include <utility>

namespace payment_gateway {

namespace {

boost::asio::awaitable<Answer> quote(Service& service, Request request) {
    const std::string_view currency = request.parameter("currency");
    const auto rate_ppm = rate_ppm_for(currency);
    if (!rate_ppm) {
        service.log().warn("unknown currency asked currency={}", in_quotes(currency));
        co_return Answer{404, "{\"error\":\"unknown currency\"}\n"};
    }
    service.log().info("rate quoted currency={} rate_ppm={}", currency, *rate_ppm);
    co_return Answer{200,
                     fmt::format("{{\"currency\":\"{}\",\"rate_ppm\":{}}}\n", currency, *rate_ppm)};
}

void set_up(Service& service) {
    service.offer("/fx",
                  [&service](Request request) { return quote(service, std::move(request)); });
}

}  // namespace

}  // namespace payment_gateway

int main(int count, char** words) {
    return payment_gateway::service_main(count, words, "rates", payment_gateway::set_up);
}
