// The suite of dimmers on the simulated one: what the real proxies are held to, it is.

#include "homeostat/net/run_for_test.hpp"

#include "dimmer_conformance.hpp"
#include "permit_for_test.hpp"
#include "simulated_dimmer.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::conformance;

namespace {

class SimulatedWorld final : public DimmerWorld {
  public:
    explicit SimulatedWorld(Duration lasts_max) : dimmer_(neighbour(), lasts_max) {}

    ServiceId neighbour() override { return ServiceId("fraud"); }
    Instant now() override { return dimmer_.now(); }
    std::vector<Outcome> dim(std::vector<Dim> orders, Duration within) override {
        std::vector<Outcome> outcomes;
        for (Dim& order : orders) {
            outcomes.push_back(net::run_for_test(
                context_, dimmer_.dim(dim_request_for_test(std::move(order), 1), now() + within)));
        }
        return outcomes;
    }
    Result<std::vector<DimmerFacts>> read(Duration within) override {
        return net::run_for_test(context_, dimmer_.read_dimmers(now() + within));
    }
    Answered call() override {
        dimmer_.pass_time(std::chrono::milliseconds{1});
        return dimmer_.holds_back() ? Answered::by_fallback : Answered::by_neighbour;
    }
    void begin_slow_call() override { slow_ = call(); }
    Answered end_slow_call() override { return slow_; }
    void stand_still() override { dimmer_.set_still(true); }
    void go_on() override { dimmer_.set_still(false); }
    void kill() override { dimmer_.set_away(true); }
    void start() override { dimmer_.set_away(false); }
    void wait_until(const std::function<bool()>& holds) override {
        constexpr int looks_max = 100'000;
        for (int count = 0; count < looks_max; ++count) {
            if (holds()) {
                return;
            }
        }
        FAIL("it never held");
    }

  private:
    boost::asio::io_context context_;
    SimulatedDimmer dimmer_;
    Answered slow_{Answered::by_nobody};
};

}  // namespace

TEST_CASE("the simulated edge keeps what every edge promises of a dimmer") {
    check_dimmer_conformance(
        [](std::chrono::milliseconds lasts) { return std::make_unique<SimulatedWorld>(lasts); });
}
