#include "examples/payment_gateway/service/service.hpp"

#include "examples/payment_gateway/service/arguments.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace payment_gateway {

namespace asio = boost::asio;
using asio::use_awaitable;
using namespace std::chrono_literals;

namespace {

constexpr auto leak_step = 100ms;
constexpr auto farewell_max = 800ms;  // A second is allowed; the rest is for the process's own end.
constexpr std::string_view healthz_path = "/healthz";

bool asks_health(std::string_view path) {
    return path == healthz_path || path == "/ready";
}

}  // namespace

Answer unavailable(std::string_view reason) {
    return Answer{503, fmt::format("{{\"error\":\"{}\"}}\n", reason)};
}

Service::Service(ServiceConfig config, Instance instance)
    : config_{std::move(config)},
      instance_{std::move(instance)},
      log_{instance_.name},
      metrics_{config_.service, instance_.name, config_.version},
      chance_{std::hash<std::string>{}(instance_.name)},
      workers_{context_.get_executor(),
               WorkerLimits{config_.workers, config_.queue_max, config_.queue_wait_max}},
      server_{context_.get_executor(),
              [this](Request request) { return answer(std::move(request)); }},
      faults_channel_{context_.get_executor(), config_.faults_socket,
                      FaultChannel::Identity{config_.service, instance_.name, config_.version},
                      [this](const Faults& faults) { take(faults); }} {}

void Service::offer(std::string path, HttpServer::Work work) {
    path_ = std::move(path);
    work_ = std::move(work);
}

int Service::run() {
    std::signal(SIGPIPE, SIG_IGN);
    if (const auto listening = server_.listen(instance_.port); !listening) {
        log_.error("instance cannot start reason={}", in_quotes(listening.error()));
        fmt::print(stderr, "{}: {}\n", instance_.name, listening.error());
        return 1;
    }
    log_.info("instance started service={} version={} port={} workers={}", config_.service,
              config_.version, instance_.port, config_.workers);
    if (!config_.faults_socket.empty()) {
        asio::co_spawn(context_, faults_channel_.run(), asio::detached);
    }
    asio::co_spawn(context_, stop_on_signal(), asio::detached);
    context_.run();
    return 0;
}

double Service::stale_percent() const {
    const bool is_stale = Clock::now() < stale_until_ || faults_.does_not_renew;
    return is_stale ? faults_.stale_percent : 0.0;
}

bool Service::is_time_to_log() {
    return request_count_ % config_.log_every == 0;
}

asio::awaitable<void> Service::pause(std::chrono::milliseconds time) {
    asio::steady_timer timer{context_, time};
    co_await timer.async_wait(use_awaitable);
}

asio::awaitable<void> Service::stop_on_signal() {
    asio::signal_set signals{context_, SIGTERM, SIGINT};
    const int number = co_await signals.async_wait(use_awaitable);
    log_.info("instance stopping signal={} in_flight={}", number, server_.in_flight_count());
    server_.stop();
    const auto give_up_at = Clock::now() + farewell_max;
    while (server_.session_count() > 0 && Clock::now() < give_up_at) {
        co_await pause(10ms);
    }
    log_.info("instance stopped unanswered={}", server_.in_flight_count());
    std::_Exit(EXIT_SUCCESS);  // Unwinding half-done conversations would be of no use to anybody.
}

asio::awaitable<Answer> Service::answer(Request request) {
    if (request.path == "/metrics") {
        co_return metrics_page();
    }
    if (Clock::now() < burst_until_) {
        Answer stumbled = co_await stumble(std::move(request));
        co_return stumbled;
    }
    if (request.path == healthz_path && faults_.does_healthz_lie) {
        co_return unavailable("self_check_broken");
    }
    if (asks_health(request.path)) {
        co_return health();
    }
    if (request.path != path_) {
        co_return Answer{404, "{\"error\":\"no such path\"}\n"};
    }
    Answer done = co_await do_business(std::move(request));
    co_return done;
}

/// Counts and times what `work_in_slot` answers.
asio::awaitable<Answer> Service::do_business(Request request) {
    const auto began_at = Clock::now();
    ++request_count_;
    Answer result = co_await work_in_slot(std::move(request));
    metrics_.count_request(result.status, Clock::now() - began_at);
    co_return result;
}

