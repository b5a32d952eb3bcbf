#include "homeostat/adapters/roles/letter_book.hpp"

#include "homeostat/adapters/roles/roles_for_test.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

namespace homeostat::adapters::roles {

namespace {

const Instant noon = instant_of_ns(1'000'000'000'000);

Letter numbered(std::uint64_t epoch, std::uint64_t sequence, Instant sent_at) {
    Letter letter = Pen{}.letter(Look{}, sent_at);
    letter.epoch = epoch;
    letter.sequence = sequence;
    return letter;
}

}  // namespace

TEST_CASE("a letter counts once and in order, within one life of its agent") {
    struct Case {
        std::uint64_t epoch;
        std::uint64_t sequence;
        std::optional<Discard> expected;
    };
    LetterBook book(life_for_test);
    for (const Case& one : {Case{3, 1, std::nullopt}, Case{3, 1, Discard::replayed},
                            Case{3, 2, std::nullopt}, Case{3, 7, std::nullopt},
                            Case{3, 6, Discard::replayed}, Case{2, 99, Discard::stale_epoch},
                            Case{4, 1, std::nullopt}, Case{3, 8, Discard::stale_epoch},
                            Case{0, 9, Discard::stale_epoch}, Case{4, 2, std::nullopt}}) {
        INFO(one.epoch << "." << one.sequence);
        CHECK(book.admit(numbered(one.epoch, one.sequence, noon), noon) == one.expected);
    }
    CHECK(book.epoch_of(Pen{}.letter(Look{}, noon).agent) == 4);
    CHECK(book.epoch_of("somebody") == 0);
}

TEST_CASE("a letter to another life of the executor is refused, and so is one to none") {
    LetterBook book(life_for_test);
    for (const std::string& life : {"", "life-0", "life-12"}) {
        Letter letter = numbered(1, 1, noon);
        letter.life = life;
        CHECK(book.admit(letter, noon) == Discard::stale_life);
    }
    CHECK_FALSE(book.admit(numbered(1, 1, noon), noon));
}

TEST_CASE("a letter that was held up is refused, and one of a time that has not come") {
    LetterBook book(life_for_test);
    CHECK(book.admit(numbered(1, 1, noon - 10s), noon) == Discard::late);
    CHECK(book.admit(numbered(1, 2, noon + 10s), noon) == Discard::late);
    CHECK(book.admit(numbered(1, 3, Instant::max()), noon) == Discard::late);
    CHECK(book.admit(numbered(1, 4, Instant::min()), noon) == Discard::late);
    CHECK_FALSE(book.admit(numbered(1, 5, noon - 1s), noon));
    // What was refused has used up no number.
    CHECK_FALSE(book.admit(numbered(1, 6, noon), noon));
}

TEST_CASE("an agent that floods is heard less, and one that has stopped to is heard again") {
    LetterBook book(life_for_test);
    std::uint64_t sequence = 0;
    const auto taken_within = [&](Instant from, Duration span) {
        int taken = 0;
        for (int number = 0; number < 5000; ++number) {
            const Instant at = from + span * number / 5000;
            taken += book.admit(numbered(1, ++sequence, at), at) ? 0 : 1;
        }
        return taken;
    };
    const int first = taken_within(noon, 10s);
    CHECK(first >= 600);
    CHECK(first <= 800);
    CHECK_FALSE(book.admit(numbered(1, ++sequence, noon + 20s), noon + 20s));
}

}  // namespace homeostat::adapters::roles
