// How long an edge takes to switch: from an order to the first answer on the new way, and until the
// edge has confirmed it. A client asks all the time, one request after another, while orders go to
// a real HAProxy and a real Envoy, each with two instances on this machine.
//
// The floor is the bare actuator without looks, proof or durability, on the same way and in turn
// with ours: at HAProxy the one command, at Envoy a file renamed onto the old one. The goals of the
// project: a mode of a pledge is in force 50 ms after its question, two signed messages and a
// synced record included; of these an order may take a few.
//
//     build/release/bin/edge_switch_bench      (in $TMPDIR; Envoy's files are synced there)

#include "homeostat/adapters/envoy/envoy_actuator.hpp"
#include "homeostat/adapters/envoy/envoy_dimmer.hpp"
#include "homeostat/adapters/envoy/runtime_file.hpp"
#include "homeostat/adapters/haproxy/haproxy_actuator.hpp"
#include "homeostat/adapters/haproxy/haproxy_dimmer.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"

#include "../tests/conformance/envoy_world.hpp"
#include "../tests/conformance/haproxy_world.hpp"

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat {

namespace {

namespace envoy = adapters::envoy;
namespace haproxy = adapters::haproxy;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int rounds_count = 200;  // Each has the switch on and off, so 400 of each way.
constexpr Duration order_within = std::chrono::seconds{5};
constexpr std::size_t reply_bytes_max = 4096;

/// How something is turned; both return once whoever was told has answered.
enum class Way { bare_dimmer, dimmer, bare_circuit, circuit };

EffectId next_effect() {
    static int number = 0;
    return EffectId("i-1.e" + std::to_string(++number));
}

DimRequest dim_request(bool is_on) {
    const Instant until = os::read_boot_clock() + std::chrono::seconds{20};
    return DimRequest(guard::Gate::permit(
        next_effect(), Dim{ServiceId("fraud"), is_on ? permille_max : 0, until}));
}

Request circuit_request(bool is_open) {
    return Request(
        guard::Gate::permit(next_effect(), Step{SetCircuit{ServiceId("fraud"), is_open}}));
}

class HaproxyEdge {
  public:
    conformance::HaproxyWorld world;

    Task<bool> turn(Way way, bool is_on) {
        const Instant deadline = os::read_boot_clock() + order_within;
        if (way == Way::dimmer) {
            DimRequest request = dim_request(is_on);
            const Outcome outcome = co_await dimmer_.dim(std::move(request), deadline);
            co_return outcome.kind == OutcomeKind::done;
        }
        if (way == Way::circuit) {
            Request request = circuit_request(is_on);
            const Outcome outcome = co_await actuator_.perform(std::move(request), deadline);
            co_return outcome.kind == OutcomeKind::done;
        }
        const std::string table = way == Way::bare_dimmer ? "dimmers" : "circuits";
        std::string line = "set table " + table + " key fraud data.gpt0 " + (is_on ? "1000" : "0");
        const net::Endpoint socket = net::UnixEndpoint{world.file("haproxy.sock")};
        const net::LineExchange exchange = co_await net::exchange_line(
            world.context.get_executor(), socket, std::move(line), deadline, reply_bytes_max);
        co_return exchange.reply == std::string("\n");
    }

  private:
    haproxy::HaproxyDimmer dimmer_{world.context.get_executor(), world.options()};
    haproxy::HaproxyActuator actuator_{world.context.get_executor(), world.options()};
};

class EnvoyEdge {
  public:
    conformance::EnvoyWorld world;

    Task<bool> turn(Way way, bool is_on) {
        const Instant deadline = os::read_boot_clock() + order_within;
        if (way == Way::dimmer) {
            DimRequest request = dim_request(is_on);
            const Outcome outcome = co_await dimmer_.dim(std::move(request), deadline);
            co_return outcome.kind == OutcomeKind::done;
        }
        if (way == Way::circuit) {
            Request request = circuit_request(is_on);
            const Outcome outcome = co_await actuator_.perform(std::move(request), deadline);
            co_return outcome.kind == OutcomeKind::done;
        }
        co_return rename_file(way, is_on);
    }

  private:
    bool rename_file(Way way, bool is_on) {
        const std::string path = world.file("runtime.json");
        const Result<envoy::RuntimeFile> file =
            envoy::RuntimeFile::parse(world.text_of("runtime.json"));
        ensure(file.has_value(), "the file is one of ours");
        envoy::SwitchOrder order{.key = "homeostat.circuit.fraud", .until = std::nullopt};
        if (way == Way::bare_dimmer) {
            order = {
                .key = "homeostat.dimmer.fraud", .until = std::nullopt, .permille = permille_max};
        }
        if (is_on) {
            order.until = os::read_wall_clock() + std::chrono::seconds{20};
        }
        const std::string text = file->render("h-" + next_effect().text(), {order});
        std::ofstream(path + ".bare") << text;
        std::error_code error;
        std::filesystem::rename(path + ".bare", path, error);
        return !error;
    }

    envoy::EnvoyDimmer dimmer_{world.admin()};
    envoy::EnvoyActuator actuator_{world.admin()};
};

/// Asks for `fraud` without a pause, on one connection.
class Client {
  public:
    Client(boost::asio::io_context& context, std::string socket)
        : context_(context), client_(context.get_executor(), net::UnixEndpoint{std::move(socket)}) {
        boost::asio::co_spawn(context, ask_on(), boost::asio::detached);
    }
    // A client that does not come to its end ends the benchmark.
    ~Client() {  // NOLINT(bugprone-exception-escape): see above.
        is_stopped_ = true;
        net::run_until_for_test(context_, [&] { return is_over_; });
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void wait_for(std::string body) {
        awaited_ = std::move(body);
        seen_at_.reset();
    }
    [[nodiscard]] const std::optional<Clock::time_point>& seen_at() const { return seen_at_; }
    [[nodiscard]] std::size_t failed_count() const { return failed_count_; }

  private:
    Task<void> ask_on() {
        while (!is_stopped_) {
            net::HttpRequest request;
            request.path = "/";
            const Instant deadline = os::read_boot_clock() + order_within;
            const Result<net::HttpResponse> reply =
                co_await client_.request(std::move(request), deadline);
            failed_count_ += reply && reply->status == 200 ? 0 : 1;
            if (reply && !seen_at_ && reply->body == awaited_) {
                seen_at_ = Clock::now();
            }
        }
        is_over_ = true;
    }

    boost::asio::io_context& context_;
    net::HttpClient client_;
    std::string awaited_;
    std::optional<Clock::time_point> seen_at_;
    std::size_t failed_count_{0};
    bool is_stopped_{false};
    bool is_over_{false};
};

struct Times {
    std::vector<Seconds> switched;   ///< To the first answer on the new way.
    std::vector<Seconds> confirmed;  ///< To the edge's word.
};

template <class Edge>
void time_one(Edge& edge, Client& client, Way way, bool is_on, Times& times) {
    client.wait_for(is_on ? "fallback" : "payments-0");
    std::optional<Clock::time_point> confirmed_at;
    const Clock::time_point began_at = Clock::now();
    boost::asio::co_spawn(edge.world.context, edge.turn(way, is_on),
                          [&](const std::exception_ptr&, bool is_done) {
                              ensure(is_done, "the edge does what it is told");
                              confirmed_at = Clock::now();
                          });
    net::run_until_for_test(edge.world.context, [&] { return confirmed_at && client.seen_at(); });
    times.switched.emplace_back(*client.seen_at() - began_at);
    times.confirmed.emplace_back(*confirmed_at - began_at);
}

double quantile_ms(std::vector<Seconds> times, double share) {
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(times.size() - 1));
    std::nth_element(times.begin(), times.begin() + at, times.end());
    return 1e3 * times[static_cast<std::size_t>(at)].count();
}

template <class Edge>
void time_switches(benchmark::State& state, Way bare_way, Way way) {
    Edge edge;
    Client client(edge.world.context, edge.world.file("fraud.sock"));
    Times bare;
    Times ours;
    for ([[maybe_unused]] const auto iteration : state) {
        for (const bool is_on : {true, false}) {
            time_one(edge, client, bare_way, is_on, bare);
        }
        for (const bool is_on : {true, false}) {
            time_one(edge, client, way, is_on, ours);
        }
        state.SetIterationTime(ours.switched.back().count());
    }
    ensure(client.failed_count() == 0, "no request fails while the edge switches");
    state.counters["bare_p50_ms"] = quantile_ms(bare.switched, 0.5);
    state.counters["bare_p99_ms"] = quantile_ms(bare.switched, 0.99);
    state.counters["p50_ms"] = quantile_ms(ours.switched, 0.5);
    state.counters["p99_ms"] = quantile_ms(ours.switched, 0.99);
    state.counters["done_p50_ms"] = quantile_ms(ours.confirmed, 0.5);
    state.counters["done_p99_ms"] = quantile_ms(ours.confirmed, 0.99);
}

void haproxy_dimmer(benchmark::State& state) {
    time_switches<HaproxyEdge>(state, Way::bare_dimmer, Way::dimmer);
}
void haproxy_circuit(benchmark::State& state) {
    time_switches<HaproxyEdge>(state, Way::bare_circuit, Way::circuit);
}
void envoy_dimmer(benchmark::State& state) {
    time_switches<EnvoyEdge>(state, Way::bare_dimmer, Way::dimmer);
}
void envoy_circuit(benchmark::State& state) {
    time_switches<EnvoyEdge>(state, Way::bare_circuit, Way::circuit);
}

void add(const char* name, void (*run)(benchmark::State&)) {
    benchmark::RegisterBenchmark(name, run)
        ->UseManualTime()
        ->Iterations(rounds_count)
        ->Unit(benchmark::kMillisecond);
}

void add_all() {
    if (conformance::has_haproxy()) {
        add("haproxy_dimmer", haproxy_dimmer);
        add("haproxy_circuit", haproxy_circuit);
    }
    if (conformance::has_envoy()) {
        add("envoy_dimmer", envoy_dimmer);
        add("envoy_circuit", envoy_circuit);
    }
}

}  // namespace

}  // namespace homeostat

int main(int count, char** arguments) {
    benchmark::Initialize(&count, arguments);
    homeostat::add_all();
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
