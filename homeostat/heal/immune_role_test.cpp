#include "homeostat/heal/immune_role.hpp"

#include "homeostat/heal/simulated_clock_for_test.hpp"
#include "homeostat/heal/simulated_ports_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

Network of(const std::string& text) {
    const Result<Network> network = parse_network(text);
    REQUIRE_MESSAGE(network, text);
    return *network;
}

/// An edge whose marks end by themselves, and which counts a steady flow of requests: so many a
/// second from each of its visitors.
class MarkedEdge final : public ports::SourceMarker {
  public:
    explicit MarkedEdge(SimulatedClock& clock) : clock_(clock) {}

    std::map<Network, std::uint64_t> visitors_rps;
    bool is_away{false};
    OutcomeKind says{OutcomeKind::done};
    std::set<std::string> announced;
    std::vector<std::string> unannounced;  ///< Effects that came without an intent.

    [[nodiscard]] Mark mark_of(const Network& source) const {
        const auto found = marks_.find(source);
        return found != marks_.end() && clock_.now() < found->second.second ? found->second.first
                                                                            : Mark::none;
    }
    [[nodiscard]] Mark mark_of(const std::string& source) const { return mark_of(of(source)); }

    Task<Outcome> mark(MarkRequest request, Instant /*deadline*/) override {
        if (is_away) {
            co_return Outcome{OutcomeKind::refused, "nothing was sent"};
        }
        pass();
        if (!announced.contains(request.effect().text())) {
            unannounced.push_back(request.effect().text());
        }
        for (const Network& source : request.marking().sources) {
            marks_[source] = {request.marking().mark, request.marking().until};
        }
        co_return Outcome{says, {}};
    }

    Task<Result<MarkCounts>> count(Instant /*deadline*/) override {
        if (is_away) {
            co_return fail(Fault::unreachable, "the edge is away");
        }
        pass();
        co_return counts_;
    }

  private:
    void pass() {
        const auto seconds = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - passed_to_)
                .count());
        for (const auto& [visitor, rps] : visitors_rps) {
            const std::uint64_t requests = rps * seconds / 1'000;
            counts_.requests += requests;
            const Mark mark = mark_of(visitor);
            counts_.watched += mark == Mark::watched ? requests : 0;
            counts_.on_trial += mark == Mark::on_trial ? requests : 0;
            counts_.denied += mark == Mark::denied ? requests : 0;
        }
        passed_to_ = clock_.now();
    }

    SimulatedClock& clock_;
    std::map<Network, std::pair<Mark, Instant>> marks_;
    MarkCounts counts_;
    Instant passed_to_{clock_.now()};
};

class ScriptedFeed final : public ports::ThreatFeed {
  public:
    explicit ScriptedFeed(SimulatedClock& clock) : clock_(clock) {}

    FeedUpdate next;  ///< Told once.
    bool is_dead{false};
    bool hangs{false};
    std::size_t asked_count{0};
    std::size_t asked_whole_count{0};

    Task<Result<FeedUpdate>> poll(bool is_whole, Instant deadline) override {
        ++asked_count;
        asked_whole_count += is_whole ? 1U : 0U;
        if (hangs) {
            co_await clock_.sleep_until(deadline);
            co_return fail(Fault::late, "it says nothing");
        }
        if (is_dead) {
            co_return fail(Fault::unreachable, "nobody is there");
        }
        FeedUpdate told = std::move(next);
        next = {};
        co_return told;
    }

  private:
    SimulatedClock& clock_;
};

class Guarding {
  public:
    Guarding() = default;
    Guarding(const Guarding&) = delete;
    Guarding& operator=(const Guarding&) = delete;

    SimulatedWorld world;
    boost::asio::io_context context{1};
    SimulatedClock clock{world, context};
    SimulatedSwitch kill_switch{world};
    MarkedEdge edge{clock};
    ScriptedFeed feed{clock};
    ScriptedFeed other{clock};
    std::vector<Entry> entries;
    std::vector<std::string> log;
    bool is_full{false};
    std::string unwitnessed;
    Duration other_poll_every{1s};
    std::unique_ptr<ImmuneRole> role;

