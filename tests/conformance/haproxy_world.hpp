#pragma once

// HaproxyWorld: a real HAProxy in front of two scripted instances, in a directory of its own; the
// first is at the same time the only server of the neighbour `fraud`, which has a circuit and a
// dimmer, and of the cache `quotes`, whose source is the second.
//
// Everything listens on UNIX sockets in that directory, so that no port has to be guessed. HAProxy
// is killed with the test, also when the test is. For tests only.

#include "homeostat/adapters/haproxy/haproxy_actuator.hpp"
#include "homeostat/adapters/haproxy/haproxy_telemetry.hpp"
#include "homeostat/adapters/haproxy/runtime_socket.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/net/line_client.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/child.hpp"

#include "haproxy_config.hpp"
#include "permit_for_test.hpp"
#include "two_instances.hpp"

#include <signal.h>

#include <chrono>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace homeostat::conformance {

namespace haproxy = adapters::haproxy;

/// Nothing when HAProxy is not installed.
inline std::optional<std::string> haproxy_program() {
    // A user's PATH on Debian has no sbin, and HAProxy lives there.
    for (const std::string& name : {"haproxy", "/usr/sbin/haproxy", "/usr/local/sbin/haproxy"}) {
        if (Result<std::string> found = os::find_program(name, "")) {
            return *found;
        }
    }
    return std::nullopt;
}

/// A suite whose peer is missing says so; the line makes ctest count it as skipped.
inline bool has_haproxy() {
    const bool is_there = haproxy_program().has_value();
    if (!is_there) {
        std::cout << "SKIPPED: haproxy is not installed\n";
    }
    return is_there;
}

class HaproxyWorld final : public TwoInstances {
  public:
    static constexpr bool with_checks = true;

    explicit HaproxyWorld(bool has_checks = false,
                          std::chrono::milliseconds circuit_lasts = std::chrono::minutes{1})
        : socket_(net::UnixEndpoint{directory_.file("haproxy.sock")}) {
        write_haproxy_config(directory_, has_checks, circuit_lasts);
        start();
    }
    ~HaproxyWorld() { kill(); }  // NOLINT(bugprone-exception-escape): a test ends with it.
    HaproxyWorld(const HaproxyWorld&) = delete;
    HaproxyWorld& operator=(const HaproxyWorld&) = delete;

    void start() {
        const std::optional<std::string> program = haproxy_program();
        if (!program) {
            throw std::runtime_error("haproxy is not installed");
        }
        os::Program haproxy;
        haproxy.argv = {*program, "-q", "-db", "-f", directory_.file("haproxy.cfg")};
        haproxy.ends_with_us = true;
        Result<os::Child> child = os::spawn(haproxy);
        if (!child) {
            throw std::runtime_error(child.error().text);
        }
        child_.emplace(*std::move(child));
        net::run_until_for_test(context, [&] { return look().has_value(); });
    }
    void signal(int number) { static_cast<void>(child_->process().send(number)); }
    void kill() {
        if (child_) {
            signal(SIGKILL);
            net::run_until_for_test(context, [&] { return child_->has_ended(); });
            child_.reset();
        }
    }

    [[nodiscard]] haproxy::Options options() const {
        haproxy::Options options{.socket = socket_,
                                 .service = ServiceId("payments"),
                                 .backend = "payments",
                                 .servers = {}};
        options.servers = {{InstanceId("payments-0"), "p0"}, {InstanceId("payments-1"), "p1"}};
        options.neighbours = {{ServiceId("fraud"), "fraud", "circuits", "dimmers"}};
        options.routes = {{CacheId("quotes"), "source", "reroutes"}};
        return options;
    }
    [[nodiscard]] haproxy::RuntimeSocket runtime() { return {context.get_executor(), socket_}; }

    Outcome perform(Step step, Duration within = std::chrono::seconds{5}) {
        haproxy::HaproxyActuator actuator(context.get_executor(), options());
        return net::run_for_test(context, actuator.perform(request_for_test(std::move(step)),
                                                           net::now_for_test() + within));
    }
    Result<EdgeFacts> read(Duration within = std::chrono::seconds{5}) {
        haproxy::HaproxyActuator actuator(context.get_executor(), options());
        const Result<FactsPart> part =
            net::run_for_test(context, actuator.read(net::now_for_test() + within));
        return part ? Result<EdgeFacts>(std::get<EdgeFacts>(*part)) : std::unexpected(part.error());
    }
    Result<std::vector<Reading>> watch_counters(Duration within = std::chrono::seconds{5}) {
        haproxy::HaproxyTelemetry telemetry(context.get_executor(), options());
        return net::run_for_test(context, telemetry.read(net::now_for_test() + within));
    }
    Result<haproxy::BackendView> look(Duration within = std::chrono::seconds{2}) {
        std::vector<std::string> backends{"payments"};
        const auto views = net::run_for_test(
            context, runtime().look(std::move(backends), net::now_for_test() + within));
        return views ? Result<haproxy::BackendView>(views->front())
                     : std::unexpected(views.error());
    }
    [[nodiscard]] Rotation rotation_of(const std::string& server) {
        const Result<haproxy::BackendView> view = look();
        const haproxy::ServerView* found = view ? haproxy::find_server(*view, server) : nullptr;
        return found != nullptr ? found->rotation : Rotation::unknown;
    }
    void wait_for(const std::string& server, Rotation rotation) {
        net::run_until_for_test(context, [&] { return rotation_of(server) == rotation; });
    }
    /// A command of the test's own, as a person would type it.
    void command(std::string line) {
        const net::LineExchange exchange = net::run_for_test(
            context, net::exchange_line(context.get_executor(), socket_, std::move(line),
                                        net::now_for_test() + std::chrono::seconds{2}, 65536));
        if (!exchange.reply) {
            throw std::runtime_error(exchange.reply.error().text);
        }
    }

  private:
    net::Endpoint socket_;
    std::optional<os::Child> child_;
};

}  // namespace homeostat::conformance
