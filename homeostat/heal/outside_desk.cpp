#include "homeostat/heal/outside_desk.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace homeostat::heal {

namespace {

/// A shipper looks every 50 ms and a database takes a few more; guard asks again twice a second.
constexpr Duration confirmed_within = std::chrono::seconds{2};
constexpr Duration look_again_every = std::chrono::milliseconds{20};

/// Busy incidents write some ten groups a second; whoever lags further behind has not confirmed.
constexpr std::size_t chain_groups_max = 4096;

/// The store is asked by another process of ours, which gives up sooner.
constexpr Duration fleet_answers_within = std::chrono::seconds{3};

bool has_all(const Confirmations& confirmations) {
    return confirmations.decided_in &&
           std::ranges::all_of(confirmations.all, [&](const Confirmation& one) {
               return one.up_to && *one.up_to >= *confirmations.decided_in;
           });
}

}  // namespace

void OutsideDesk::note(const ports::Position& position) {
    chain_.push_back(position);
    if (chain_.size() > chain_groups_max) {
        chain_.pop_front();
    }
}

std::optional<std::uint64_t> OutsideDesk::ledger_end() const {
    return chain_.empty() ? std::nullopt : std::optional(chain_.back().index);
}

Confirmation OutsideDesk::word_of(const std::string& name) const {
    Confirmation word{.from = name};
    if (confirmations_ == nullptr) {
        word.trouble = "nobody is asked";
        return word;
    }
    const Result<ports::HeldOutside> held = confirmations_->last_word(name);
    if (!held) {
        word.trouble = held.error().text;
        return word;
    }
    const auto known = std::ranges::find(chain_, held->group, &ports::Position::index);
    const bool is_of_our_chain = known != chain_.end() && known->hash == held->hash;
    if (is_of_our_chain) {
        word.up_to = held->group;
        word.trouble = held->trouble;
    } else {
        word.trouble = known == chain_.end() ? "what it has last was not written by this process"
                                             : "what it has there is not what the ledger has";
    }
    return word;
}

Confirmations OutsideDesk::look(std::optional<std::uint64_t> decided_in,
                                const std::vector<std::string>& names) const {
    Confirmations confirmations{.decided_in = decided_in};
    for (const std::string& name : names) {
        confirmations.all.push_back(word_of(name));
    }
    return confirmations;
}

Task<Confirmations> OutsideDesk::await(std::optional<std::uint64_t> decided_in,
                                       std::vector<std::string> names) {
    for (const std::string& name : names) {
        if (confirmations_ != nullptr) {
            confirmations_->hurry(name);
        }
    }
    const Instant until = clock_.now() + confirmed_within;
    Confirmations confirmations = look(decided_in, names);
    while (decided_in && !has_all(confirmations) && clock_.now() < until) {
        co_await clock_.sleep_until(clock_.now() + look_again_every);
        confirmations = look(decided_in, names);
    }
    co_return confirmations;
}

Task<FleetWord> OutsideDesk::take(FleetAsk ask) {
    FleetWord word{.place = ask.place};
    if (fleet_ == nullptr) {
        word.because = "there is no store to ask";
        co_return word;
    }
    const Instant deadline = clock_.now() + fleet_answers_within;
    Result<FleetWord> answer = co_await calls_.take(*fleet_, std::move(ask), deadline);
    if (!answer) {
        word.because = answer.error().text;
        co_return word;
    }
    co_return *std::move(answer);
}

Task<void> OutsideDesk::give_back(FleetWord granted, bool was_used) {
    if (fleet_ == nullptr) {
        co_return;
    }
    const Instant deadline = clock_.now() + fleet_answers_within;
    // What is not given back ends by itself.
    (void)co_await calls_.give_back(*fleet_, std::move(granted), was_used, deadline);
}

}  // namespace homeostat::heal
