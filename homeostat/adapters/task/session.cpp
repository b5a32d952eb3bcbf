#include "homeostat/adapters/task/session.hpp"

#include "homeostat/os/clock.hpp"
#include "homeostat/os/error.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace homeostat::adapters::task {

namespace asio = boost::asio;

namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
constexpr int end_patience_ms = 5000;  // A killed process is gone at once unless the disk hangs.
constexpr int rest_parts_max = 64;     // Of what a pipe holds, 64 KiB.

Task<void> wait_until(Instant deadline) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor, deadline - os::read_boot_clock()};
    static_cast<void>(co_await timer.async_wait(as_values));
}

}  // namespace

Session::Session(os::Child child, asio::posix::stream_descriptor pipe)
    : child_(std::make_unique<os::Child>(std::move(child))), pipe_(std::move(pipe)) {}

Result<Session> Session::start(const asio::any_io_executor& executor,
                               const Command& command,
                               std::vector<std::string> environment,
                               int held_fd) {
    Result<os::Pipe> pipe = os::make_pipe();
    if (!pipe) {
        return std::unexpected(pipe.error());
    }
    os::Program program;
    program.argv = command.argv;
    program.directory = command.directory;
    program.environment = std::move(environment);
    program.inherits_environment = false;
    program.has_own_session = true;
    program.ends_with_us = true;
    program.kept_fd = held_fd;
    program.output_fd = pipe->writer.number();
    program.error_fd = pipe->writer.number();
    Result<os::Child> child = os::spawn(program);
    if (!child) {
        return std::unexpected(child.error());
    }
    const int reader = pipe->reader.release();
    return Session(std::move(*child), asio::posix::stream_descriptor(executor, reader));
}

Session::~Session() {
    if (child_ == nullptr || is_reaped_) {
        return;
    }
    signal(SIGKILL);
    pollfd ended{.fd = child_->process().fd(), .events = POLLIN, .revents = 0};
    ::poll(&ended, 1, end_patience_ms);
}

void Session::signal(int number) {
    ::kill(-child_->pid(), number);
}

/// Its pipe may stay open in the hands of others, so the end of the command is what counts.
Task<void> Session::collect() {
    bool is_open = true;
    while (is_open) {
        const auto read = co_await pipe_.async_read_some(asio::buffer(part_), as_values);
        is_open = !std::get<0>(read);
        tail_.add({part_.data(), std::get<1>(read)});
    }
    asio::steady_timer never{pipe_.get_executor(), asio::steady_timer::time_point::max()};
    static_cast<void>(co_await never.async_wait(as_values));
}

Task<void> Session::wait_end() {
    // A copy, because Asio closes what it watches.
    const int copy = ::fcntl(child_->process().fd(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        co_await wait_until(Instant::max());  // Then the deadline ends it.
        co_return;
    }
    asio::posix::stream_descriptor watched{pipe_.get_executor(), copy};
    static_cast<void>(
        co_await watched.async_wait(asio::posix::stream_descriptor::wait_read, as_values));
}

Task<bool> Session::wait(Instant deadline) {
    using asio::experimental::awaitable_operators::operator||;
    Task<void> said = collect();
    Task<void> ended = wait_end();
    Task<void> late = wait_until(deadline);
    co_await (std::move(said) || std::move(ended) || std::move(late));
    co_return child_->has_ended();
}

std::optional<int> Session::reap() {
    signal(SIGKILL);
    is_reaped_ = true;
    return child_->exit_status();
}

void Session::read_rest() {
    pipe_.native_non_blocking(true);
    for (int count = 0; count < rest_parts_max; ++count) {
        const ssize_t read = ::read(pipe_.native_handle(), part_.data(), part_.size());
        if (read <= 0) {
            return;
        }
        tail_.add({part_.data(), static_cast<std::size_t>(read)});
    }
}

std::string Session::output(const std::vector<std::string>& secrets) {
    read_rest();
    return tail_.text(secrets);
}

}  // namespace homeostat::adapters::task
