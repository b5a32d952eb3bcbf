#include "homeostat/adapters/flagd/flag_actuator.hpp"

#include "homeostat/adapters/flagd/flag_telemetry.hpp"
#include "homeostat/adapters/flagd/flag_world_for_test.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/server_world_for_test.hpp"

#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace homeostat::guard {

/// Stands in for guard's own: these tests link no guard, and only a Gate can make a Permit.
class Gate {
  public:
    static Permit permit(EffectId effect, Step step) {
        return Permit{std::move(effect), std::move(step)};
    }
};

}  // namespace homeostat::guard

namespace homeostat::adapters::flagd {

namespace {

using std::chrono::seconds;

class RealClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override { return net::now_for_test(); }
    [[nodiscard]] WallTime wall_now() const override {
        return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
    }
    Task<void> sleep_until(Instant at) override {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
        timer.expires_after(std::max(Duration{}, at - now()));
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
};

/// What a flagd answers: one line after another, and the last for ever.
struct Answers {
    std::deque<net::HttpResponse> replies;
    std::size_t asked{0};

    Task<net::HttpResponse> answer(net::HttpRequest request) {
        CHECK(request.method == "POST");
        CHECK(request.path == "/ofrep/v1/evaluate/flags");
        asked += 1;
        net::HttpResponse reply = replies.front();
        if (replies.size() > 1) {
            replies.pop_front();
        }
        co_return reply;
    }
};

struct ActuatorWorld : FlagWorld {
    Answers answers;
    net::ServerWorld server{
        [this](net::HttpRequest request) { return answers.answer(std::move(request)); }};
    RealClock clock;
    VersionId before;
    VersionId after;
    std::unique_ptr<Flags> flags;
    std::unique_ptr<FlagActuator> actuator;