    void start(Autonomy autonomy = Autonomy::act) {
        ImmuneSettings settings;
        settings.policy.feeds = {
            {.name = "sure", .confidence = 90},
            {.name = "other", .confidence = 40, .poll_every = other_poll_every}};
        settings.policy.allowed = {of("198.51.100.0/24")};
        settings.policy.may_deny = autonomy == Autonomy::act;
        settings.limits.is_declared = true;
        settings.limits.allowed = allowed_by_guard;
        settings.autonomy = autonomy;
        settings.life = std::to_string(++lives_count_);
        settings.log = [this](const std::string& line) { log.push_back(line); };
        settings.keep = [this](std::vector<Entry> added) { return keep(std::move(added)); };
        settings.unwitnessed = [this] { return unwitnessed; };
        role = std::make_unique<ImmuneRole>(context.get_executor(),
                                            ImmunePorts{clock, kill_switch, edge, {&feed, &other}},
                                            std::move(settings));
        boost::asio::co_spawn(context, role->run(), boost::asio::detached);
    }
    ~Guarding() {
        if (role) {
            role->stop();
            clock.run_for(1min);
        }
    }

    void list(const std::string& network, Duration lasts = 4h) {
        feed.next.listed.push_back({of(network), "ssh-bf", lasts});
    }
    bool becomes(const std::string& source, Mark mark, Duration within) {
        return clock.run_until([&] { return edge.mark_of(source) == mark; }, within);
    }
    [[nodiscard]] std::size_t count(EntryKind kind) const {
        return static_cast<std::size_t>(std::ranges::count(entries, kind, &Entry::kind));
    }

    std::vector<Network> allowed_by_guard{of("198.51.100.0/24")};

  private:
    Task<bool> keep(std::vector<Entry> added) {
        if (is_full) {
            co_return false;
        }
        for (const Entry& entry : added) {
            if (entry.kind == EntryKind::marking) {
                edge.announced.insert(from_json<MarkingBody>(entry.body).value().effect.text());
            }
            entries.push_back(entry);
        }
        co_return true;
    }

    int lives_count_{0};
};

/// A thousand requests a second of somebody whom no list knows.
void add_traffic(Guarding& guarding) {
    guarding.edge.visitors_rps[of("203.0.113.1")] = 1'000;
}

}  // namespace

TEST_CASE(
    "at a thousand requests a second a source is denied 2.5 s after it is listed, or before") {
    Guarding guarding;
    add_traffic(guarding);
    guarding.start();
    guarding.clock.run_for(10s);
    guarding.list("192.0.2.7");
    CHECK(guarding.becomes("192.0.2.7", Mark::denied, 2500ms));
    guarding.clock.run_for(5s);
    CHECK(guarding.edge.unannounced.empty());
    CHECK(guarding.count(EntryKind::marking) == 2);
    CHECK(guarding.count(EntryKind::marked) == 2);
    const ImmuneView view = guarding.role->view();
    CHECK(view.sources.at("denied") == 1);
    CHECK(view.feeds.front().is_answering);
    CHECK(view.trouble.empty());
}

TEST_CASE("with little traffic the trial takes a minute, and without any it does not end") {
    Guarding guarding;
    guarding.start();
    guarding.list("192.0.2.7");
    CHECK_FALSE(guarding.becomes("192.0.2.7", Mark::denied, 5min));
    CHECK(guarding.edge.mark_of("192.0.2.7") == Mark::on_trial);
    guarding.edge.visitors_rps[of("203.0.113.1")] = 4;
    guarding.list("192.0.2.8");
    CHECK_FALSE(guarding.becomes("192.0.2.8", Mark::denied, 59s));
    CHECK(guarding.becomes("192.0.2.8", Mark::denied, 3s));
    CHECK(guarding.edge.mark_of("192.0.2.7") == Mark::denied);
}

