#include "homeostat/adapters/process/wait.hpp"

#include "homeostat/adapters/process/world_for_test.hpp"
#include "homeostat/os/child.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>

namespace homeostat::adapters::process {

namespace {

/// Waits while this process may open nothing more.
Task<bool> wait_without_descriptors(int fd, Instant deadline, ports::Clock& clock) {
    co_await clock.sleep_until(clock.now());  // The loop has opened what it needs itself.
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit none{3, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const bool is_readable = co_await wait_readable(fd, deadline, clock);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    co_return is_readable;
}

}  // namespace

TEST_CASE("without a descriptor left the wait is as long, and ends by what it waits for") {
    RealClock clock;
    const os::Pipe pipe = os::make_pipe().value();
    const Instant soon = clock.now() + std::chrono::milliseconds{120};
    CHECK_FALSE(run(wait_without_descriptors(pipe.reader.number(), soon, clock)));
    CHECK(clock.now() >= soon);
    REQUIRE(::write(pipe.writer.number(), "x", 1) == 1);
    CHECK(run(wait_without_descriptors(pipe.reader.number(), Instant::max(), clock)));
}

}  // namespace homeostat::adapters::process
