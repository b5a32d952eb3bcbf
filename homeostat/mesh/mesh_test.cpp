// An agent as a whole: what is heard, what is passed to whom, what is said to all.

#include "homeostat/mesh/mesh.hpp"

#include "homeostat/mesh/names_for_test.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::mesh {

using namespace for_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const Keyring keyring = keyring_of({cart, shop, payments, vault});

struct Scene {
    explicit Scene(const Settings& settings) : agent(settings, keyring, 4, 1, now) {
        at += settings.limits.ttl;  // Past the hold after its start.
        take(EpochStored{});
        take(Load{.capacity_rps = 100});
    }

    Agent agent;
    Instant at{now};
    std::vector<Message> messages;
    std::vector<Order> orders;
    std::optional<Discard> discarded;
    std::uint64_t sequence{0};

    void take(const Event& event) {
        Turn turn = next(std::move(agent), event, at);
        agent = std::move(turn.agent);
        messages = std::move(turn.messages);
        orders = std::move(turn.orders);
        discarded = turn.discarded;
    }
    void hear(const AgentId& from, Body body) {
        Message message = message_of(from, agent.settings.self, std::move(body));
        message.sequence = ++sequence;
        message.sent_ms = static_cast<std::uint64_t>(
            std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count());
        take(Arrived{seal(message, seed_of(from))});
    }
    template <class T>
    [[nodiscard]] std::optional<T> said() const {
        const auto* body = messages.empty() ? nullptr : std::get_if<T>(&messages.front().body);
        return body == nullptr ? std::nullopt : std::optional(*body);
    }
};

}  // namespace

TEST_CASE("nothing is heard or said before the epoch is stored") {
    Agent agent(caller_settings(cart, cart_pay), keyring, 4, 1, now);
    Message message = message_of(payments, cart, Beacon{3, 0, 0, 0, 0});
    message.to_epoch = 0;
    Turn turn = next(std::move(agent), Arrived{seal(message, seed_of(payments))}, now);
    CHECK(turn.agent.inbox.epoch_of(payments) == 0);
    turn = next(std::move(turn.agent), Woken{}, now);
    CHECK(turn.messages.empty());
    turn = next(std::move(turn.agent), EpochStored{}, now);
    turn = next(std::move(turn.agent), Woken{}, now);
    REQUIRE(turn.messages.size() == 2);
    CHECK(turn.messages[0].epoch == 5);
    CHECK(turn.messages[0].to_epoch == 0);
    CHECK_FALSE(objection_to(turn.messages[0]));
}

TEST_CASE("beacons go to all neighbours once a second, five times in need") {
    Scene scene(caller_settings(cart, cart_pay));
    scene.take(Woken{});
    CHECK(scene.messages.size() == 2);
    CHECK(wake_at(scene.agent) == scene.at + seconds{1});
    scene.take(Load{.capacity_rps = 100, .need = Need::more, .level = 2, .queue_ms = 30});
    scene.at += seconds{1};
    scene.take(Woken{});
    CHECK(scene.said<Beacon>() == Beacon{2, 30, 0, 0, 0});
    CHECK(wake_at(scene.agent) == scene.at + milliseconds{200});
}

TEST_CASE("a beacon of a struggling callee is a hint to the routes that go there, and no more") {
    Scene scene(caller_settings(cart, cart_pay));
    scene.hear(payments, Beacon{1, 0, 0, 0, 0});
    scene.hear(vault, Beacon{3, 0, 0, 0, 0});
    CHECK(scene.agent.providers.at(cart_pay).hinted_until == Instant::min());
    scene.hear(payments, Beacon{2, 0, 0, 0, 0});
    CHECK(scene.agent.providers.at(cart_pay).hinted_until > scene.at);
    CHECK(scene.agent.providers.at(cart_pay).phase == Phase::normal);
    CHECK(scene.messages.empty());
}

