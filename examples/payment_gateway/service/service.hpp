#pragma once

// Service: what payments, fraud, quotes and rates have in common. One thread, one HTTP server, a
// worker pool as the capacity, /healthz, /ready and /metrics, and the faults that somebody may
// switch on.
//
// /healthz, for whoever looks after the instance, and /ready, for the proxy in front of it, speak
// of this instance alone. They do not ask the dependencies, or one sick dependency would take every
// instance of every service above it out of the proxy at once.

#include "examples/payment_gateway/service/config.hpp"
#include "examples/payment_gateway/service/fault_channel.hpp"
#include "examples/payment_gateway/service/http_server.hpp"
#include "examples/payment_gateway/service/leak.hpp"
#include "examples/payment_gateway/service/log.hpp"
#include "examples/payment_gateway/service/metrics.hpp"
#include "examples/payment_gateway/service/worker_pool.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <random>
#include <string>
#include <string_view>

namespace payment_gateway {

struct Instance {
    std::string name;
    std::uint16_t port{};
};

/// A 503 with a machine-readable reason.
Answer unavailable(std::string_view reason);

class Service {
  public:
    Service(ServiceConfig config, Instance instance);

    /// What the service is for: answers `path` by `work`, which runs while a worker is held.
    void offer(std::string path, HttpServer::Work work);

    /// Serves until SIGTERM or SIGINT and ends the process within a second of it. Returns only if
    /// the port cannot be had.
    int run();

    [[nodiscard]] boost::asio::any_io_executor executor() { return context_.get_executor(); }
    [[nodiscard]] const ServiceConfig& config() const { return config_; }
    [[nodiscard]] const Instance& instance() const { return instance_; }
    [[nodiscard]] Log& log() { return log_; }
    [[nodiscard]] Metrics& metrics() { return metrics_; }

    /// How far copies that are written now are off, by a fault; 0: not at all.
    [[nodiscard]] double stale_percent() const;

    /// False by a fault: copies that are there stay as they are.
    [[nodiscard]] bool does_renew() const { return !faults_.does_not_renew; }

    /// True for one of every `log_every` calls: good requests are too many to be logged all.
    [[nodiscard]] bool is_time_to_log();

  private:
    using Clock = std::chrono::steady_clock;

    boost::asio::awaitable<Answer> answer(Request request);
    boost::asio::awaitable<Answer> do_business(Request request);
    boost::asio::awaitable<Answer> work_in_slot(Request request);
    boost::asio::awaitable<Answer> stumble(Request request);
    boost::asio::awaitable<void> leak_on();
    boost::asio::awaitable<void> stop_on_signal();
    boost::asio::awaitable<void> pause(std::chrono::milliseconds time);
    void take(const Faults& faults);
    void judge_stall();
    [[nodiscard]] Answer health() const;
    [[nodiscard]] Answer metrics_page() const;

    ServiceConfig config_;
    Instance instance_;
    Log log_;
    Metrics metrics_;
    Faults faults_;
    Leak leak_;
    bool is_leaking_{};
    Clock::time_point burst_until_;
    Clock::time_point stale_until_;
    std::uint64_t request_count_{};
    std::mt19937_64 chance_;
    std::string path_;
    HttpServer::Work work_;
    boost::asio::io_context context_{1};
    WorkerPool workers_;
    HttpServer server_;
    FaultChannel faults_channel_;
};

/// The main function of a service: reads the arguments `--port P --name NAME` and `service.json` of
/// the working directory, lets `set_up` say what the service offers, and runs it.
int service_main(int count,
                 char** words,
                 std::string_view service,
                 const std::function<void(Service&)>& set_up);

}  // namespace payment_gateway
