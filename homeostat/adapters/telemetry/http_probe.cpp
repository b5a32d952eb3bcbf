#include "homeostat/adapters/telemetry/http_probe.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/net/http_client.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace homeostat::adapters::telemetry {

namespace {

// Our timer fired this much too late: we were not running when the answer came, if it came. Above
// what a busy machine delays a timer.
constexpr Duration own_delay_max = std::chrono::milliseconds{250};

/// Nothing was asked: this says nothing of whom we wanted to ask.
bool is_our_own(const Error& error) {
    return error.fault == Fault::full || error.fault == Fault::invalid;
}

}  // namespace

HttpProbe::HttpProbe(boost::asio::any_io_executor strand,
                     ports::Clock& clock,
                     HttpProbeOptions options)
    : strand_(std::move(strand)),
      clock_(clock),
      options_(std::move(options)),
      name_(std::string(to_text(options_.observer)) + " " + options_.subject.name) {}

Task<Result<std::vector<Reading>>> HttpProbe::read(Instant deadline) {
    if (options_.is_wanted && !options_.is_wanted()) {
        co_return std::vector<Reading>{};
    }
    std::optional<net::Address> address =
        options_.address_now ? options_.address_now() : std::optional(options_.address);
    if (!address) {
        co_return std::vector<Reading>{};
    }
    const Instant asked_at = clock_.now();
    const Instant answer_until = std::min(deadline, asked_at + options_.timeout);
    net::HttpRequest request;
    request.path = std::move(address->path);
    net::Endpoint endpoint = std::move(address->endpoint);
    const Result<net::HttpResponse> response =
        co_await net::request_once(strand_, std::move(endpoint), std::move(request), answer_until);
    const Instant heard_at = clock_.now();
    if (!response && (is_our_own(response.error()) || deadline < asked_at + options_.timeout)) {
        co_return fail(name_, response.error());
    }
    if (!response && heard_at > answer_until + own_delay_max) {
        co_return fail(Fault::late, name_ + ": we ourselves were held up; this says nothing of it");
    }
    ProbeReading reading;
    reading.observer = options_.observer;
    reading.subject = options_.subject;
    reading.has_answered = response.has_value();
    reading.status = response ? response->status : 0;
    reading.at = heard_at;
    reading.latency = reading.at - asked_at;
    std::vector<Reading> readings;
    readings.emplace_back(std::move(reading));
    co_return readings;
}

}  // namespace homeostat::adapters::telemetry
