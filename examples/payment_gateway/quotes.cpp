// quotes: exchange rates from a cache. GET /fx?currency=NAME answers {"currency","rate_ppm"}, as
// `rates` does, but mostly without asking it.
//
// Copies stand in Redis, or in a Redis cluster, under "fx:NAME". A refresher asks `rates` for each
// of them twice a second and writes what it hears, so that a copy is never much older than that; a
// reader who finds none asks `rates` and leaves one. Readers who find none at the same time ask
// once: however many they are, `rates` is asked for one currency by one of them.
//
// While it is stale (a fault), the refresher writes rates of old instead; while it does not renew
// (another), it has done so once and lets the copies be.

#include "examples/payment_gateway/service/currencies.hpp"
#include "examples/payment_gateway/service/http_upstream.hpp"
#include "examples/payment_gateway/service/redis_cache.hpp"
#include "examples/payment_gateway/service/service.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <fmt/core.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

std::vector<std::uint16_t> redis_ports(const EdgePorts& edge) {
    return edge.redis_cluster.empty() ? std::vector<std::uint16_t>{edge.redis} : edge.redis_cluster;
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
          cache_{service.executor(), redis_ports(service.config().edge),
                 service.config().dependency_deadline / 2} {}

    asio::awaitable<Answer> quote(Request request);
    asio::awaitable<void> refresh();

  private:
    using Rate = std::expected<std::int64_t, std::string>;

    /// A read of the source that is under way for readers. Owned by all who wait for it.
    struct Flight {
        asio::steady_timer is_over;  ///< Cancelled at its end.
        Rate rate;
    };

    asio::awaitable<Rate> rate_for(std::string currency);
    asio::awaitable<Rate> rate_by_flight(std::string currency, bool is_kept);
    asio::awaitable<Rate> fill(std::string currency, bool is_kept);
    asio::awaitable<Rate> rate_from_source(std::string currency);
    asio::awaitable<void> refresh(std::string currency);
    asio::awaitable<void> store(std::string currency, std::int64_t rate_ppm);

    Service& service_;
    HttpUpstream rates_;
    RedisCache cache_;
    std::map<std::string, std::shared_ptr<Flight>> flights_;  ///< By currency.
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
    const Rate rate_ppm = co_await rate_by_flight(std::move(currency), cached.has_value());
    co_return rate_ppm;
}

asio::awaitable<Quotes::Rate> Quotes::rate_by_flight(std::string currency, bool is_kept) {
    if (const auto under_way = flights_.find(currency); under_way != flights_.end()) {
        const std::shared_ptr<Flight> flight = under_way->second;
        boost::system::error_code ignored;
        co_await flight->is_over.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        co_return flight->rate;
    }
    const auto flight = std::make_shared<Flight>(
        asio::steady_timer{service_.executor(), asio::steady_timer::time_point::max()}, Rate{});
    flights_.emplace(currency, flight);
    Rate rate_ppm = co_await fill(currency, is_kept);
    flight->rate = rate_ppm;
    flights_.erase(currency);
    flight->is_over.cancel();
    co_return rate_ppm;
}

/// What the source says, and a copy of it where the cache takes one.
asio::awaitable<Quotes::Rate> Quotes::fill(std::string currency, bool is_kept) {
    const Rate rate_ppm = co_await rate_from_source(currency);
    if (rate_ppm && is_kept) {
        co_await store(std::move(currency), *rate_ppm);
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
    bool did_renew = true;
    for (;;) {
        const bool does_renew = service_.does_renew();
        for (const Currency& currency : currencies) {
            std::string name{currency.name};
            if (does_renew || did_renew) {
                co_await refresh(std::move(name));
            }
        }
        did_renew = does_renew;
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