TEST_CASE("an order that the edge refuses is given less and less often, each with its intent") {
    for (const OutcomeKind says : {OutcomeKind::refused, OutcomeKind::unknown}) {
        Guarding guarding;
        add_traffic(guarding);
        guarding.edge.says = says;
        guarding.start();
        guarding.list("192.0.2.7");
        guarding.clock.run_for(10min);
        CHECK(guarding.count(EntryKind::marking) >= 20);
        CHECK(guarding.count(EntryKind::marking) <= 30);
        CHECK(guarding.role->state().trials.empty());
        guarding.edge.says = OutcomeKind::done;
        CHECK(guarding.becomes("192.0.2.7", Mark::denied, 35s));
        const std::size_t before = guarding.count(EntryKind::marking);
        guarding.list("192.0.2.8");
        CHECK(guarding.becomes("192.0.2.8", Mark::denied, 2500ms));  // Nothing is put off now.
        CHECK(guarding.count(EntryKind::marking) == before + 2);
        guarding.edge.says = says;  // The next one that fails is the first again.
        guarding.list("192.0.2.9");
        guarding.clock.run_for(1500ms);
        CHECK(guarding.count(EntryKind::marking) > before + 2);
        guarding.edge.says = OutcomeKind::done;
        CHECK(guarding.becomes("192.0.2.9", Mark::denied, 5s));
    }
}

TEST_CASE("while nothing can be judged, what lists said before is let go when it has ended") {
    for (const bool is_suspended : {true, false}) {
        CAPTURE(is_suspended);
        Guarding guarding;
        guarding.edge.is_away = !is_suspended;
        if (is_suspended) {
            REQUIRE(guarding.kill_switch.engage());
        }
        guarding.start();
        for (int second = 0; second < 60; ++second) {
            for (int index = 0; index < 10; ++index) {
                guarding.list("1.2." + std::to_string(second) + "." + std::to_string(index), 2s);
            }
            guarding.clock.run_for(1s);
            CHECK(guarding.role->state().suspects.size() <= 40);
        }
        CHECK_FALSE(guarding.role->state().suspects.empty());
        guarding.clock.run_for(5s);
        CHECK(guarding.role->state().suspects.empty());
    }
}

TEST_CASE("a mark lasts as long as its listing, and is renewed until then") {
    Guarding guarding;
    add_traffic(guarding);
    guarding.start();
    guarding.list("192.0.2.7", 20min);
    REQUIRE(guarding.becomes("192.0.2.7", Mark::denied, 10s));
    CHECK_FALSE(guarding.becomes("192.0.2.7", Mark::none, 19min));
    CHECK(guarding.becomes("192.0.2.7", Mark::none, 2min));
    CHECK(guarding.edge.unannounced.empty());
}

TEST_CASE(
    "when the agent is dead, suspended or cannot record, marks end at the edge by themselves") {
    for (const int how : {0, 1, 2, 3}) {
        CAPTURE(how);
        Guarding guarding;
        add_traffic(guarding);
        guarding.start();
        guarding.list("192.0.2.7");
        REQUIRE(guarding.becomes("192.0.2.7", Mark::denied, 10s));
        if (how == 0) {
            guarding.role->stop();
        } else if (how == 1) {
            REQUIRE(guarding.kill_switch.engage());
        } else if (how == 2) {
            guarding.is_full = true;
        } else {
            guarding.unwitnessed = "no witness has what was written";
        }
        const std::size_t before = guarding.count(EntryKind::marking);
        CHECK(guarding.becomes("192.0.2.7", Mark::none, 2min + 1s));
        CHECK(guarding.count(EntryKind::marking) == before);
        if (how == 1) {
            REQUIRE(guarding.kill_switch.release());
            CHECK(guarding.becomes("192.0.2.7", Mark::denied, 10s));
        }
    }
}

TEST_CASE("with the autonomy to watch nobody is ever denied") {
    Guarding guarding;
    add_traffic(guarding);
    guarding.start(Autonomy::watch);
    guarding.list("192.0.2.7");
    REQUIRE(guarding.becomes("192.0.2.7", Mark::on_trial, 10s));
    CHECK_FALSE(guarding.becomes("192.0.2.7", Mark::denied, 5min));
    CHECK(guarding.edge.mark_of("192.0.2.7") == Mark::watched);
}

TEST_CASE("a listed source of many requests fails its trial, and people are told") {
    Guarding guarding;
    add_traffic(guarding);
    guarding.edge.visitors_rps[of("192.0.2.7")] = 20;
    guarding.start();
    guarding.list("192.0.2.7");
    REQUIRE(guarding.becomes("192.0.2.7", Mark::watched, 10s));
    CHECK_FALSE(guarding.becomes("192.0.2.7", Mark::denied, 30min));
    CHECK(guarding.count(EntryKind::feed) == 1);
    CHECK(std::ranges::any_of(
        guarding.log, [](const std::string& line) { return line.contains("trial_ended"); }));
}

