#include "homeostat/adapters/roles/letter_book.hpp"

#include <algorithm>

namespace homeostat::adapters::roles {

namespace {

/// An agent gives its own letters up after a second.
constexpr Duration letter_valid_for = std::chrono::seconds{3};
/// A translated clock is off by half a round trip.
constexpr Duration ahead_max = std::chrono::seconds{1};
/// A look five times a second, and what is cleared, proposed and noted besides.
constexpr Pace letters_pace{.burst = 120, .per_second = 60};

}  // namespace

bool Bucket::spend(Instant now) {
    const double since = spent_at_ ? std::max(0.0, to_seconds(now - *spent_at_)) : 0.0;
    left_ = std::min(pace_.burst, left_ + since * pace_.per_second);
    spent_at_ = now;
    if (left_ < 1) {
        return false;
    }
    left_ -= 1;
    return true;
}

std::optional<Discard> LetterBook::admit(const Letter& letter, Instant now) {
    Heard& heard =
        heard_.try_emplace(letter.agent, Heard{0, 0, Bucket(letters_pace)}).first->second;
    if (letter.life != life_) {
        return Discard::stale_life;
    }
    if (letter.epoch < heard.epoch || letter.epoch == 0) {
        return Discard::stale_epoch;
    }
    if (letter.epoch == heard.epoch && letter.sequence <= heard.sequence) {
        return Discard::replayed;
    }
    if (letter.sent_at > now + ahead_max || letter.sent_at < now - letter_valid_for) {
        return Discard::late;
    }
    if (!heard.letters.spend(now)) {
        return Discard::too_many;
    }
    heard.epoch = letter.epoch;
    heard.sequence = letter.sequence;
    return std::nullopt;
}

std::uint64_t LetterBook::epoch_of(std::string_view agent) const {
    const auto found = heard_.find(agent);
    return found == heard_.end() ? 0 : found->second.epoch;
}

}  // namespace homeostat::adapters::roles
