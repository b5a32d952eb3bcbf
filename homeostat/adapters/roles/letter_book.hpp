#pragma once

// LetterBook: which letters are new, in order, in time, and not too many.
//
// A letter counts once, and only for the life of the executor that it names: what was written to an
// earlier one is refused, so nothing of this has to be stored. Within a life each key has one
// agent of each scope: the one that began last, which numbers itself one after the one that we told
// it of. Agents beside pods come and go with these; what is silent for longer than any letter of it
// could count is forgotten.
//
// Every letter names a stamp: a word that nobody can foresee, given out with each reply and good
// for some seconds by our own clock. So a letter was written after its stamp was given out, and
// what was held up for longer is refused as late. A moment said by the agent would prove nothing:
// replies are not signed, and whoever sits in between could make it believe another time.
//
// Pure. Values only; bounded by the list of keys, and by the scopes that are let in here.

#include "homeostat/adapters/roles/letter.hpp"
#include "homeostat/base/time.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::adapters::roles {

/// So many at once, and so many a second from then on.
struct Pace {
    double burst{0};
    double per_second{0};
};

/// Says no when somebody says more than they have to.
class Bucket {
  public:
    explicit Bucket(Pace pace) : pace_(pace), left_(pace.burst) {}

    /// False: not now.
    [[nodiscard]] bool spend(Instant now);

    /// What was spent last had no effect.
    void give_back();

  private:
    Pace pace_;
    double left_;
    std::optional<Instant> spent_at_{};
};

class LetterBook {
  public:
    explicit LetterBook(std::string life) : life_(std::move(life)) {}

    /// Takes the letter into account. A reason: it is refused, and nothing else has changed.
    /// REQUIRES: its key may speak with its scope, and somebody stands there.
    [[nodiscard]] std::optional<Discard> admit(const Letter& letter, Instant now);

    /// The latest life of the agent with this voice (voice_of); 0: not heard of yet.
    [[nodiscard]] std::uint64_t epoch_of(std::string_view voice) const;

    [[nodiscard]] const std::string& life() const { return life_; }

    /// Whether it is time for another stamp.
    [[nodiscard]] bool wants_stamp(Instant now) const;
    /// REQUIRES: nobody could foresee `stamp`, and it is not empty.
    void give_out(std::string stamp, Instant now);
    /// The latest. REQUIRES: one was given out.
    [[nodiscard]] const std::string& stamp() const { return stamps_.back().text; }
    /// Whether one that is good at `now` stands anywhere in `text`.
    [[nodiscard]] bool has_stamp(std::string_view text, Instant now) const;

  private:
    struct Heard {
        std::uint64_t epoch{0};
        std::uint64_t sequence{0};
        Bucket letters;
        bool is_of_some{false};  ///< Not of the whole.
        Instant at{};            ///< When a letter of it was last looked at.
    };
    struct Stamp {
        std::string text;
        Instant given_at{};
    };

    [[nodiscard]] Heard& heard_of(const Letter& letter, Instant now);
    [[nodiscard]] bool is_good(std::string_view stamp, Instant now) const;

    std::string life_;
    std::map<std::string, Heard, std::less<>> heard_;  ///< By voice.
    std::deque<Stamp> stamps_;                         ///< Those that may be good, oldest first.
};

}  // namespace homeostat::adapters::roles
