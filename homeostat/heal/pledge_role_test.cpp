#include "homeostat/heal/pledging_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <exception>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using mesh::Phase;
using mesh::RelierPhase;

bool promise(Pledging& pledging) {
    (void)pledging.run_until([] { return false; }, 6s);
    pledging.break_fraud();
    return pledging.run_until([&] { return pledging.relier().phase == RelierPhase::relying; }, 10s);
}

bool is_as_usual(Pledging& pledging) {
    return pledging.provider().phase == Phase::normal && pledging.edge.permille() == 0 &&
           pledging.relier().phase == RelierPhase::idle;
}

/// Each effect at the edge was announced, once, and each announced one has an outcome.
void check_records(Pledging& pledging) {
    (void)pledging.run_until([] { return false; }, 3s);
    CHECK(pledging.edge.unannounced.empty());
    std::set<std::string> announced;
    std::set<std::string> settled;
    for (const Entry& entry : pledging.entries) {
        if (entry.kind == EntryKind::dimming) {
            CHECK(
                announced.insert(from_json<DimmingBody>(entry.body).value().effect.text()).second);
        }
        if (entry.kind == EntryKind::dimmed) {
            settled.insert(from_json<DimmedBody>(entry.body).value().effect.text());
        }
    }
    CHECK(std::ranges::includes(settled, announced));
}

/// What comes of a question by one of the two, before a remedy of its own.
std::vector<NeighbourWord> words_of(Pledging& pledging, PledgeRole& role) {
    std::optional<std::vector<NeighbourWord>> words;
    boost::asio::co_spawn(pledging.context, role.ask(IncidentId("i-7")),
                          [&words](const std::exception_ptr&, std::vector<NeighbourWord> said) {
                              words.emplace(std::move(said));
                          });
    REQUIRE(pledging.run_until([&] { return words.has_value(); }, 5s));
    return *std::move(words);
}

}  // namespace

TEST_CASE("a weak callee gets what it can do, users lose the rest, and all comes back") {
    Pledging pledging;
    REQUIRE(promise(pledging));
    CHECK(pledging.edge.permille() > 500);
    CHECK(pledging.edge.passing_rps() <= 100);
    CHECK(pledging.provider().phase == Phase::degraded);
    (void)pledging.run_until([] { return false; }, 8s);
    CHECK(pledging.edge.passing_rps() <= 100);
    pledging.mend_fraud();
    CHECK(pledging.run_until([&] { return is_as_usual(pledging); }, 30s));
    CHECK(pledging.count(PledgeEvent::promised) == 1);
    CHECK(pledging.count(PledgeEvent::ended) == 1);
    CHECK(pledging.count(PledgeEvent::returned) == 1);
    check_records(pledging);
}

TEST_CASE("a callee whose edge knows no latency does not say at once that it is well") {
    Pledging pledging;
    pledging.edge.tells_latency = false;
    REQUIRE(promise(pledging));
    (void)pledging.run_until([] { return false; }, 9s);
    CHECK(pledging.provider().phase == Phase::degraded);
    CHECK(pledging.edge.passing_rps() <= 100);
}

TEST_CASE("a callee whose answers are a little slow asks for no more than it did under load") {
    Pledging pledging;
    pledging.edge.latency_ms = 5;
    (void)pledging.run_until([] { return false; }, 6s);
    pledging.break_fraud();
    pledging.edge.latency_ms = 9;  // Alone, that says five ninths of all it ever can.
    REQUIRE(
        pledging.run_until([&] { return pledging.relier().phase == RelierPhase::relying; }, 10s));
    double most_rps = 0;
    (void)pledging.run_until(
        [&] {
            most_rps = std::max(most_rps, pledging.edge.passing_rps());
            return false;
        },
        9s);
    CHECK(pledging.provider().phase == Phase::degraded);
    CHECK(most_rps <= 100);
}

TEST_CASE("who helps itself lets through twice what is accepted, after a good window, too") {
    Pledging pledging;
    (void)pledging.run_until([] { return false; }, 6s);
    pledging.is_cut = true;
    pledging.edge.fraud_can_rps = 30;
    REQUIRE(pledging.run_until([&] { return pledging.provider().phase == Phase::local_fallback; },
                               10s));
    (void)pledging.run_until([] { return false; }, 4s);
    double most_rps = 0;
    (void)pledging.run_until(
        [&] {
            most_rps = std::max(most_rps, pledging.edge.passing_rps());
            return false;
        },
        20s);
    CHECK(most_rps <= 2.2 * 30);
    CHECK(most_rps >= 30);
}

