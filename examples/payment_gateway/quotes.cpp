// quotes: exchange rates from a cache. GET /fx?currency=NAME answers {"currency","rate_ppm"}, as
// `rates` does, but mostly without asking it.
//
// Copies stand in Redis under "fx:NAME". A refresher asks `rates` for each of them twice a second
// and writes what it hears, so that a copy is never much older than that; a reader who finds none
// asks `rates` and leaves one. While it is stale (a fault), the refresher writes rates of old
// instead.

#include "examples/payment_gateway/service/currencies.hpp"
#include "examples/payment_gateway/service/http_upstream.hpp"
#include "examples/payment_gateway/service/redis_cache.hpp"
#include "examples/payment_gateway/service/service.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <fmt/core.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace payment_gateway {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto refresh_every = 500ms;

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto number = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_all = number.ec == std::errc{} && number.ptr == text.data() + text.size();
    return is_all ? std::optional{value} : std::nullopt;
}

std::optional<std::int64_t> rate_in(const std::string& text) {
    boost::system::error_code error;
    const json::value document = json::parse(text, error);
    const json::object* object = error ? nullptr : document.if_object();
    const json::value* rate = object == nullptr ? nullptr : object->if_contains("rate_ppm");
    const bool is_rate = rate != nullptr && rate->is_int64();
    return is_rate ? std::optional{rate->get_int64()} : std::nullopt;
}

class Quotes {
  public:
    explicit Quotes(Service& service)
        : service_{service},
          rates_{service.executor(),
                 {"rates", service.config().edge.rates, service.config().dependency_deadline},
                 service.log(),
                 service.metrics()},
          // Half of what the reader waits: a cache that is late must leave time to ask the source.
          cache_{service.executor(), service.config().edge.redis,
                 service.config().dependency_deadline / 2} {}

    asio::awaitable<Answer> quote(Request request);
    asio::awaitable<void> refresh();

  private:
    using Rate = std::expected<std::int64_t, std::string>;

    asio::awaitable<Rate> rate_for(std::string currency);
    asio::awaitable<Rate> rate_from_source(std::string currency);
    asio::awaitable<void> refresh(std::string currency);
    asio::awaitable<void> store(std::string currency, std::int64_t rate_ppm);

    Service& service_;
    HttpUpstream rates_;
    RedisCache cache_;
};

asio::awaitable<Answer> Quotes::quote(Request request) {
    const std::string currency{request.parameter("currency")};
    if (!rate_ppm_for(currency)) {
        service_.log().warn("unknown currency asked currency={}", in_quotes(currency));
        co_return Answer{404, "{\"error\":\"unknown currency\"}\n"};
    }
    const Rate rate_ppm = co_await rate_for(currency);
    if (!rate_ppm) {
        service_.log().error("no rate, dependency unavailable dependency=rates reason=\"{}\"",
                             rate_ppm.error());
        co_return unavailable("dependency_failed");
    }
    co_return Answer{200,
                     fmt::format("{{\"currency\":\"{}\",\"rate_ppm\":{}}}\n", currency, *rate_ppm)};
}

asio::awaitable<Quotes::Rate> Quotes::rate_for(std::string currency) {
    const std::string key = "fx:" + currency;
    const auto cached = co_await cache_.get(key);
    if (!cached) {
        service_.metrics().count_dependency_failure("redis");
        service_.log().warn("cache unavailable, asking the source key={} reason=\"{}\"", key,
                            cached.error());
    } else if (const auto& text = *cached) {
        if (const auto rate_ppm = whole_number(*text)) {
            co_return *rate_ppm;
        }
        service_.log().warn("cache holds rubbish key={}", key);
    }
    const Rate rate_ppm = co_await rate_from_source(currency);
    if (rate_ppm && cached) {
        co_await store(currency, *rate_ppm);
    }
    co_return rate_ppm;
}

asio::awaitable<Quotes::Rate> Quotes::rate_from_source(std::string currency) {
    const auto quoted_rate = co_await rates_.get("/fx?currency=" + currency);
    if (!quoted_rate) {
        co_return std::unexpected(quoted_rate.error());
    }
    const auto rate_ppm = rate_in(*quoted_rate);
    co_return rate_ppm ? Rate{*rate_ppm} : std::unexpected(std::string{"bad answer"});
}

// A cache that will not take it costs a look-up next time, nothing more.
asio::awaitable<void> Quotes::store(std::string currency, std::int64_t rate_ppm) {
    const auto stored = co_await cache_.set("fx:" + currency, std::to_string(rate_ppm),
                                            service_.config().cache_for);
    if (!stored) {
        service_.log().warn("cache did not store key=fx:{} reason=\"{}\"", currency,
                            stored.error());
    }
}

asio::awaitable<void> Quotes::refresh(std::string currency) {
    const Rate rate_ppm = co_await rate_from_source(currency);
    if (!rate_ppm) {
        co_return;  // The copy lives on until its time is up.
    }
    const double share = 1.0 + service_.stale_percent() / 100.0;
    const double written = std::round(static_cast<double>(*rate_ppm) * share);
    co_await store(currency, static_cast<std::int64_t>(written));
}

asio::awaitable<void> Quotes::refresh() {
    for (;;) {
        for (const Currency& currency : currencies) {
            std::string name{currency.name};
            co_await refresh(std::move(name));
        }
        asio::steady_timer timer{service_.executor(), refresh_every};
        co_await timer.async_wait(asio::use_awaitable);
    }
}

int run(int count, char** words) {
    std::unique_ptr<Quotes> quotes;
    return service_main(count, words, "quotes", [&quotes](Service& service) {
        quotes = std::make_unique<Quotes>(service);
        service.offer("/fx",
                      [&quotes](Request request) { return quotes->quote(std::move(request)); });
        asio::co_spawn(service.executor(), quotes->refresh(), asio::detached);
    });
}

}  // namespace

}  // namespace payment_gateway

int main(int count, char** words) {
    return payment_gateway::run(count, words);
}
