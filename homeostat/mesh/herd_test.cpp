// Many callers of one service, all of which see its trouble in the same moment: what they send,
// what comes of it, and how often they change their minds.

#include "homeostat/mesh/referee_for_test.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::mesh {

using namespace for_test;

namespace {

constexpr double usual_rps = 1'000;  ///< What payments can do.
constexpr double weak_rps = 400;     ///< And while it is weak.
constexpr double calls_rps = 800;    ///< Of all callers together.
constexpr Duration weak_from = seconds{10};
constexpr Duration weak_for = seconds{70};
constexpr Duration watched_for = seconds{120};

/// Overload is metastable: past what it can do, each request more costs it one that it could have
/// answered.
double served(double sent, double can) {
    return sent <= can ? sent : can * can / sent;
}

class Herd {
  public:
    Herd(std::uint64_t seed, std::size_t callers_count, bool agrees)
        : world_(seed, 4'000), callers_count_(callers_count) {
        Settings of_payments = payments_settings();
        of_payments.neighbours.clear();
        of_payments.callers.clear();
        for (std::size_t index = 0; index < callers_count; ++index) {
            const AgentId caller(fmt::format("caller-{}", index));
            const RouteId route(fmt::format("pay-{}", index));
            Settings settings = caller_settings(caller, route);
            settings.neighbours = {payments};
            settings.routes.front().modes = {{.id = lean}};
            settings.routes.front().floor_rps = 1;
            of_payments.neighbours.push_back(caller);
            of_payments.callers.push_back({caller, route, {{.id = lean}}});
            world_.add(std::move(settings));
            callers_.emplace_back(caller, route);
        }
        world_.add(std::move(of_payments));
        world_.judge_every = callers_count;
        begun_at_ = world_.at();
        world_.look = [this](const RouteId& route, World&) { return look(route); };
        world_.load = [this](const AgentId& id, World&) { return load(id); };
        world_.condition = [agrees](const AgentId&, World&) {
            return Condition{.is_suspended = !agrees};
        };
    }
    Herd(const Herd&) = delete;
    Herd& operator=(const Herd&) = delete;
    Herd(Herd&&) = delete;
    Herd& operator=(Herd&&) = delete;
    ~Herd() = default;

    void run() {
        world_.start();
        constexpr Duration step = milliseconds{100};
        for (const Instant end = world_.at() + watched_for; world_.at() < end;) {
            world_.run_for(step);
            REQUIRE_MESSAGE(!world_.wrong(), world_.wrong().value_or(""));
            const double can = can_now();
            good_ += served(sent_now(), can) * to_seconds(step);
            ideal_ += std::min(calls_rps, can) * to_seconds(step);
        }
    }
    [[nodiscard]] double goodput_ratio() const { return good_ / ideal_; }
    [[nodiscard]] double changes_per_caller() const {
        return static_cast<double>(world_.count("changes")) / static_cast<double>(callers_count_);
    }
    [[nodiscard]] bool is_settled() { return world_.is_settled(); }

  private:
    [[nodiscard]] double can_now() const {
        const Duration span = world_.at() - begun_at_;
        return span >= weak_from && span < weak_from + weak_for ? weak_rps : usual_rps;
    }
    [[nodiscard]] double calls_of_one() const {
        return calls_rps / static_cast<double>(callers_count_);
    }
    [[nodiscard]] double sent_now() {
        double sent = 0;
        for (const auto& [caller, route] : callers_) {
            Party& party = world_.party(caller);
            sent += party.planes[route].passing(calls_of_one(), world_.local(party));
        }
        return sent;
    }
    [[nodiscard]] Evidence look(const RouteId& route) {
        const double sent = sent_now();
        const double can = can_now();
        const auto caller =
            std::ranges::find(callers_, route, &std::pair<AgentId, RouteId>::second);
        Party& party = world_.party(caller->first);
        const double own = party.planes[route].passing(calls_of_one(), world_.local(party));
        Evidence evidence = sent > can ? evidence_of(0, 100) : good_window;
        evidence.errors_permille =
            static_cast<std::uint32_t>(1'000 * (1 - served(sent, can) / sent));
        evidence.requests_count = static_cast<std::uint32_t>(own);
        return evidence;
    }
    /// As an agent measures it: while it struggles, what it answers.
    [[nodiscard]] Load load(const AgentId& id) {
        if (id != payments) {
            return {};
        }
        const double sent = sent_now();
        const double can = can_now();
        const bool is_struggling = sent > can;
        Load load;
        load.capacity_rps = static_cast<std::uint32_t>(is_struggling ? served(sent, can) : can);
        load.need = is_struggling ? Need::more : (can < usual_rps ? Need::keep : Need::none);
        load.level = is_struggling ? 2 : 0;
        return load;
    }

    World world_;
    std::size_t callers_count_;
    std::vector<std::pair<AgentId, RouteId>> callers_;
    Instant begun_at_;
    double good_{0};
    double ideal_{0};
};

}  // namespace

TEST_CASE("a herd of callers agrees, instead of overloading, and does not swing") {
    constexpr std::size_t callers_count = 20;
    Herd alone(1, callers_count, false);
    alone.run();
    Herd herd(1, callers_count, true);
    herd.run();
    CHECK(herd.goodput_ratio() > 0.9);
    CHECK(alone.goodput_ratio() < 0.8);
    CHECK(herd.changes_per_caller() <= 4);  // Two minutes of it.
    CHECK(herd.is_settled());
}

}  // namespace homeostat::mesh