TEST_CASE("of a service's struggles the best counts, and a fall of three windows") {
    Struggles struggles;
    const auto best_after = [&struggles](std::uint32_t rps, int second) {
        struggles.take(rps > 0, rps, Instant{} + second * 1s);
        return struggles.best_rps().value_or(0);
    };
    CHECK(best_after(0, 0) == 0);
    CHECK(best_after(260, 1) == 260);
    CHECK(best_after(196, 2) == 196);  // The first of a row was half of it as before.
    CHECK(best_after(0, 3) == 196);    // Well, by what others hold back.
    CHECK(best_after(40, 4) == 196);   // Little came.
    CHECK(best_after(90, 5) == 196);
    CHECK(best_after(100, 6) == 100);  // It can do no more.
    CHECK(best_after(0, 15) == 100);
    CHECK(best_after(0, 16) == 0);
}

TEST_CASE("the promise is kept while the calls change, and its floor, too") {
    Pledging pledging;
    REQUIRE(promise(pledging));
    const double promised = pledging.provider().held->terms.rps_max;
    for (const double calls : {400.0, 120.0, 300.0}) {
        pledging.edge.calls_rps = calls;
        (void)pledging.run_until([] { return false; }, 3s);
        CAPTURE(calls);
        REQUIRE(pledging.provider().held);
        CHECK(pledging.edge.passing_rps() <= promised * 1.02);
        CHECK(pledging.edge.passing_rps() >= 20);
    }
}

TEST_CASE("a callee under which calls pile up is not called more than was promised") {
    Pledging pledging;
    REQUIRE(promise(pledging));
    (void)pledging.run_until([] { return false; }, 3s);
    const double promised = pledging.provider().held->terms.rps_max;
    pledging.edge.ends_ratio = 0.3;
    double most_rps = 0;
    (void)pledging.run_until(
        [&] {
            most_rps = std::max(most_rps, pledging.edge.passing_rps());
            return !pledging.provider().held;
        },
        5s);
    CHECK(most_rps <= promised * 1.02);
}

TEST_CASE("after a burst of calls as many as are critical pass all the same") {
    Pledging pledging;
    REQUIRE(promise(pledging));
    pledging.edge.calls_rps = 4'000;
    (void)pledging.run_until([] { return false; }, 1s);
    pledging.edge.calls_rps = 200;
    bool has_fallen_short = false;
    (void)pledging.run_until(
        [&] {
            has_fallen_short = has_fallen_short || pledging.edge.passing_rps() < 20;
            return false;
        },
        5s);
    CHECK_FALSE(has_fallen_short);
}

TEST_CASE("without a word from its neighbour a caller helps itself within 50 ms, above its floor") {
    Pledging pledging;
    (void)pledging.run_until([] { return false; }, 6s);
    pledging.is_cut = true;
    pledging.edge.fraud_can_rps = 1;
    REQUIRE(pledging.run_until([&] { return pledging.provider().phase == Phase::asking; }, 10s));
    const Instant asked_at = pledging.clock.now();
    REQUIRE(pledging.run_until([&] { return pledging.edge.permille() > 0; }, 1s));
    CHECK(pledging.clock.now() - asked_at <= 60ms);
    CHECK(pledging.provider().phase == Phase::local_fallback);
    CHECK(pledging.edge.passing_rps() >= 20);
    CHECK(pledging.count(PledgeEvent::promised) == 0);
    pledging.mend_fraud();
    pledging.is_cut = false;
    CHECK(pledging.run_until([&] { return is_as_usual(pledging); }, 40s));
    check_records(pledging);
}

TEST_CASE("when all agents are dead the mode ends, and nobody counts on it longer than it lasts") {
    Pledging pledging;
    REQUIRE(promise(pledging));
    const Instant relied_until = pledging.relier().relies_until;
    pledging.end_payments();
    pledging.end_fraud();
    CHECK(pledging.edge.permille() > 0);
    (void)pledging.run_until([] { return false; }, 60s);
    CHECK(pledging.edge.permille() == 0);
    CHECK(pledging.edge.ends_at() >= relied_until);
    CHECK(pledging.edge.ends_at() - relied_until < 5s);
}

