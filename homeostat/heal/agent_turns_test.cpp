#include "homeostat/heal/agent_role.hpp"
#include "homeostat/heal/watched_agent_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

/// Says nothing, takes as long for it as it is told, and keeps when it was asked.
class TimedSource final : public ports::Telemetry {
  public:
    TimedSource(SimulatedClock& clock, Duration every, Duration takes)
        : clock_(clock), every_(every), takes_(takes) {}

    std::vector<Instant> asked_at;

    [[nodiscard]] std::string_view name() const override { return "timed"; }
    [[nodiscard]] Duration interval() const override { return every_; }
    Task<Result<std::vector<Reading>>> read(Instant /*deadline*/) override {
        asked_at.push_back(clock_.now());
        co_await clock_.sleep_until(clock_.now() + takes_);
        co_return std::vector<Reading>{};
    }

    /// What lies between any two of its turns that follow each other.
    [[nodiscard]] Duration apart() const { return std::max(every_, takes_); }

  private:
    SimulatedClock& clock_;
    Duration every_;
    Duration takes_;
};

/// An agent that has nothing but its sources.
class Turns {
  public:
    Turns() = default;
    ~Turns() { context_.reset(); }  // Ends what waits while all that it names is there.
    Turns(const Turns&) = delete;
    Turns& operator=(const Turns&) = delete;

    void run_with(const std::vector<std::pair<Duration, Duration>>& each, Duration span) {
        AgentPorts ports{clock_, door_, nullptr, {}};
        for (const auto& [every, takes] : each) {
            ports.sources.push_back(&sources.emplace_back(clock_, every, takes));
        }
        agent_.emplace(context_->get_executor(), std::move(ports), settings_of(world_, log_lines_));
        boost::asio::co_spawn(*context_, agent_->run(), boost::asio::detached);
        clock_.run_for(span);
    }

    std::deque<TimedSource> sources;

  private:
    SimulatedWorld world_;
    std::optional<boost::asio::io_context> context_{std::in_place};
    SimulatedClock clock_{world_, *context_};
    Door door_;
    std::vector<std::string> log_lines_;
    std::optional<AgentRole> agent_;
};

}  // namespace

TEST_CASE("each source has its turns by its own interval, whatever the others take") {
    const std::vector<std::vector<std::pair<Duration, Duration>>> worlds{
        {{1s, 0ms}},
        {{1s, 1050ms}},  // Longer than its interval, so again at once; and nobody else is due.
        {{1s, 0ms}, {700ms, 3ms}, {1s, 1050ms}, {10s, 0ms}},
        {{10s, 10'050ms}, {200ms, 180ms}, {3s, 1s}},
    };
    for (std::size_t index = 0; index < worlds.size(); ++index) {
        CAPTURE(index);
        Turns turns;
        turns.run_with(worlds[index], 40s);
        for (const TimedSource& source : turns.sources) {
            CAPTURE(to_seconds(source.apart()));
            REQUIRE(source.asked_at.size() >= static_cast<std::size_t>(39s / source.apart()));
            for (std::size_t turn = 1; turn < source.asked_at.size(); ++turn) {
                CHECK(source.asked_at[turn] - source.asked_at[turn - 1] == source.apart());
            }
        }
    }
}

}  // namespace homeostat::heal