    /// "checkout" was switched on.
    void begin() {
        flags = std::make_unique<Flags>(options, history());
        actuator = std::make_unique<FlagActuator>(*flags, server.context.get_executor(), clock);
        before = edit(*flags, two("off", "off"));
        after = edit(*flags, two("on", "off"));
    }
    void begin_with_flagd(std::deque<net::HttpResponse> replies) {
        answers.replies = std::move(replies);
        options.evaluates = server.listen();
        begin();
    }
    Outcome back(const std::string& effect = "i-1.e1", Duration within = seconds{3}) {
        Request request(guard::Gate::permit(EffectId{effect}, swap(after, before)));
        return net::run_for_test(server.context,
                                 actuator->perform(std::move(request), clock.now() + within));
    }
    VersionFacts facts() {
        const Result<FactsPart> part =
            net::run_for_test(server.context, actuator->read(clock.now() + seconds{3}));
        REQUIRE(part.has_value());
        return std::get<FlagFacts>(*part).versions;
    }
    /// As whoever comes after a crash sees it.
    VersionFacts facts_of_successor() {
        flags = std::make_unique<Flags>(options, history());
        actuator = std::make_unique<FlagActuator>(*flags, server.context.get_executor(), clock);
        return facts();
    }
};

net::HttpResponse gives(std::string_view checkout) {
    return {200, fmt::format(R"({{"flags":[{{"key":"checkout","variant":"{}"}}]}})", checkout)};
}

}  // namespace

TEST_CASE("a change of flags is taken back once, and the file says whose effect it was") {
    ActuatorWorld world;
    world.begin();
    const Outcome outcome = world.back();
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK(world.file().version == world.before);
    CHECK(effect_of(world.file()) == EffectId{"i-1.e1"});
    CHECK(world.facts().is_in_force(world.before, world.after));
    const std::string bytes = world.bytes();
    CHECK(world.back().kind == OutcomeKind::refused);
    CHECK(world.back("i-2.e1").kind == OutcomeKind::refused);
    CHECK(world.bytes() == bytes);
}

TEST_CASE("it is done when flagd evaluates by it, and not before") {
    ActuatorWorld world;
    world.begin_with_flagd({gives("on"), {503, ""}, gives("on"), gives("off")});
    const Outcome outcome = world.back();
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK(world.answers.asked == 4);
    CHECK(world.facts().current == world.before);
    CHECK(world.answers.asked == 4);
}

TEST_CASE(
    "what flagd does not confirm is unknown, and no version is in force there until it does") {
    ActuatorWorld world;
    world.begin_with_flagd({gives("on")});
    const Outcome outcome = world.back("i-1.e1", std::chrono::milliseconds{300});
    CHECK(outcome.kind == OutcomeKind::unknown);
    CHECK(outcome.because.find("the file says " + world.before.text() + ", but flagd") !=
          std::string::npos);
    CHECK(world.file().version == world.before);
    CHECK(world.facts().current.empty());
    CHECK(!world.facts().is_in_force(world.before, world.after));
    CHECK(world.facts_of_successor().current.empty());
    world.answers.replies = {gives("off")};
    CHECK(world.facts().current == world.before);
}

TEST_CASE("flagd is asked after nobody's write but ours") {
    ActuatorWorld world;
    world.begin_with_flagd({{503, ""}});
    CHECK(world.facts().current == world.after);
    CHECK(world.facts().is_in_force(world.after, world.before));
    CHECK(world.answers.asked == 0);
}

TEST_CASE("a file that cannot be read is no version, and hides nothing else") {
    ActuatorWorld world;
    world.begin();
    world.write("{");
    CHECK(world.facts().current.empty());
    CHECK(world.back().kind == OutcomeKind::refused);
    CHECK(world.bytes() == "{");
}

TEST_CASE("steps of others are not performed") {
    ActuatorWorld world;
    world.begin();
    CHECK(world.actuator->performs(swap(world.after, world.before)));
    const Step of_config = SwapVersion{pay, world.after, world.before, Artifact::config};
    CHECK(!world.actuator->performs(of_config));
    const Step of_others =
        SwapVersion{ServiceId{"cart"}, world.after, world.before, Artifact::flag};
    for (const Step& step : {of_config, of_others}) {
        Request request(guard::Gate::permit(EffectId{"i-1.e1"}, step));
        const Outcome outcome = net::run_for_test(
            world.server.context,
            world.actuator->perform(std::move(request), world.clock.now() + seconds{1}));
        CHECK(outcome.kind == OutcomeKind::refused);
    }
    CHECK(world.file().version == world.after);
}

// Killed at each phase, in a process of its own.
TEST_CASE("whoever comes after a crash sees the old flags or the new ones with our mark") {
    for (const Phase phase : {Phase::checked, Phase::prepared, Phase::replaced}) {
        ActuatorWorld world;
        world.options.on_phase_for_test = [phase](Phase reached) {
            if (reached == phase) {
                ::_exit(9);
            }
        };
        world.begin();
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            (void)world.back();
            ::_exit(1);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFEXITED(status));
        REQUIRE(WEXITSTATUS(status) == 9);
        world.options.on_phase_for_test = {};
        const VersionFacts facts = world.facts_of_successor();
        const bool is_done = phase == Phase::replaced;
        CHECK(facts.is_in_force(world.before, world.after) == is_done);
        CHECK(facts.is_in_force(world.after, world.before) != is_done);
        CHECK(effect_of(world.file()).empty() != is_done);
        const Outcome again = world.back("i-1.e2");
        CHECK(again.kind == (is_done ? OutcomeKind::refused : OutcomeKind::done));
    }
}

TEST_CASE("each edit is one change that names its flags, and ours names its effect") {
    ActuatorWorld world;
    world.begin();
    FlagTelemetry telemetry(*world.flags, world.before, world.clock);
    const auto changes = [&] {
        const Result<std::vector<Reading>> readings =
            net::run_for_test(world.server.context, telemetry.read(Instant::max()));
        REQUIRE(readings.has_value());
        std::vector<Change> all;
        for (const Reading& reading : *readings) {
            all.push_back(std::get<ChangeReading>(reading).change);
        }
        return all;
    };
    const std::vector<Change> first = changes();
    REQUIRE(first.size() == 1);
    CHECK(first[0].kind == ChangeKind::flag);
    CHECK(first[0].from == world.before);
    CHECK(first[0].to == world.after);
    CHECK(first[0].is_first_hand);
    CHECK(first[0].reference == "flag.checkout");
    CHECK(changes().empty());
    REQUIRE(world.back().kind == OutcomeKind::done);
    const std::vector<Change> ours = changes();
    REQUIRE(ours.size() == 1);
    CHECK(ours[0].reference == "i-1.e1");
    world.write("{");
    CHECK(!net::run_for_test(world.server.context, telemetry.read(Instant::max())).has_value());
}

}  // namespace homeostat::adapters::flagd