TEST_CASE("a successor finds the mode in force, keeps it for a whole promise, and comes back") {
    Pledging pledging;
    REQUIRE(promise(pledging));
    const std::uint32_t held = pledging.edge.permille();
    const Instant relied_until = pledging.relier().relies_until;
    pledging.end_payments();
    pledging.start_payments();
    CHECK(pledging.run_until(
        [&] { return pledging.clock.now() >= relied_until || pledging.edge.permille() < held; },
        15s));
    CHECK(pledging.clock.now() >= relied_until);
    pledging.mend_fraud();
    CHECK(pledging.run_until([&] { return is_as_usual(pledging); }, 60s));
    CHECK(pledging.provider().held == std::nullopt);
    CHECK(pledging.edge.unannounced.empty());
}

TEST_CASE("a successor that finds a mode asks anew where the callee is still weak") {
    Pledging pledging;
    REQUIRE(promise(pledging));
    (void)pledging.run_until([] { return false; }, 1s);
    const std::size_t promised_before = pledging.count(PledgeEvent::promised);
    pledging.end_payments();
    pledging.start_payments();
    const Instant since = pledging.clock.now();
    (void)pledging.run_until([] { return false; }, 3s);
    CHECK(pledging.provider().phase == Phase::leaving);
    CHECK(pledging.count(PledgeEvent::promised) == promised_before);  // It was found.
    REQUIRE(pledging.run_until(
        [&] {
            return pledging.clock.now() - since > 10s &&
                   pledging.relier().phase == RelierPhase::relying;
        },
        40s));
    (void)pledging.run_until([] { return false; }, 1s);
    CHECK(pledging.count(PledgeEvent::promised) == promised_before + 1);
    CHECK(pledging.count_refused() == 0);
    CHECK(pledging.edge.unannounced.empty());
}

TEST_CASE("whoever stood still for longer than its promise holds nothing back from then") {
    for (const Duration span : {11s, 13s, 60s}) {
        CAPTURE(to_seconds(span));
        Pledging pledging;
        REQUIRE(promise(pledging));
        pledging.world.pass(span);
        pledging.mend_fraud();
        REQUIRE(pledging.edge.permille() == 0);
        const std::size_t orders_before = pledging.edge.orders.size();
        CHECK(pledging.run_until([&] { return is_as_usual(pledging); }, 30s));
        for (std::size_t index = orders_before; index < pledging.edge.orders.size(); ++index) {
            CHECK(pledging.edge.orders[index].permille == 0);
        }
    }
}

TEST_CASE("nothing is done that cannot be recorded first") {
    Pledging pledging;
    (void)pledging.run_until([] { return false; }, 6s);
    pledging.is_full = true;
    pledging.break_fraud();
    (void)pledging.run_until([] { return false; }, 20s);
    CHECK(pledging.edge.orders.empty());
    CHECK(pledging.relier().phase != RelierPhase::relying);
    pledging.is_full = false;
    CHECK(pledging.run_until([&] { return pledging.edge.permille() > 0; }, 70s));
    check_records(pledging);
}

TEST_CASE("while suspended nothing is asked, promised or turned, and what is on ends by itself") {
    Pledging pledging;
    REQUIRE(promise(pledging));
    pledging.world.is_suspended = true;
    const std::size_t orders_before = pledging.edge.orders.size();
    CHECK(pledging.run_until([&] { return pledging.edge.permille() == 0; }, 30s));
    CHECK(pledging.edge.orders.size() == orders_before);
    (void)pledging.run_until([] { return false; }, 20s);
    CHECK(pledging.edge.permille() == 0);
    CHECK(pledging.provider().phase == Phase::frozen);
    pledging.world.is_suspended = false;
    CHECK(pledging.run_until([&] { return pledging.edge.permille() > 0; }, 70s));
}

TEST_CASE("whoever suspends while an effect is being announced is heard") {
    Pledging pledging;
    (void)pledging.run_until([] { return false; }, 6s);
    pledging.break_fraud();
    REQUIRE(pledging.run_until([&] { return pledging.provider().pending.has_value(); }, 10s));
    pledging.world.is_suspended = true;
    (void)pledging.run_until([] { return false; }, 10s);
    CHECK(pledging.edge.orders.empty());
}

