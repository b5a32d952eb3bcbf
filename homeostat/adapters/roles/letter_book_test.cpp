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