TEST_CASE("what is thrown away changes nothing, is told and is counted") {
    Scene scene(caller_settings(cart, cart_pay));
    for (const std::string& bytes : {std::string("{}"), std::string(2'000, 'x')}) {
        scene.take(Arrived{bytes});
        CHECK(scene.discarded);
        CHECK(scene.messages.empty());
        CHECK(scene.orders.empty());
    }
    CHECK(scene.agent.inbox.discarded_count(Discard::malformed) == 1);
    CHECK(scene.agent.inbox.discarded_count(Discard::oversized) == 1);
}

TEST_CASE("questions about what is not ours are refused, answers to nothing are let be") {
    Scene scene(caller_settings(cart, cart_pay));
    scene.hear(payments, CallForProposals{cart_pay, 8, {lean}, bad_window});
    CHECK(scene.said<Refuse>() == Refuse{cart_pay, 8, Reason::not_mine});
    scene.hear(payments, Offer{shop_pay, 8, 4, lean, 45, 10'000});
    CHECK(scene.said<Refuse>() == Refuse{shop_pay, 4, Reason::not_mine});
    scene.hear(payments, RequestCapacity{shop_pay, 8, 5, 10'000});
    CHECK(scene.said<Deny>() == Deny{shop_pay, 8, Reason::not_mine});
    for (const Body& body : every_body()) {
        if (!std::holds_alternative<OutcomeReport>(body)) {
            scene.hear(payments, body);
            CHECK(scene.orders.empty());
        }
    }
}

TEST_CASE("for the word of a third nothing is said to the callee") {
    Scene scene(caller_settings(cart, cart_pay));
    scene.hear(payments, Beacon{});
    scene.hear(vault, Offer{cart_pay, 8, 4, lean, 45, 10'000});
    REQUIRE(scene.messages.size() == 1);
    CHECK(scene.messages[0].to == vault);
    CHECK(scene.said<Refuse>() == Refuse{cart_pay, 4, Reason::not_mine});
    scene.hear(vault, Renew{cart_pay, 4, 1, lean, 45, 10'000});
    CHECK(scene.messages.empty());
}

TEST_CASE("all shares together are nine tenths, equal, and freed again") {
    Scene scene(payments_settings());
    scene.take(Load{.capacity_rps = 100, .need = Need::keep});
    scene.hear(cart, CallForProposals{cart_pay, 8, {lean}, bad_window});
    CHECK(scene.said<Offer>()->rps_max == 45);
    CHECK(scene.messages[0].thread == thread);
    CHECK(scene.agent.ledger.free_for({shop, shop_pay}, scene.at) == 45);
    scene.hear(cart, Refuse{cart_pay, 1, Reason::floor});
    CHECK(scene.agent.ledger.free_for({shop, shop_pay}, scene.at) == 90);
}

TEST_CASE("capacity is lent to declared borrowers, by whoever is well and passes nothing on") {
    Scene scene(vault_settings());
    scene.hear(cart, RequestCapacity{cart_pay, 2, 55, 60'000});
    CHECK(scene.said<Grant>() == Grant{cart_pay, 2, 55, 10'000});  // For our longest, not theirs.
    scene.hear(shop, RequestCapacity{shop_pay, 1, 40, 10'000});
    CHECK(scene.said<Deny>() == Deny{shop_pay, 1, Reason::no_capacity});
    scene.hear(shop, RequestCapacity{cart_pay, 1, 1, 10'000});
    CHECK(scene.said<Deny>()->reason == Reason::not_mine);
    scene.take(Condition{.is_suspended = true});
    scene.hear(cart, RequestCapacity{cart_pay, 3, 55, 10'000});
    CHECK(scene.said<Deny>()->reason == Reason::frozen);
    Settings settings = caller_settings(cart, cart_pay);
    settings.neighbours.push_back(shop);
    settings.borrowers = {{shop, shop_pay}};
    Scene passing(settings);
    passing.take(RouteFound{cart_pay, {{moved, 45}}});
    passing.hear(shop, RequestCapacity{shop_pay, 1, 10, 10'000});
    CHECK(passing.said<Deny>()->reason == Reason::policy);
}

TEST_CASE("who is sick, suspended or sees much sick freezes, and says why") {
    Settings settings = caller_settings(cart, cart_pay);
    settings.neighbours = {payments, vault, shop, AgentId("a"), AgentId("b"), AgentId("c")};
    struct Case {
        Condition condition;
        std::optional<Reason> reason;
    };
    for (const Case& one : {Case{{}, {}}, Case{{true, 0, 0}, Reason::frozen},
                            Case{{false, 3, 0}, {}}, Case{{false, 4, 0}, Reason::self_sick},
                            Case{{false, 0, 1}, {}}, Case{{false, 0, 2}, Reason::frozen}}) {
        Scene scene(settings);
        scene.take(one.condition);
        CHECK(reason_to_freeze(scene.agent) == one.reason);
        CHECK(scene.agent.providers.at(cart_pay).phase ==
              (one.reason ? Phase::frozen : Phase::normal));
    }
}

TEST_CASE("the outcome of a promise is noted on both sides") {
    Scene scene(payments_settings());
    scene.hear(cart, OutcomeReport{cart_pay, 4, 44, 5});
    REQUIRE(scene.orders.size() == 1);
    CHECK(std::get<NoteOutcome>(scene.orders[0]).from == cart);
    CHECK(std::get<NoteOutcome>(scene.orders[0]).outcome == OutcomeReport{cart_pay, 4, 44, 5});
}

TEST_CASE("settings are refused with the place") {
    const auto says = [](auto change) {
        Settings settings = caller_settings(cart, cart_pay);
        change(settings);
        return objection_to(settings).value_or("");
    };
    CHECK(says([](Settings&) {}).empty());
    CHECK_FALSE(objection_to(payments_settings()));
    CHECK_FALSE(objection_to(vault_settings()));
    CHECK_FALSE(says([](Settings& of) { of.self = AgentId("a b"); }).empty());
    CHECK_FALSE(says([](Settings& of) { of.neighbours.push_back(cart); }).empty());
    CHECK_FALSE(says([](Settings& of) { of.neighbours.push_back(AgentId("/")); }).empty());
    CHECK_FALSE(says([](Settings& of) { of.neighbours = {payments}; }).empty());
    CHECK_FALSE(says([](Settings& of) { of.routes[0].route = RouteId(""); }).empty());
    CHECK_FALSE(says([](Settings& of) { of.routes[0].callee = shop; }).empty());
    CHECK_FALSE(says([](Settings& of) { of.routes[0].floor_rps = rate_max + 1; }).empty());
    CHECK_FALSE(says([](Settings& of) { of.routes[0].modes[1].id = lean; }).empty());
    CHECK_FALSE(says([](Settings& of) { of.routes[0].modes[0].depth = 0; }).empty());
    CHECK_FALSE(says([](Settings& of) { of.routes[0].modes[0].via = payments; }).empty());
    CHECK_FALSE(says([](Settings& of) { of.routes.push_back(of.routes[0]); }).empty());
    CHECK_FALSE(says([](Settings& of) { of.routes[0].modes[0].id = ModeId(""); }).empty());
    CHECK_FALSE(says([](Settings& of) { of.callers = {{payments, cart_pay, {}}}; }).empty());
    CHECK_FALSE(says([](Settings& of) { of.callers = {{shop, shop_pay, {}}}; }).empty());
    CHECK_FALSE(says([](Settings& of) { of.borrowers = {{shop, shop_pay}}; }).empty());
    CHECK_FALSE(says([](Settings& of) { of.limits.ttl = seconds{61}; }).empty());
    CHECK_FALSE(says([](Settings& of) { of.limits.ask_deadline = seconds{6}; }).empty());
    CHECK_FALSE(says([](Settings& of) { of.limits.share_percent = 101; }).empty());
    CHECK_FALSE(says([](Settings& of) { of.limits.jitter_percent = 100; }).empty());
    CHECK_FALSE(says([](Settings& of) { of.limits.changes_max = 0; }).empty());
    CHECK(says([](Settings& of) { of.routes[0].callee = shop; }) ==
          "cart.pay: its callee is no neighbour");
}

}  // namespace homeostat::mesh