TEST_CASE("an agent that watches looks, and does and asks nothing") {
    Pledging pledging;
    pledging.autonomy = Autonomy::watch;
    pledging.end_payments();
    pledging.end_fraud();
    pledging.start();
    (void)pledging.run_until([] { return false; }, 6s);
    pledging.break_fraud();
    (void)pledging.run_until([] { return false; }, 20s);
    CHECK(pledging.edge.orders.empty());
    CHECK(pledging.count(PledgeEvent::asked) == 0);
    REQUIRE(pledging.payments().pledges().size() == 1);
    CHECK(pledging.payments().pledges().front().errors_permille > 300);
}

TEST_CASE("behind an edge that takes its time orders do not pile up") {
    Pledging pledging;
    (void)pledging.run_until([] { return false; }, 6s);
    pledging.edge.dim_takes = 20s;
    pledging.is_cut = true;
    pledging.edge.fraud_can_rps = 1;
    (void)pledging.run_until([] { return false; }, 61s);
    CHECK(pledging.edge.orders.size() >= 2);
    CHECK(pledging.edge.orders.size() <= 3);  // One after the other, the latest each time.
    CHECK(pledging.edge.unannounced.empty());
}

TEST_CASE("what an edge does not report is not promised") {
    Pledging pledging;
    (void)pledging.run_until([] { return false; }, 6s);
    pledging.edge.is_silent = true;
    pledging.break_fraud();
    (void)pledging.run_until([] { return false; }, 10s);
    CHECK(pledging.count(PledgeEvent::asked) > 0);
    CHECK(pledging.count(PledgeEvent::promised) == 0);
    CHECK(pledging.relier().phase != RelierPhase::relying);
}

TEST_CASE("an agent whose edge is away says nothing before it knows which modes are in force") {
    Pledging pledging;
    REQUIRE(promise(pledging));
    pledging.end_payments();
    pledging.edge.is_away = true;
    const std::uint32_t before = pledging.messages_count;
    pledging.end_fraud();
    pledging.start();
    (void)pledging.run_until([] { return false; }, 3s);
    CHECK(pledging.messages_count == before);
    pledging.edge.is_away = false;
    pledging.mend_fraud();
    CHECK(pledging.run_until([&] { return is_as_usual(pledging); }, 60s));
}

