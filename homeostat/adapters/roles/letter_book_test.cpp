#include "homeostat/adapters/roles/letter_book.hpp"

#include "homeostat/adapters/roles/roles_for_test.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

namespace homeostat::adapters::roles {

namespace {

const Instant noon = instant_of_ns(1'000'000'000'000);

Letter numbered(std::uint64_t epoch, std::uint64_t sequence) {
    Letter letter = Pen{}.letter(Look{});
    letter.epoch = epoch;
    letter.sequence = sequence;
    return letter;
}

/// One that has given out the stamp which letters name in tests.
LetterBook book_at_noon() {
    LetterBook book(life_for_test);
    book.give_out("stamp-1", noon);
    return book;
}

}  // namespace

TEST_CASE("a letter counts once and in order, within one life of its agent") {
    struct Case {
        std::uint64_t epoch;
        std::uint64_t sequence;
        std::optional<Discard> expected;
    };
    LetterBook book = book_at_noon();
    for (const Case& one :
         {Case{1, 1, std::nullopt}, Case{1, 1, Discard::replayed}, Case{1, 2, std::nullopt},
          Case{1, 7, std::nullopt}, Case{1, 6, Discard::replayed}, Case{2, 1, std::nullopt},
          Case{1, 99, Discard::stale_epoch}, Case{0, 9, Discard::stale_epoch},
          Case{2, 2, std::nullopt}}) {
        INFO(one.epoch << "." << one.sequence);
        CHECK(book.admit(numbered(one.epoch, one.sequence), noon) == one.expected);
    }
    CHECK(book.epoch_of(Pen{}.letter(Look{}).agent) == 2);
    CHECK(book.epoch_of("somebody") == 0);
}

TEST_CASE("agents of one key beside different pods have epochs of their own") {
    const auto beside = [](const std::string& pod, std::uint64_t epoch, std::uint64_t sequence) {
        Letter letter = numbered(epoch, sequence);
        letter.scope = Scope{ScopeKind::pod, pod};
        return letter;
    };
    LetterBook book = book_at_noon();
    CHECK_FALSE(book.admit(beside("a", 1, 1), noon));
    CHECK_FALSE(book.admit(beside("b", 1, 1), noon));
    CHECK_FALSE(book.admit(beside("b", 2, 1), noon));  // It was started again.
    CHECK(book.admit(beside("b", 1, 9), noon) == Discard::stale_epoch);
    CHECK_FALSE(book.admit(beside("a", 1, 2), noon));
    CHECK_FALSE(book.admit(numbered(1, 1), noon));  // Of the whole.
    CHECK(book.epoch_of(voice_of(beside("a", 0, 0))) == 1);
    CHECK(book.epoch_of(voice_of(beside("b", 0, 0))) == 2);
}

TEST_CASE(
    "what a forgotten agent of a pod has said is late, and one of the whole is not forgotten") {
    Letter beside = numbered(1, 1);
    beside.scope = Scope{ScopeKind::pod, "a"};
    for (const Duration after : {Duration(2s), Duration(1min)}) {
        LetterBook book = book_at_noon();
        REQUIRE_FALSE(book.admit(beside, noon));
        REQUIRE_FALSE(book.admit(numbered(1, 1), noon));
        Letter other = beside;
        other.scope->name = "b";
        (void)book.admit(other, noon + after);
        CHECK(book.epoch_of(voice_of(beside)) == (after < 3s ? 1 : 0));
        CHECK(book.epoch_of(voice_of(numbered(1, 1))) == 1);
        const std::optional<Discard> again = book.admit(beside, noon + after);
        CHECK(again == (after < 3s ? Discard::replayed : Discard::late));
    }
}

TEST_CASE("no life of an agent is heard that was not given out: numbers cannot be used up") {
    LetterBook book = book_at_noon();
    CHECK_FALSE(book.admit(numbered(1, 1), noon));
    for (const std::uint64_t epoch : {std::uint64_t{3}, number_max - 1, number_max}) {
        CHECK(book.admit(numbered(epoch, 1), noon) == Discard::stale_life);
    }
    CHECK_FALSE(book.admit(numbered(2, 1), noon));
}

TEST_CASE("a letter to another life of the executor is refused, and so is one to none") {
    LetterBook book = book_at_noon();
    for (const std::string& life : {"", "life-0", "life-12"}) {
        Letter letter = numbered(1, 1);
        letter.life = life;
        CHECK(book.admit(letter, noon) == Discard::stale_life);
    }
    CHECK_FALSE(book.admit(numbered(1, 1), noon));
}

TEST_CASE("a letter that was held up is refused, and one with a stamp that was never given out") {
    LetterBook book = book_at_noon();
    for (const std::string& stamp : {"", "stamp-0", "stamp-2", "stamp-11"}) {
        Letter letter = numbered(1, 5);
        letter.stamp = stamp;
        INFO(stamp);
        CHECK(book.admit(letter, noon) == Discard::late);
    }
    CHECK(book.admit(numbered(1, 5), noon + 4s) == Discard::late);
    // What was refused has used up no number.
    CHECK_FALSE(book.admit(numbered(1, 1), noon + 2s));
    // Others that were given out since change nothing in that.
    for (int number = 2; number < 6; ++number) {
        book.give_out("stamp-" + std::to_string(number), noon + 2s);
    }
    CHECK_FALSE(book.admit(numbered(1, 2), noon + 2s));
    CHECK(book.admit(numbered(1, 3), noon + 1h) == Discard::late);
}

TEST_CASE("a stamp is another one soon, and known where it stands for as long as it is good") {
    LetterBook book(life_for_test);
    CHECK(book.wants_stamp(noon));
    CHECK_FALSE(book.has_stamp("", noon));
    book.give_out("stamp-1", noon);
    CHECK_FALSE(book.wants_stamp(noon));
    CHECK(book.wants_stamp(noon + 1s));
    CHECK(book.has_stamp(R"("stamp":"stamp-1")", noon + 1s));
    CHECK_FALSE(book.has_stamp(R"("stamp":"stamp-0")", noon + 1s));
    CHECK_FALSE(book.has_stamp(R"("stamp":"stamp-1")", noon + 1min));
}

TEST_CASE("an agent that floods is heard less, and one that has stopped to is heard again") {
    LetterBook book(life_for_test);
    std::uint64_t sequence = 0;
    const auto is_taken = [&](Instant at) {
        book.give_out("stamp-1", at);
        return !book.admit(numbered(1, ++sequence), at);
    };
    const auto taken_within = [&](Instant from, Duration span) {
        int taken = 0;
        for (int number = 0; number < 5000; ++number) {
            const Instant at = from + span * number / 5000;
            taken += is_taken(at) ? 1 : 0;
        }
        return taken;
    };
    const int first = taken_within(noon, 10s);
    CHECK(first >= 600);
    CHECK(first <= 800);
    CHECK(is_taken(noon + 20s));
}

}  // namespace homeostat::adapters::roles
