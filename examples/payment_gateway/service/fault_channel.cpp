#include "examples/payment_gateway/service/fault_channel.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>

#include <algorithm>

namespace payment_gateway {

namespace asio = boost::asio;
namespace json = boost::json;
using asio::redirect_error;
using asio::use_awaitable;
using asio::local::stream_protocol;
using namespace std::chrono_literals;

namespace {

constexpr auto back_off_min = 50ms;
constexpr auto back_off_max = 1'000ms;
constexpr std::size_t line_bytes_max = 4'096;

double number_in(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_number() ? value->to_number<double>() : 0.0;
}

std::chrono::milliseconds milliseconds_in(const json::object& object, std::string_view key) {
    const double count = std::clamp(number_in(object, key), 0.0, 60'000.0);
    return std::chrono::milliseconds{static_cast<std::int64_t>(count)};
}

bool flag_in(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_bool() && value->get_bool();
}

}  // namespace

Faults parse_faults(std::string_view line) {
    boost::system::error_code error;
    const json::value document = json::parse(line, error);
    if (error || !document.is_object()) {
        return {};
    }
    const json::object& object = document.get_object();
    Faults faults;
    faults.error_share = std::clamp(number_in(object, "error_share"), 0.0, 1.0);
    faults.leak_mb_per_s = std::clamp(number_in(object, "leak_mb_per_s"), 0.0, 1'000.0);
    faults.stall_at_mb = std::clamp(number_in(object, "stall_at_mb"), 0.0, 1'000.0);
    faults.stale_percent = std::clamp(number_in(object, "stale_percent"), 0.0, 100.0);
    faults.stale_for = milliseconds_in(object, "stale_ms");
    faults.does_not_renew = flag_in(object, "renewal_off");
    faults.does_fail = flag_in(object, "fail");
    faults.does_hang = flag_in(object, "hang");
    faults.does_healthz_lie = flag_in(object, "healthz_lies");
    faults.slow_for = milliseconds_in(object, "slow_ms");
    faults.burst_for = milliseconds_in(object, "burst_ms");
    return faults;
}

FaultChannel::FaultChannel(asio::any_io_executor executor,
                           std::string socket,
                           Identity identity,
                           OnChange on_change)
    : executor_{std::move(executor)},
      socket_{std::move(socket)},
      identity_{std::move(identity)},
      on_change_{std::move(on_change)} {}

asio::awaitable<void> FaultChannel::run() {
    const stream_protocol::endpoint endpoint{socket_};
    std::chrono::milliseconds back_off = back_off_min;
    for (;;) {
        stream_protocol::socket socket{executor_};
        boost::system::error_code error;
        co_await socket.async_connect(endpoint, redirect_error(use_awaitable, error));
        if (!error) {
            const bool was_served = co_await follow(socket);
            back_off = was_served ? back_off_min : back_off;
            on_change_(Faults{});
        }
        asio::steady_timer timer{executor_, back_off};
        co_await timer.async_wait(use_awaitable);
        back_off = std::min<std::chrono::milliseconds>(back_off * 2, back_off_max);
    }
}

/// True when at least one line came, so the socket's owner took us in.
asio::awaitable<bool> FaultChannel::follow(stream_protocol::socket& socket) {
    const json::object hello{
        {"service", identity_.service}, {"name", identity_.name}, {"version", identity_.version}};
    const std::string line = json::serialize(hello) + "\n";
    boost::system::error_code error;
    co_await asio::async_write(socket, asio::buffer(line), redirect_error(use_awaitable, error));
    std::string received;
    bool was_served = false;
    while (!error) {
        auto buffer = asio::dynamic_buffer(received, line_bytes_max);
        const std::size_t size = co_await asio::async_read_until(
            socket, buffer, '\n', redirect_error(use_awaitable, error));
        if (!error) {
            on_change_(parse_faults(std::string_view{received}.substr(0, size)));
            received.erase(0, size);
            was_served = true;
        }
    }
    co_return was_served;
}

}  // namespace payment_gateway
