#include "homeostat/app/demo/restarter.hpp"

#include "homeostat/base/task.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/os/child.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <poll.h>

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>

namespace homeostat::app::demo {

namespace {

using namespace std::chrono_literals;

/// A health check that says what the test wants, and tells when it was asked.
class HealthCheck {
  public:
    HealthCheck() {
        REQUIRE(server_.listen(net::TcpEndpoint{}));
        thread_ = std::thread([this] { context_.run(); });
    }
    ~HealthCheck() {
        context_.stop();
        thread_.join();
    }
    HealthCheck(const HealthCheck&) = delete;
    HealthCheck& operator=(const HealthCheck&) = delete;

    [[nodiscard]] net::Endpoint endpoint() const {
        return net::TcpEndpoint{.port = server_.port()};
    }
    void say(int status) { status_ = status; }
    [[nodiscard]] int asked_count() const { return asked_count_; }

  private:
    Task<net::HttpResponse> answer() {
        asked_count_ += 1;
        co_return net::HttpResponse{.status = status_, .body = {}};
    }

    std::atomic<int> status_{200};
    std::atomic<int> asked_count_{0};
    boost::asio::io_context context_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> stays_{
        context_.get_executor()};
    net::HttpServer server_{context_.get_executor(),
                            [this](const net::HttpRequest&) { return answer(); }};
    std::thread thread_;
};

/// Real processes, one after the other, at one place.
class Place {
  public:
    /// What is started there: a shell's script.
    explicit Place(std::string script) : script_(std::move(script)) { REQUIRE(start()); }
    ~Place() {
        if (child_) {
            (void)child_->process().send(SIGKILL);
            wait_for_end();
        }
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    Result<void> start() {
        const std::scoped_lock lock(lock_);
        Result<os::Child> child = os::spawn({.argv = {"sh", "-c", script_}});
        if (!child) {
            return std::unexpected(child.error());
        }
        last_status_ = child_ ? child_->exit_status() : std::nullopt;
        child_ = std::move(*child);
        starts_count_ += 1;
        changed_.notify_all();
        return {};
    }
    Result<os::Pidfd> process() {
        const std::scoped_lock lock(lock_);
        return os::Pidfd::open(child_->pid());
    }
    void wait_for_start(int count) {
        std::unique_lock lock(lock_);
        REQUIRE(changed_.wait_for(lock, 60s, [&] { return starts_count_ >= count; }));
    }
    void kill() {
        const std::scoped_lock lock(lock_);
        REQUIRE(child_->process().send(SIGKILL));
    }
    [[nodiscard]] int pid() {
        const std::scoped_lock lock(lock_);
        return child_->pid();
    }
    [[nodiscard]] int starts_count() {
        const std::scoped_lock lock(lock_);
        return starts_count_;
    }
    /// Of the predecessor of the one that runs.
    [[nodiscard]] int last_status() {
        const std::scoped_lock lock(lock_);
        return last_status_.value_or(-1);
    }

  private:
    void wait_for_end() {
        pollfd ends{child_->process().fd(), POLLIN, 0};
        ::poll(&ends, 1, -1);
    }

    std::string script_;
    std::mutex lock_;
    std::condition_variable changed_;
    std::optional<os::Child> child_;
    std::optional<int> last_status_;
    int starts_count_{0};
};

constexpr const char* ends_when_told = "exec sleep 1000";
/// Deaf to SIGTERM.
constexpr const char* ends_never = "trap '' TERM; while :; do sleep 1000; done";

constexpr Liveness quick{.period = 20ms, .timeout = 1s, .failures_max = 3, .grace = 30s};

std::vector<RestartTarget> only(const HealthCheck& check, Place& place) {
    return {{check.endpoint(), "/healthz", [&] { return place.process(); },
             [&] { return place.start(); }}};
}

void wait_for_probes(const HealthCheck& check, int more) {
    const int wanted = check.asked_count() + more;
    while (check.asked_count() < wanted) {
        ::poll(nullptr, 0, 5);
    }
}

}  // namespace

TEST_CASE("a process that fails its probes is told to end and started again at once") {
    HealthCheck check;
    Place place(ends_when_told);
    const int first = place.pid();
    Restarter restarter(only(check, place), quick, Rng(1));
    check.say(503);
    place.wait_for_start(2);
    check.say(200);
    CHECK(place.pid() != first);
    CHECK(WTERMSIG(place.last_status()) == SIGTERM);
}

TEST_CASE("a process that does not end within the grace is killed") {
    HealthCheck check;
    Place place(ends_never);
    Liveness impatient = quick;
    impatient.grace = 50ms;
    Restarter restarter(only(check, place), impatient, Rng(1));
    check.say(503);
    place.wait_for_start(2);
    CHECK(WTERMSIG(place.last_status()) == SIGKILL);
}

TEST_CASE("a process that was killed is started again, and counted, while its probes are good") {
    HealthCheck check;
    Place place(ends_when_told);
    std::uint32_t count = 0;
    {
        Restarter restarter(only(check, place), quick, Rng(1));
        place.kill();
        place.wait_for_start(2);
        wait_for_probes(check, 1);
        count = restarter.restarts_count();
    }
    CHECK(count == 1);
    CHECK(place.starts_count() == 2);
}

TEST_CASE("a second end within its back-off is not answered at once") {
    HealthCheck check;
    Place place(ends_when_told);
    Restarter restarter(only(check, place), quick, Rng(1));
    place.kill();
    place.wait_for_start(2);
    wait_for_probes(check, 1);
    place.kill();
    ::poll(nullptr, 0, 200);
    CHECK(place.starts_count() == 2);
}

TEST_CASE("a process that answers its probes is left alone") {
    HealthCheck check;
    Place place(ends_when_told);
    const int first = place.pid();
    Restarter restarter(only(check, place), quick, Rng(1));
    wait_for_probes(check, 10);
    CHECK(place.pid() == first);
    CHECK(restarter.restarts_count() == 0);
}

TEST_CASE("what a deploy tool holds is not restarted, and is watched again when it is released") {
    HealthCheck check;
    Place place(ends_when_told);
    Restarter restarter(only(check, place), quick, Rng(1));
    restarter.hold(0);
    const int asked_count = check.asked_count();
    place.kill();
    ::poll(nullptr, 0, 100);
    CHECK(place.starts_count() == 1);
    CHECK(check.asked_count() == asked_count);
    restarter.release(0);
    place.wait_for_start(2);
}

}  // namespace homeostat::app::demo
