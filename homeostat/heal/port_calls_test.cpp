// Ports that do not keep their deadlines: slow ones, ones that never answer, ones that come back
// when nobody waits for them any more.

#include "homeostat/heal/port_calls.hpp"

#include "homeostat/guard/guard.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_clock_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

constexpr Duration deadline_after = 100ms;
constexpr Instant never = Instant::max();
const InstanceId crashed("payments-1");

/// How long a port takes, whatever its deadline says, and how often it was asked.
struct Pace {
    SimulatedClock& clock;
    Instant answers_at{};
    int asked_count{0};

    Task<void> pass() {
        asked_count += 1;
        co_await clock.sleep_until(answers_at);
    }
};

class SlowSource final : public ports::Telemetry {
  public:
    explicit SlowSource(Pace& pace) : pace_(pace) {}
    [[nodiscard]] std::string_view name() const override { return "slow"; }
    [[nodiscard]] Duration interval() const override { return 1s; }
    Task<Result<std::vector<Reading>>> read(Instant) override {
        co_await pace_.pass();
        co_return std::vector<Reading>(3);
    }

  private:
    Pace& pace_;
};

class SlowActuator final : public ports::Actuator {
  public:
    SlowActuator(SimulatedWorld& world, Pace& pace) : world_(world), pace_(pace) {}
    [[nodiscard]] bool performs(const Step&) const override { return true; }
    Task<Outcome> perform(Request request, Instant) override {
        co_await pace_.pass();
        co_return world_.apply(request.effect(), request.step());
    }
    Task<Result<FactsPart>> read(Instant) override {
        co_await pace_.pass();
        co_return world_.read_runtime();
    }

  private:
    SimulatedWorld& world_;
    Pace& pace_;
};

class SlowOracle final : public ports::Oracle {
  public:
    explicit SlowOracle(Pace& pace) : pace_(pace) {}
    Task<Result<Ranking>> rank(Evidence, std::vector<RemedyKind> kinds, Instant) override {
        co_await pace_.pass();
        Ranking ranking;
        for (const RemedyKind kind : kinds) {
            ranking.kinds.push_back({kind, 0, 0});
        }
        co_return ranking;
    }
    [[nodiscard]] std::string state() const override { return "slow"; }

  private:
    Pace& pace_;
};

/// A world with one dead instance, slow ports, and whoever calls them.
class SlowWorld {
  public:
    SlowWorld() { world.end_process(crashed); }
    ~SlowWorld() { context_.reset(); }  // Ends what waits while all that it names is there.
    SlowWorld(const SlowWorld&) = delete;
    SlowWorld& operator=(const SlowWorld&) = delete;

    /// The answer, and how long it took.
    template <class T>
    std::pair<T, Duration> await(Task<T> task) {
        const Instant asked_at = world.now;
        std::optional<T> result;
        boost::asio::co_spawn(*context_, std::move(task), [&](std::exception_ptr, T value) {
            result.emplace(std::move(value));
        });
        ensure(clock.run_until([&] { return result.has_value(); }, 1h), "a call in a test ends");
        return {*std::move(result), world.now - asked_at};
    }

    auto read_source() { return await(calls->read(source, deadline())); }
    auto read_actuator() { return await(calls->read(actuator, deadline())); }
    auto ask_oracle() {
        std::vector<RemedyKind> kinds{RemedyKind::rollback, RemedyKind::observe};
        return await(calls->rank(oracle, {}, std::move(kinds), deadline()));
    }
    auto start_crashed(const std::string& effect) {
        return await(calls->perform(actuator, request_to_start(effect), deadline()));
    }

    [[nodiscard]] Request request_to_start(const std::string& effect) const {
        const Around around = around_for_test();
        guard::Case asked;
        asked.incident = IncidentId("i-1");
        asked.symptom = about_instance_for_test(SymptomKind::instance_down, crashed.text(), {});
        asked.remedy = Restart{crashed};
        asked.is_reflex = true;
        auto permit =
            guard::Gate::ask(asked, Replace{crashed, {}, world.version_current}, EffectId(effect),
                             world.facts(), guard::History{}, around.guard, world.now);
        ensure(permit.has_value(), "guard permits the start of a dead instance");
        return Request(std::move(*permit));
    }

    [[nodiscard]] Instant deadline() const { return world.now + deadline_after; }
    [[nodiscard]] bool runs(const InstanceId& instance) {
        return world.instance(instance).runtime.is_alive;
    }

    SimulatedWorld world;

  private:
    std::optional<boost::asio::io_context> context_{std::in_place};

  public:
    SimulatedClock clock{world, *context_};
    Pace pace{clock};
    SlowSource source{pace};
    SlowActuator actuator{world, pace};
    SlowOracle oracle{pace};
    std::vector<std::string> log_lines;
    std::optional<PortCalls> calls{std::in_place, context_->get_executor(), clock,
                                   [this](const std::string& line) { log_lines.push_back(line); }};
};

}  // namespace

