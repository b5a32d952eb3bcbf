#pragma once

// EnvoyWorld: a real Envoy in front of two scripted instances, in a directory of its own; the first
// is at the same time the only endpoint of the neighbour `fraud`, which has a circuit and a dimmer,
// and of the cache `quotes`, whose source is the second.
//
// Everything listens on UNIX sockets in that directory, so that no port has to be guessed. Envoy
// asks the kernel to end it with the thread that started it (PR_SET_PDEATHSIG), and here that is
// wanted: it ends with the test, also when the test is killed. In production nothing of ours starts
// Envoy. For tests only.

#include "homeostat/adapters/envoy/admin.hpp"
#include "homeostat/adapters/envoy/envoy_actuator.hpp"
#include "homeostat/adapters/envoy/envoy_telemetry.hpp"
#include "homeostat/adapters/envoy/watchdog.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/child.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"

#include "envoy_config.hpp"
#include "envoy_program.hpp"
#include "permit_for_test.hpp"
#include "two_instances.hpp"

#include <signal.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::conformance {

namespace envoy = adapters::envoy;

constexpr Duration test_step_within = std::chrono::seconds{2};

class EnvoyWorld final : public TwoInstances {
  public:
    static constexpr bool with_checks = true;

    explicit EnvoyWorld(bool has_checks = false, Duration circuit_lasts = std::chrono::minutes{1})
        : circuit_lasts_(circuit_lasts) {
        write_envoy_config(directory_, has_checks);
        start();
        watch();
    }
    ~EnvoyWorld() { kill(); }  // NOLINT(bugprone-exception-escape): a test ends with it.
    EnvoyWorld(const EnvoyWorld&) = delete;
    EnvoyWorld& operator=(const EnvoyWorld&) = delete;

    void start() {
        os::Program program;
        program.argv = {envoy_program().value(),
                        "-c",
                        file("envoy.json"),
                        "--concurrency",
                        "1",
                        "--log-level",
                        "warn",
                        "--use-dynamic-base-id",
                        "--reject-unknown-dynamic-fields",
                        "--log-path",
                        file("envoy.log")};
        program.ends_with_us = true;
        Result<os::Child> child = os::spawn(program);
        if (!child) {
            throw std::runtime_error(child.error().text);
        }
        child_.emplace(*std::move(child));
        admin_.emplace(context.get_executor(), options());
        net::run_until_for_test(context, [&] {
            return net::run_for_test(context,
                                     admin_->ask("/ready", net::now_for_test() + test_step_within))
                .has_value();
        });
    }
    void signal(int number) { static_cast<void>(child_->process().send(number)); }
    void kill() {
        if (child_) {
            signal(SIGKILL);
            net::run_until_for_test(context, [&] { return child_->has_ended(); });
            child_.reset();
        }
    }

    [[nodiscard]] envoy::Options options() const {
        envoy::Options options{
            .admin = net::UnixEndpoint{file("admin.sock")},
            .service = ServiceId("payments"),
            .cluster = "payments",
            .endpoints = {{InstanceId("payments-0"), "p0"}, {InstanceId("payments-1"), "p1"}},
            .directory = directory_.file("."),
            .override_lasts = circuit_lasts_};
        options.neighbours = {
            {ServiceId("fraud"), "fraud", "homeostat.circuit.fraud", "homeostat.dimmer.fraud"}};
        options.routes = {{CacheId("quotes"), "source", "homeostat.route.quotes"}};
        return options;
    }
    [[nodiscard]] envoy::Admin& admin() { return *admin_; }
    /// A watchdog from now on, where there was none.
    void watch() {
        Result<envoy::Watchdog> taken = envoy::Watchdog::take(directory_.file("."));
        if (!taken) {
            throw std::runtime_error(taken.error().text);
        }
        watchdog_.emplace(*std::move(taken));
    }
    void stop_watching() { watchdog_.reset(); }
    /// What its process does all the time.
    Result<std::vector<std::string>> pass() { return watchdog_->pass(os::read_wall_clock()); }

    Outcome perform(Step step, Duration within = std::chrono::seconds{5}) {
        envoy::EnvoyActuator actuator(*admin_);
        return net::run_for_test(context, actuator.perform(request_for_test(std::move(step)),
                                                           net::now_for_test() + within));
    }
    Result<EdgeFacts> read(Duration within = std::chrono::seconds{5}) {
        envoy::EnvoyActuator actuator(*admin_);
        const Result<FactsPart> part =
            net::run_for_test(context, actuator.read(net::now_for_test() + within));
        return part ? Result<EdgeFacts>(std::get<EdgeFacts>(*part)) : std::unexpected(part.error());
    }
    Result<std::vector<Reading>> watch_counters(Duration within = std::chrono::seconds{5}) {
        envoy::EnvoyTelemetry telemetry(*admin_);
        return net::run_for_test(context, telemetry.read(net::now_for_test() + within));
    }
    Result<envoy::Look> look(Duration within = std::chrono::seconds{2}) {
        return net::run_for_test(context, admin_->look(net::now_for_test() + within));
    }
    [[nodiscard]] Rotation rotation_of(const std::string& hostname) {
        const Result<envoy::Look> seen = look();
        const envoy::HostView* found =
            seen ? envoy::find_host(seen->clusters.front(), hostname) : nullptr;
        return found != nullptr ? found->rotation : Rotation::unknown;
    }
    void wait_for(const std::string& hostname, Rotation rotation) {
        net::run_until_for_test(context, [&] { return rotation_of(hostname) == rotation; });
    }
    [[nodiscard]] std::string text_of(const std::string& name) const {
        return os::read_file(file(name), std::size_t{1} << 20U).value_or("");
    }
    /// By a rename, so that Envoy takes it.
    void put(const std::string& name, const std::string& text) {
        static_cast<void>(os::write_file_atomically(file(name), text));
    }
    /// As an editor that writes in place: Envoy does not notice.
    void edit(const std::string& name, const std::string& text) { write_text(file(name), text); }

  private:
    Duration circuit_lasts_;
    std::optional<envoy::Admin> admin_;
    std::optional<envoy::Watchdog> watchdog_;
    std::optional<os::Child> child_;
};

}  // namespace homeostat::conformance
