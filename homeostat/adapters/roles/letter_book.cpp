#include "homeostat/adapters/roles/letter_book.hpp"

#include <algorithm>

namespace homeostat::adapters::roles {

namespace {

/// An agent gives its own letters up after a second, and goes by a reply for one and a half.
constexpr Duration stamp_good_for = std::chrono::seconds{3};
/// Less than what is left of its time has to be for a letter.
constexpr Duration stamp_every = std::chrono::milliseconds{500};
constexpr std::size_t stamps_max = 8;  // Seven may be good at once.
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

void Bucket::give_back() {
    left_ = std::min(pace_.burst, left_ + 1);
}

bool LetterBook::wants_stamp(Instant now) const {
    return stamps_.empty() || now - stamps_.back().given_at >= stamp_every;
}

void LetterBook::give_out(std::string stamp, Instant now) {
    stamps_.push_back({std::move(stamp), now});
    if (stamps_.size() > stamps_max) {
        stamps_.pop_front();
    }
}

bool LetterBook::is_good(std::string_view stamp, Instant now) const {
    return std::ranges::any_of(stamps_, [&](const Stamp& one) {
        return one.text == stamp && now - one.given_at <= stamp_good_for;
    });
}

bool LetterBook::has_stamp(std::string_view text, Instant now) const {
    return std::ranges::any_of(stamps_, [&](const Stamp& one) {
        return now - one.given_at <= stamp_good_for && text.contains(one.text);
    });
}

/// Of what was silent for as long as a stamp is good every letter that we took is late by now: none
/// of them can be taken again by a book that has forgotten them.
LetterBook::Heard& LetterBook::heard_of(const Letter& letter, Instant now) {
    const std::string voice = voice_of(letter);
    if (!heard_.contains(voice)) {
        std::erase_if(heard_, [&](const auto& one) {
            return one.second.is_of_some && now - one.second.at > stamp_good_for;
        });
    }
    Heard& heard =
        heard_.try_emplace(voice, Heard{0, 0, Bucket(letters_pace), letter.scope.has_value(), now})
            .first->second;
    heard.at = now;
    return heard;
}

std::optional<Discard> LetterBook::admit(const Letter& letter, Instant now) {
    Heard& heard = heard_of(letter, now);
    if (letter.life != life_) {
        return Discard::stale_life;
    }
    // Each is one after the last that we told of. Otherwise one reply from somebody else would use
    // up all numbers that there are.
    if (letter.epoch > heard.epoch + 1) {
        return Discard::stale_life;
    }
    if (letter.epoch < heard.epoch || letter.epoch == 0) {
        return Discard::stale_epoch;
    }
    if (letter.epoch == heard.epoch && letter.sequence <= heard.sequence) {
        return Discard::replayed;
    }
    if (!is_good(letter.stamp, now)) {
        return Discard::late;
    }
    if (!heard.letters.spend(now)) {
        return Discard::too_many;
    }
    heard.epoch = letter.epoch;
    heard.sequence = letter.sequence;
    return std::nullopt;
}

std::uint64_t LetterBook::epoch_of(std::string_view voice) const {
    const auto found = heard_.find(voice);
    return found == heard_.end() ? 0 : found->second.epoch;
}

}  // namespace homeostat::adapters::roles