TEST_CASE("a port that answers in time is waited for no longer than it takes") {
    SlowWorld slow;
    slow.pace.answers_at = slow.world.now + 60ms;
    const auto [readings, reading_took] = slow.read_source();
    REQUIRE(readings);
    CHECK(readings->size() == 3);
    CHECK(reading_took == 60ms);
    slow.pace.answers_at = slow.world.now + 60ms;
    const auto [ranking, ranking_took] = slow.ask_oracle();
    REQUIRE(ranking);
    CHECK(ranking->kinds.size() == 2);
    CHECK(ranking_took == 60ms);
    slow.pace.answers_at = slow.world.now + 60ms;
    const auto [outcome, step_took] = slow.start_crashed("i-1.e1");
    CHECK(outcome.kind == OutcomeKind::done);
    CHECK(step_took == 60ms);
    CHECK(slow.log_lines.empty());
}

TEST_CASE("a port that is twice as slow as it may be, or never answers, costs its deadline only") {
    for (const Duration takes : {2 * deadline_after, Duration{24h}}) {
        CAPTURE(to_seconds(takes));
        SlowWorld slow;
        slow.pace.answers_at = slow.world.now + takes;
        const auto [readings, reading_took] = slow.read_source();
        REQUIRE_FALSE(readings);
        CHECK(readings.error().fault == Fault::late);
        CHECK(reading_took == deadline_after + answer_grace);

        slow.pace.answers_at = slow.world.now + takes;
        const auto [part, part_took] = slow.read_actuator();
        REQUIRE_FALSE(part);
        CHECK(part.error().fault == Fault::late);
        CHECK(part_took == deadline_after + answer_grace);

        slow.pace.answers_at = slow.world.now + takes;
        const auto [ranking, ranking_took] = slow.ask_oracle();
        REQUIRE_FALSE(ranking);
        CHECK(ranking.error().fault == Fault::late);
        CHECK(ranking_took == deadline_after + answer_grace);

        slow.pace.answers_at = slow.world.now + takes;
        const auto [outcome, step_took] = slow.start_crashed("i-1.e1");
        CHECK(outcome.kind == OutcomeKind::unknown);
        CHECK(step_took == deadline_after + answer_grace);
    }
}

TEST_CASE("a port is asked again only when the call that was given up has come back") {
    SlowWorld slow;
    slow.pace.answers_at = slow.world.now + 1s;
    REQUIRE_FALSE(slow.read_source().first);
    const auto [readings, took] = slow.read_source();
    REQUIRE_FALSE(readings);
    CHECK(readings.error().fault == Fault::late);
    CHECK(took == Duration{});
    CHECK(slow.pace.asked_count == 1);
    slow.clock.run_for(1s);
    CHECK(slow.read_source().first);
    CHECK(slow.pace.asked_count == 2);
}

TEST_CASE("nothing is done or read where a step that was given up may still happen") {
    SlowWorld slow;
    Request afterwards = slow.request_to_start("i-1.e3");
    slow.pace.answers_at = slow.world.now + 1s;
    REQUIRE(slow.start_crashed("i-1.e1").first.kind == OutcomeKind::unknown);

    const auto [second, second_took] = slow.start_crashed("i-1.e2");
    CHECK(second.kind == OutcomeKind::refused);
    CHECK(second_took == Duration{});
    const auto [part, part_took] = slow.read_actuator();
    REQUIRE_FALSE(part);
    CHECK(part.error().fault == Fault::busy);
    CHECK(slow.pace.asked_count == 1);
    CHECK_FALSE(slow.runs(crashed));
    CHECK(slow.log_lines.size() == 1);

    slow.clock.run_for(1s);  // It was not cancelled: it happens, and says so.
    CHECK(slow.runs(crashed));
    CHECK(slow.world.changes_count == std::map<EffectId, std::uint32_t>{{EffectId("i-1.e1"), 1}});
    REQUIRE(slow.log_lines.size() == 2);
    CHECK(slow.log_lines.back().starts_with("i-1.e1 has come back after it was given up: done"));
    CHECK(slow.read_actuator().first);
    const auto [third, third_took] =
        slow.await(slow.calls->perform(slow.actuator, std::move(afterwards), slow.deadline()));
    CHECK(third.because == "another process runs there");
    CHECK(slow.pace.asked_count == 3);
}

TEST_CASE("a call that comes back when whoever asked has gone does them no harm") {
    SlowWorld slow;
    slow.pace.answers_at = slow.world.now + 1s;
    REQUIRE_FALSE(slow.read_source().first);
    REQUIRE_FALSE(slow.ask_oracle().first);
    REQUIRE(slow.start_crashed("i-1.e1").first.kind == OutcomeKind::unknown);
    slow.calls.reset();
    slow.clock.run_for(1s);
    CHECK(slow.runs(crashed));
    CHECK(slow.log_lines.size() == 2);
}

TEST_CASE("a process may end while a call is out") {
    SlowWorld slow;
    slow.pace.answers_at = never;
    REQUIRE_FALSE(slow.read_source().first);
    REQUIRE(slow.start_crashed("i-1.e1").first.kind == OutcomeKind::unknown);
    CHECK(slow.pace.asked_count == 2);
}

}  // namespace homeostat::heal
