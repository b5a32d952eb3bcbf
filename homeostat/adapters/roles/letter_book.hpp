#pragma once

// LetterBook: which letters are new, in order, in time, and not too many.
//
// A letter counts once, and only for the life of the executor that it names: what was written to an
// earlier one is refused, so nothing of this has to be stored. Within a life each key has one
// agent: the one that began last. Its letters say in the executor's own time when they were sent,
// as it has translated that; what was held up for long, or claims a time to come, is refused as
// late.
//
// Pure. Values only; bounded by the list of keys.

#include "homeostat/adapters/roles/letter.hpp"
#include "homeostat/base/time.hpp"

#include <array>
#include <chrono>
#include <cstdint>
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

  private:
    Pace pace_;
    double left_;
    std::optional<Instant> spent_at_{};
};

class LetterBook {
  public:
    explicit LetterBook(std::string life) : life_(std::move(life)) {}

    /// Takes the letter into account. A reason: it is refused, and nothing else has changed.
    [[nodiscard]] std::optional<Discard> admit(const Letter& letter, Instant now);

    /// The latest life of the agent with this key; 0: not heard of yet.
    [[nodiscard]] std::uint64_t epoch_of(std::string_view agent) const;

    [[nodiscard]] const std::string& life() const { return life_; }

  private:
    struct Heard {
        std::uint64_t epoch{0};
        std::uint64_t sequence{0};
        Bucket letters;
    };

    std::string life_;
    std::map<std::string, Heard, std::less<>> heard_;  ///< By key.
};

}  // namespace homeostat::adapters::roles
