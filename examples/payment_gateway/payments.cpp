// payments: takes a payment in euro cents and answers what it is in another currency.
//
//   GET or POST /pay?amount=CENTS&currency=NAME&note=TEXT
//   200 {"paid":true,"amount":…,"currency":…,"converted":…,"instance":…,"version":…}
//   400 what was asked makes no sense · 403 fraud says no · 503 {"error":REASON}
//
// The rate is asked of whoever the proxy has for it (`quotes`, which keeps copies, or `rates`
// itself), and `fraud` is asked every time.

#include "examples/payment_gateway/service/currencies.hpp"
#include "examples/payment_gateway/service/http_upstream.hpp"
#include "examples/payment_gateway/service/service.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <fmt/core.h>

#include <charconv>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

namespace payment_gateway {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::int64_t amount_max = 100'000'000;  // A million, in cents.

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto number = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_all = number.ec == std::errc{} && number.ptr == text.data() + text.size();
    return is_all ? std::optional{value} : std::nullopt;
}

/// The member `key` of a JSON answer, or nothing when the text is not what it should be.
std::optional<json::value> member_of(const std::string& text, std::string_view key) {
    boost::system::error_code error;
    const json::value document = json::parse(text, error);
    const json::object* object = error ? nullptr : document.if_object();
    const json::value* member = object == nullptr ? nullptr : object->if_contains(key);
    return member == nullptr ? std::nullopt : std::optional{*member};
}

Answer refused(unsigned status, std::string_view reason) {
    return Answer{status, fmt::format("{{\"error\":\"{}\"}}\n", reason)};
}

class Payments {
  public:
    explicit Payments(Service& service)
        : service_{service},
          fraud_{service.executor(), place("fraud", service.config().edge.fraud), service.log(),
                 service.metrics()},
          rates_{service.executor(), place("rates", service.config().edge.rates), service.log(),
                 service.metrics()} {}

    asio::awaitable<Answer> pay(Request request);

  private:
    using Rate = std::expected<std::int64_t, std::string>;

    [[nodiscard]] HttpUpstream::Place place(std::string name, std::uint16_t port) const {
        return {std::move(name), port, service_.config().dependency_deadline};
    }
    asio::awaitable<Rate> rate_for(std::string currency);
    Answer dependency_failed(std::string_view dependency,
                             std::string_view reason,
                             std::string_view note);

    Service& service_;
    HttpUpstream fraud_;
    HttpUpstream rates_;
};

asio::awaitable<Answer> Payments::pay(Request request) {
    const std::string currency{request.parameter("currency")};
    const std::string_view note = request.parameter("note");
    const auto amount = whole_number(request.parameter("amount"));
    if (!amount || *amount <= 0 || *amount > amount_max || !rate_ppm_for(currency)) {
        service_.log().warn("payment not understood amount={} currency={}",
                            in_quotes(request.parameter("amount")), in_quotes(currency));
        co_return refused(400, "amount or currency not understood");
    }
    const Rate rate_ppm = co_await rate_for(currency);
    if (!rate_ppm) {
        co_return dependency_failed("rates", rate_ppm.error(), note);
    }
    const auto judged =
        co_await fraud_.get(fmt::format("/check?amount={}&currency={}", *amount, currency));
    const auto verdict = judged ? member_of(*judged, "suspicious") : std::nullopt;
    if (!verdict || !verdict->is_bool()) {
        co_return dependency_failed("fraud", judged ? "bad answer" : judged.error(), note);
    }
    if (verdict->get_bool()) {
        service_.log().warn("payment refused amount={} currency={} note={}", *amount, currency,
                            in_quotes(note));
        co_return refused(403, "suspicious");
    }
    const std::int64_t paid = converted(*amount, *rate_ppm);
    if (service_.is_time_to_log()) {
        service_.log().info("payment accepted amount={} currency={} converted={} note={}", *amount,
                            currency, paid, in_quotes(note));
    }
    co_return Answer{200, fmt::format("{{\"paid\":true,\"amount\":{},\"currency\":\"{}\","
                                      "\"converted\":{},\"instance\":\"{}\",\"version\":\"{}\"}}\n",
                                      *amount, currency, paid, service_.instance().name,
                                      service_.config().version)};
}

asio::awaitable<Payments::Rate> Payments::rate_for(std::string currency) {
    const auto quoted_rate = co_await rates_.get("/fx?currency=" + currency);
    if (!quoted_rate) {
        co_return std::unexpected(quoted_rate.error());
    }
    const auto member = member_of(*quoted_rate, "rate_ppm");
    if (!member || !member->is_int64()) {
        co_return std::unexpected("bad answer");
    }
    co_return member->get_int64();
}

Answer Payments::dependency_failed(std::string_view dependency,
                                   std::string_view reason,
                                   std::string_view note) {
    service_.log().error(
        "payment failed, dependency unavailable dependency={} reason=\"{}\" note={}", dependency,
        reason, in_quotes(note));
    return Answer{503, fmt::format("{{\"error\":\"dependency_failed\",\"dependency\":\"{}\"}}\n",
                                   dependency)};
}

int run(int count, char** words) {
    std::unique_ptr<Payments> payments;
    return service_main(count, words, "payments", [&payments](Service& service) {
        payments = std::make_unique<Payments>(service);
        service.offer("/pay",
                      [&payments](Request request) { return payments->pay(std::move(request)); });
    });
}

}  // namespace

}  // namespace payment_gateway

int main(int count, char** words) {
    return payment_gateway::run(count, words);
}
