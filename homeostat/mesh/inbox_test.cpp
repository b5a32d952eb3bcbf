// Which messages count: each once, in order, between two lives that know each other, in time.

#include "homeostat/mesh/inbox.hpp"

#include "homeostat/mesh/names_for_test.hpp"
#include "homeostat/mesh/outbox.hpp"

#include <doctest/doctest.h>

#include <optional>

namespace homeostat::mesh {

using namespace for_test;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t own_epoch = 5;
const Keyring keyring = keyring_of({cart, payments});

/// What payments makes of messages of the cart.
struct Scene {
    Inbox inbox{payments};

    std::optional<Discard> hear(const Message& message, Instant at = now) {
        const auto heard =
            inbox.admit(seal(message, seed_of(message.from)), keyring, own_epoch, at);
        return heard ? std::nullopt : std::optional(heard.error());
    }
};

Message numbered(std::uint64_t epoch, std::uint64_t sequence) {
    Message message = message_of(cart, payments, Release{cart_pay, 4});
    message.epoch = epoch;
    message.sequence = sequence;
    return message;
}

/// Sent at `sent` of the sender's own clock, which began at another time than ours.
Message sent_at(std::uint64_t sequence, Duration sent) {
    Message message = numbered(3, sequence);
    message.sent_ms =
        static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(sent).count());
    return message;
}

}  // namespace

TEST_CASE("a message counts once, and none that was sent before it counts after it") {
    Scene scene;
    CHECK_FALSE(scene.hear(numbered(3, 7)));
    CHECK(scene.hear(numbered(3, 7)) == Discard::replayed);
    CHECK(scene.hear(numbered(3, 6)) == Discard::replayed);
    CHECK_FALSE(scene.hear(numbered(3, 9)));
    CHECK(scene.inbox.discarded_count(Discard::replayed) == 2);
}

TEST_CASE("a later life of the sender counts anew, and the earlier one no more") {
    Scene scene;
    CHECK_FALSE(scene.hear(numbered(3, 7)));
    CHECK_FALSE(scene.hear(numbered(4, 1)));
    CHECK(scene.hear(numbered(3, 8)) == Discard::stale_epoch);
    CHECK(scene.inbox.epoch_of(cart) == 4);
}

TEST_CASE("what was meant for our last life is refused, but a greeting") {
    Scene scene;
    Message message = numbered(3, 1);
    message.to_epoch = own_epoch - 1;
    CHECK(scene.hear(message) == Discard::stale_epoch);
    CHECK(scene.inbox.epoch_of(cart) == 0);
    Message greeting = message_of(cart, payments, Beacon{});
    greeting.to_epoch = 0;
    CHECK_FALSE(scene.hear(greeting));
    greeting.sequence = 2;
    greeting.to_epoch = own_epoch - 1;
    CHECK(scene.hear(greeting) == Discard::stale_epoch);
}

TEST_CASE("what is for somebody else changes nothing") {
    Scene scene;
    Message message = numbered(3, 1);
    message.to = shop;
    CHECK(scene.hear(message) == Discard::misaddressed);
    CHECK(scene.inbox.epoch_of(cart) == 0);
}

TEST_CASE("late is what took longer than the fastest by more than it is valid") {
    Scene scene;
    CHECK_FALSE(scene.hear(sent_at(1, hours{9}), now));
    CHECK_FALSE(scene.hear(sent_at(2, hours{9} + milliseconds{10}), now + milliseconds{60}));
    CHECK(scene.hear(sent_at(3, hours{9} + milliseconds{20}), now + milliseconds{75}) ==
          Discard::late);
    CHECK_FALSE(scene.hear(sent_at(3, hours{9} + milliseconds{80}), now + milliseconds{90}));
    // An agent that stood still for half a minute, and sends what it had to say before.
    CHECK(scene.hear(sent_at(4, hours{9} + milliseconds{90}), now + seconds{30}) == Discard::late);
    CHECK(scene.inbox.discarded_count(Discard::late) == 2);
}

TEST_CASE("a clock that goes wrong by half a percent makes no message late") {
    for (const int part : {200, -200}) {
        Scene scene;
        for (std::uint64_t second = 1; second <= 3600; ++second) {
            const Duration sent = seconds{second};
            const auto discarded =
                scene.hear(sent_at(second, hours{9} + sent + sent / part), now + sent);
            REQUIRE_FALSE(discarded);
        }
    }
}

TEST_CASE("nothing is said before the epoch is stored, and each start has a new one") {
    Outbox outbox(cart, 41);
    CHECK(outbox.epoch() == 42);
    CHECK_FALSE(outbox.is_stored());
    outbox.note_stored();
    const Message first = outbox.address(payments, 5, thread, Release{cart_pay, 4}, now);
    const Message second = outbox.address(payments, 5, thread, Release{cart_pay, 4}, now);
    const Message other = outbox.address(vault, 2, {}, Beacon{}, now);
    CHECK(first.epoch == 42);
    CHECK(second.sequence > first.sequence);
    CHECK(other.sequence == 1);
    CHECK_FALSE(objection_to(first));
    CHECK_FALSE(objection_to(other));
}

}  // namespace homeostat::mesh
