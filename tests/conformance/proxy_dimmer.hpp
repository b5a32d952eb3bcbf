#pragma once

// ProxyDimmer: the dimmer of a real proxy that the suites start (HaproxyWorld, EnvoyWorld).
//
// For tests only.

#include "homeostat/ports/dimmer.hpp"

#include "dimmer_conformance.hpp"
#include "permit_for_test.hpp"
#include "proxy_conformance.hpp"

#include <boost/asio/co_spawn.hpp>

#include <csignal>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace homeostat::conformance {

template <class World>
using DimmerMaker = std::function<std::unique_ptr<ports::Dimmer>(World&)>;

inline Answered answered_by(const Result<net::HttpResponse>& reply) {
    if (!reply || reply->status != 200) {
        return Answered::by_nobody;
    }
    return reply->body == "fallback" ? Answered::by_fallback : Answered::by_neighbour;
}

template <class World>
class ProxyDimmer final : public DimmerWorld {
  public:
    ProxyDimmer(const DimmerMaker<World>& make, std::chrono::milliseconds lasts)
        : world_(!World::with_checks, lasts), dimmer_(make(world_)) {}

    [[nodiscard]] World& world() { return world_; }

    ServiceId neighbour() override { return ServiceId("fraud"); }
    Instant now() override { return net::now_for_test(); }
    std::vector<Outcome> dim(std::vector<Dim> orders, Duration within) override {
        std::vector<std::optional<Outcome>> given(orders.size());
        const Instant deadline = now() + within;
        for (std::size_t index = 0; index < orders.size(); ++index) {
            boost::asio::co_spawn(
                world_.context,
                dimmer_->dim(dim_request_for_test(std::move(orders[index]), ++orders_count_),
                             deadline),
                [&given, index](std::exception_ptr, Outcome outcome) {
                    given[index].emplace(std::move(outcome));
                });
        }
        net::run_until_for_test(world_.context, [&] {
            return std::ranges::all_of(given, [](const auto& one) { return one.has_value(); });
        });
        std::vector<Outcome> outcomes;
        for (std::optional<Outcome>& one : given) {
            outcomes.push_back(*std::move(one));
        }
        return outcomes;
    }
    Result<std::vector<DimmerFacts>> read(Duration within) override {
        return net::run_for_test(world_.context, dimmer_->read_dimmers(now() + within));
    }
    Answered call() override { return answered_by(world_.call_fraud()); }
    void begin_slow_call() override {
        boost::asio::co_spawn(world_.context,
                              world_.begin_call("fraud.sock", "/slow", std::chrono::seconds{5}),
                              [this](std::exception_ptr, const Result<net::HttpResponse>& reply) {
                                  slow_ = answered_by(reply);
                              });
        net::run_until_for_test(world_.context, [&] { return world_.p0.requests_count() == 1; });
    }
    Answered end_slow_call() override {
        net::run_until_for_test(world_.context, [&] { return slow_.has_value(); });
        return *slow_;
    }
    void stand_still() override { world_.signal(SIGSTOP); }
    void go_on() override { world_.signal(SIGCONT); }
    void kill() override { world_.kill(); }
    void start() override { world_.start(); }
    void wait_until(const std::function<bool()>& holds) override {
        net::run_until_for_test(world_.context, [&] {
            let_watchdog_look(world_);
            return holds();
        });
    }

  private:
    World world_;
    std::unique_ptr<ports::Dimmer> dimmer_;
    int orders_count_{0};
    std::optional<Answered> slow_;
};

}  // namespace homeostat::conformance