TEST_CASE("once too many requests are denied all is taken back within a second") {
    Guarding guarding;
    add_traffic(guarding);
    guarding.start();
    guarding.list("192.0.2.7");
    REQUIRE(guarding.becomes("192.0.2.7", Mark::denied, 10s));
    guarding.edge.visitors_rps[of("192.0.2.7")] = 2'000;
    CHECK(guarding.becomes("192.0.2.7", Mark::watched, 2s));
    CHECK(guarding.role->view().taken_back == 1);
    CHECK(guarding.role->view().feeds.front().is_quarantined);
    CHECK(guarding.edge.unannounced.empty());
}

TEST_CASE("a feed that hangs or is dead holds up no other, and after it all is asked for again") {
    Guarding guarding;
    add_traffic(guarding);
    guarding.other.hangs = true;
    guarding.start();
    guarding.list("192.0.2.7");
    REQUIRE(guarding.becomes("192.0.2.7", Mark::denied, 10s));
    guarding.feed.is_dead = true;
    guarding.clock.run_for(30s);
    CHECK(guarding.edge.mark_of("192.0.2.7") == Mark::denied);
    CHECK_FALSE(guarding.role->view().feeds.front().is_answering);
    const std::size_t asked = guarding.feed.asked_whole_count;
    CHECK(asked > 20);
    guarding.feed.is_dead = false;
    guarding.clock.run_for(10s);
    CHECK(guarding.feed.asked_whole_count <= asked + 1);
    CHECK(guarding.role->view().feeds.front().is_answering);
}

TEST_CASE("each feed is asked as often as its settings say") {
    Guarding guarding;
    guarding.other_poll_every = 30s;
    guarding.start();
    guarding.clock.run_for(59s);
    CHECK(guarding.feed.asked_count >= 59);
    CHECK(guarding.other.asked_count == 2);
}

TEST_CASE("a feed that has not told all is asked again after a second, and then as before") {
    Guarding guarding;
    guarding.other_poll_every = 60s;
    guarding.other.next.has_more = true;
    guarding.start();
    guarding.clock.run_for(59s);
    CHECK(guarding.other.asked_count == 2);
    guarding.clock.run_for(60s);
    CHECK(guarding.other.asked_count == 3);
}

TEST_CASE("an edge that is away is ordered nothing, and gets its marks when it is back") {
    Guarding guarding;
    add_traffic(guarding);
    guarding.edge.is_away = true;
    guarding.start();
    guarding.list("192.0.2.7");
    guarding.clock.run_for(1min);
    CHECK(guarding.count(EntryKind::marking) == 0);
    CHECK(guarding.role->view().trouble.contains("the edge is away"));
    guarding.edge.is_away = false;
    CHECK(guarding.becomes("192.0.2.7", Mark::denied, 5s));
}

TEST_CASE("guard has the last word, and its refusal is recorded once") {
    Guarding guarding;
    add_traffic(guarding);
    guarding.allowed_by_guard.push_back(of("192.0.2.7"));
    guarding.start();
    guarding.list("192.0.2.7");
    guarding.clock.run_for(1min);
    CHECK(guarding.edge.mark_of("192.0.2.7") == Mark::none);
    CHECK(guarding.count(EntryKind::marking) == 0);
    REQUIRE(guarding.count(EntryKind::marked) == 1);
    const auto body = from_json<MarkedBody>(guarding.entries.front().body);
    REQUIRE(body);
    CHECK(body->rule == "nobody is marked who is allowed");
}

TEST_CASE("a successor begins with what feeds list, and no effect is announced twice") {
    Guarding guarding;
    add_traffic(guarding);
    guarding.start();
    guarding.list("192.0.2.7");
    REQUIRE(guarding.becomes("192.0.2.7", Mark::denied, 10s));
    guarding.role->stop();
    guarding.clock.run_for(6s);
    guarding.start();
    guarding.list("192.0.2.7");
    guarding.clock.run_for(10s);
    CHECK(guarding.edge.mark_of("192.0.2.7") == Mark::denied);
    std::set<std::string> effects;
    for (const Entry& entry : guarding.entries) {
        if (entry.kind == EntryKind::marking) {
            CHECK(effects.insert(from_json<MarkingBody>(entry.body).value().effect.text()).second);
        }
    }
}

}  // namespace homeostat::heal
