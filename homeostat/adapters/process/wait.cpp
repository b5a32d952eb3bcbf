#include "homeostat/adapters/process/wait.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <chrono>

namespace homeostat::adapters::process {

namespace asio = boost::asio;

namespace {

bool is_readable(int fd) {
    pollfd poll{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&poll, 1, 0) == 1;
}

/// Without a descriptor to watch with: by asking again and again.
Task<bool> ask_until_readable(int fd, Instant deadline, ports::Clock& clock) {
    constexpr Duration ask_again_after = std::chrono::milliseconds{20};
    while (!is_readable(fd) && clock.now() < deadline) {
        co_await clock.sleep_until(std::min(clock.now() + ask_again_after, deadline));
    }
    co_return is_readable(fd);
}

}  // namespace

Task<bool> wait_readable(int fd, Instant deadline, ports::Clock& clock) {
    using asio::experimental::awaitable_operators::operator||;
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    // A copy, because Asio closes what it watches.
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        const bool is_there = co_await ask_until_readable(fd, deadline, clock);
        co_return is_there;
    }
    asio::posix::stream_descriptor watched{executor, copy};
    auto readable = watched.async_wait(asio::posix::stream_descriptor::wait_read,
                                       asio::as_tuple(asio::use_awaitable));
    Task<void> sleep = clock.sleep_until(deadline);
    const auto first = co_await (std::move(readable) || std::move(sleep));
    // A cancelled wait also comes back as the first; only the descriptor itself knows.
    co_return first.index() == 0 && is_readable(fd);
}

}  // namespace homeostat::adapters::process