asio::awaitable<Answer> Service::work_in_slot(Request request) {
    if (faults_.does_fail) {
        log_.error("backing store unreachable path={} errno=ECONNREFUSED", request.path);
        co_return unavailable("backing_store_unreachable");
    }
    if (faults_.slow_for > 0ms) {
        log_.warn("disk answers late, request waits path={}", request.path);
        co_await pause(faults_.slow_for);
    }
    const auto slot = co_await workers_.acquire();
    if (!slot) {
        log_.error("worker pool exhausted reason={} workers={} queue={}", name_of(slot.error()),
                   config_.workers, workers_.queue_length());
        co_return unavailable("pool_exhausted");
    }
    co_await pause(config_.own_wait);
    if (std::uniform_real_distribution{0.0, 1.0}(chance_) < faults_.error_share) {
        log_.error(
            "unhandled exception in {} handler: settlement schema mismatch, field \"settled_at\" "
            "missing, row={} version={}",
            config_.service, chance_() % 1'000'000, config_.version);
        co_return unavailable("internal_error");
    }
    Answer result = co_await work_(std::move(request));
    co_return result;
}

/// During a burst every second request fails at once and the others are late.
asio::awaitable<Answer> Service::stumble(Request request) {
    const bool does_fail = ++request_count_ % 2 == 0 || asks_health(request.path);
    log_.warn("network buffers short, request {} path={}", does_fail ? "dropped" : "delayed",
              request.path);
    if (does_fail) {
        metrics_.count_request(503, 0ns);
        co_return unavailable("overrun");
    }
    while (Clock::now() < burst_until_) {
        co_await pause(10ms);
    }
    Answer late = co_await do_business(std::move(request));
    co_return late;
}

void Service::take(const Faults& faults) {
    if (faults.burst_for > 0ms) {
        burst_until_ = Clock::now() + faults.burst_for;
        return;  // An event: what else is in force stays.
    }
    // From the command on, however often the other faults are told anew.
    if (faults.stale_for > 0ms && faults.stale_for != faults_.stale_for) {
        stale_until_ = Clock::now() + faults.stale_for;
    }
    faults_ = faults;
    if (faults_.leak_mb_per_s <= 0) {
        leak_.give_back();
    } else if (!is_leaking_) {
        is_leaking_ = true;
        asio::co_spawn(context_, leak_on(), asio::detached);
    }
    judge_stall();
}

asio::awaitable<void> Service::leak_on() {
    double warn_at_mb = 16;
    while (faults_.leak_mb_per_s > 0) {
        const bool is_full = faults_.stall_at_mb > 0 && leak_.megabytes() >= faults_.stall_at_mb;
        if (!is_full) {
            leak_.grow(faults_.leak_mb_per_s * std::chrono::duration<double>(leak_step).count());
            judge_stall();
        }
        if (leak_.megabytes() >= warn_at_mb) {
            log_.warn("session cache grows heap_mb={:.0f} entries={}", leak_.megabytes(),
                      static_cast<std::uint64_t>(leak_.megabytes() * 37));
            warn_at_mb = leak_.megabytes() + 16;
        }
        co_await pause(leak_step);
    }
    is_leaking_ = false;
}

void Service::judge_stall() {
    const bool is_full = faults_.stall_at_mb > 0 && leak_.megabytes() >= faults_.stall_at_mb;
    const bool is_stalled = faults_.does_hang || is_full;
    server_.stall(is_stalled);
}

Answer Service::health() const {
    if (faults_.does_fail) {
        return unavailable("backing_store_unreachable");
    }
    if (workers_.is_queue_full()) {
        return unavailable("pool_exhausted");
    }
    return Answer{200, fmt::format("{{\"status\":\"ok\",\"service\":\"{}\",\"instance\":\"{}\","
                                   "\"version\":\"{}\"}}\n",
                                   config_.service, instance_.name, config_.version)};
}

Answer Service::metrics_page() const {
    const Gauges gauges{config_.workers, workers_.busy_count(), workers_.queue_length(),
                        server_.in_flight_count(), log_.dropped_count()};
    return Answer{200, metrics_.prometheus_text(gauges), "text/plain; version=0.0.4"};
}

int service_main(int count,
                 char** words,
                 std::string_view service,
                 const std::function<void(Service&)>& set_up) {
    constexpr std::array<std::string_view, 3> known{"--port", "--name", "--config"};
    const auto arguments = Arguments::parse(count, words, known);
    if (!arguments) {
        return refuse(service, arguments.error());
    }
    const auto port = arguments->number("--port", 0, 1, 65'535);
    if (!port || !arguments->has("--port") || !arguments->has("--name")) {
        return refuse(
            service, "usage: --port PORT --name INSTANCE [--config DIR], in a version's directory");
    }
    const std::filesystem::path settings = arguments->text("--config");
    auto config = read_service_config("service.json",
                                      settings.empty() ? settings : settings / "operations.json");
    if (!config) {
        return refuse(service, config.error());
    }
    if (config->service != service) {
        return refuse(service, fmt::format("service.json is for '{}'", config->service));
    }
    Service served{std::move(*config),
                   Instance{arguments->text("--name"), static_cast<std::uint16_t>(*port)}};
    set_up(served);
    return served.run();
}

}  // namespace payment_gateway