TEST_CASE("bytes of a stranger are named, counted and change nothing") {
    Pledging pledging;
    (void)pledging.run_until([] { return false; }, 3s);
    CHECK(pledging.payments().hear("{}") == mesh::Discard::malformed);
    CHECK(pledging.payments().hear(std::string(2'000, ' ')) == mesh::Discard::oversized);
    CHECK(pledging.payments().agent().inbox.discarded_count(mesh::Discard::malformed) == 1);
    CHECK(pledging.payments().agent().inbox.discarded_count(mesh::Discard::oversized) == 1);
    CHECK(pledging.provider().phase == Phase::normal);
}

TEST_CASE("neighbours that take capacity away do it one after the other") {
    Pledging pledging;
    (void)pledging.run_until([] { return false; }, 6s);
    CHECK(words_of(pledging, pledging.payments()).front().says == NeighbourSays::go);
    CHECK(pledging.payments().agent().precedence.is_taking(pledging.clock.now()));
    const std::vector<NeighbourWord> to_callee = words_of(pledging, pledging.fraud());
    CHECK(to_callee ==
          std::vector<NeighbourWord>{{ServiceId("payments"), NeighbourSays::wait, 2s}});
    pledging.payments().note(CapacityWork::taking);
    pledging.payments().note(CapacityWork::none);
    CHECK(words_of(pledging, pledging.fraud()).front().says == NeighbourSays::go);
    pledging.fraud().note(CapacityWork::proving);
    CHECK(words_of(pledging, pledging.payments()) ==
          std::vector<NeighbourWord>{{fraud_service, NeighbourSays::mine, 2s}});
}

TEST_CASE("a wait for a neighbour stands in the ledgers of both") {
    Pledging pledging;
    (void)pledging.run_until([] { return false; }, 6s);
    pledging.fraud().note(CapacityWork::taking);
    (void)words_of(pledging, pledging.payments());
    (void)pledging.run_until([] { return false; }, 1s);
    CHECK(pledging.count(PledgeEvent::waited) == 1);
    pledging.payments().note(CapacityWork::taking);
    for (int count = 0; count < 10; ++count) {  // As fast as it can: that is one line all the same.
        (void)words_of(pledging, pledging.fraud());
    }
    (void)pledging.run_until([] { return false; }, 1s);
    CHECK(pledging.count(PledgeEvent::held_up) == 1);
    (void)words_of(pledging, pledging.fraud());
    (void)pledging.run_until([] { return false; }, 1s);
    CHECK(pledging.count(PledgeEvent::held_up) == 2);
    CHECK(pledging.payments().moments().empty());  // Nothing was agreed on.
}

TEST_CASE("a neighbour that is not heard costs 50 ms, and one that never was costs nothing") {
    Pledging pledging;
    pledging.is_cut = true;
    (void)pledging.run_until([&] { return pledging.payments().is_ready(); }, 2s);
    pledging.clock.run_for(2s);  // A young life would wait for their beacons.
    const Instant unheard_at = pledging.clock.now();
    CHECK(words_of(pledging, pledging.payments()).empty());
    CHECK(pledging.clock.now() - unheard_at <= 1ms);
    pledging.is_cut = false;
    (void)pledging.run_until([] { return false; }, 3s);
    pledging.is_cut = true;
    const Instant asked_at = pledging.clock.now();
    CHECK(words_of(pledging, pledging.payments()).empty());
    CHECK(pledging.clock.now() - asked_at >= 50ms);
    CHECK(pledging.clock.now() - asked_at <= 53ms);
}

TEST_CASE("a young life asks once it has heard its neighbour, and waits for that 2 s at most") {
    for (const bool is_away : {false, true}) {
        CAPTURE(is_away);
        Pledging pledging;
        pledging.clock.run_for(5s);
        pledging.fraud().note(CapacityWork::taking);
        pledging.start_payments();
        pledging.is_cut = is_away;
        const Instant born_at = pledging.clock.now();
        const std::vector<NeighbourWord> words = words_of(pledging, pledging.payments());
        CHECK(words.size() == (is_away ? 0 : 1));
        CHECK(pledging.clock.now() - born_at <= 2100ms);
    }
}

TEST_CASE("a young life whose edge is slow to answer asks as well, and not for ever") {
    for (const bool is_back : {true, false}) {
        CAPTURE(is_back);
        Pledging pledging;
        pledging.clock.run_for(5s);
        pledging.fraud().note(CapacityWork::taking);
        pledging.edge.is_away = true;
        pledging.start_payments();
        std::optional<std::vector<NeighbourWord>> words;
        boost::asio::co_spawn(pledging.context, pledging.payments().ask(IncidentId("i-7")),
                              [&words](const std::exception_ptr&, std::vector<NeighbourWord> said) {
                                  words.emplace(std::move(said));
                              });
        pledging.clock.run_for(2500ms);
        CHECK_FALSE(words.has_value());
        pledging.edge.is_away = !is_back;
        REQUIRE(pledging.run_until([&] { return words.has_value(); }, 1600ms));
        CHECK(words->size() == (is_back ? 1 : 0));
    }
}

TEST_CASE("who stood still while its question was open asks again") {
    Pledging pledging;
    pledging.clock.run_for(5s);
    std::optional<std::vector<NeighbourWord>> words;
    boost::asio::co_spawn(pledging.context, pledging.payments().ask(IncidentId("i-7")),
                          [&words](const std::exception_ptr&, std::vector<NeighbourWord> said) {
                              words.emplace(std::move(said));
                          });
    REQUIRE(
        pledging.run_until([&] { return pledging.payments().agent().precedence.is_asking(); }, 1s));
    pledging.world.pass(1s);
    pledging.fraud().note(CapacityWork::taking);  // It heard nothing, and has gone.
    REQUIRE(pledging.run_until([&] { return words.has_value(); }, 1s));
    CHECK(*words == std::vector<NeighbourWord>{{fraud_service, NeighbourSays::mine, 2s}});
}

}  // namespace homeostat::heal
