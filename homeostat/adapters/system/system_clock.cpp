#include "homeostat/adapters/system/system_clock.hpp"

#include "homeostat/os/clock.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace homeostat::adapters::system {

namespace asio = boost::asio;

SystemClock::SystemClock(asio::any_io_executor strand) : strand_(std::move(strand)) {}

Instant SystemClock::now() const {
    return os::read_boot_clock();
}

WallTime SystemClock::wall_now() const {
    return os::read_wall_clock();
}

Task<void> SystemClock::sleep_until(Instant at) {
    // The timer runs on CLOCK_MONOTONIC: after a suspend it ends late, never early.
    asio::steady_timer timer(strand_);
    timer.expires_after(std::max(Duration::zero(), at - now()));
    boost::system::error_code ignored;  // A cancelled sleep just ends.
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace homeostat::adapters::system
