#pragma once

// run_for_test: runs one task to its end on an io_context, for tests of code that awaits.
//
// Other tasks of the same context run along. A task that does not end within ten seconds throws,
// which fails the test instead of hanging it.

#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <time.h>

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace homeostat::net {

constexpr auto test_ends_within = std::chrono::seconds{10};

/// The real time, so that a test can hand out real deadlines.
[[nodiscard]] inline Instant now_for_test() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return Instant{std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
}

/// Runs `context` until `is_done` says so.
template <class Condition>
void run_until_for_test(boost::asio::io_context& context, Condition is_done) {
    const auto ends_at = std::chrono::steady_clock::now() + test_ends_within;
    while (!is_done()) {
        if (std::chrono::steady_clock::now() > ends_at) {
            throw std::runtime_error("the task did not end within ten seconds");
        }
        context.restart();
        context.run_one_for(std::chrono::milliseconds{20});
    }
}

template <class T>
T run_for_test(boost::asio::io_context& context, Task<T> task) {
    std::optional<T> result;
    std::exception_ptr failure;
    boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr thrown, T value) {
        failure = std::move(thrown);
        result.emplace(std::move(value));
    });
    run_until_for_test(context, [&] { return result.has_value(); });
    if (failure) {
        std::rethrow_exception(failure);
    }
    return *std::move(result);
}

inline void run_for_test(boost::asio::io_context& context, Task<void> task) {
    bool is_done = false;
    std::exception_ptr failure;
    boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr thrown) {
        failure = std::move(thrown);
        is_done = true;
    });
    run_until_for_test(context, [&] { return is_done; });
    if (failure) {
        std::rethrow_exception(failure);
    }
}

}  // namespace homeostat::net
