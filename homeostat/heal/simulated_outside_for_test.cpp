#include "homeostat/heal/simulated_outside_for_test.hpp"

#include <algorithm>

namespace homeostat::heal {

Result<ports::HeldOutside> SimulatedConfirmations::last_word(const std::string& from) const {
    if (follows) {
        const std::optional<ports::HeldOutside> word = follows();
        return word ? Result<ports::HeldOutside>(*word) : fail(Fault::absent, "it is away");
    }
    const bool is_later = clock != nullptr && clock->now() >= come_at;
    const auto& known = is_later ? words_later : words;
    const auto found = known.find(from);
    return found == known.end() ? fail(Fault::absent, "it has confirmed nothing yet")
                                : Result<ports::HeldOutside>(found->second);
}

void SimulatedFleetStore::occupy(const std::string& place, Instant now, Duration holds_for) {
    places[place] = {now, now + holds_for, ++tickets_count};
}

std::size_t SimulatedFleetStore::in_hand(Instant now) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(places, [&](const auto& one) { return one.second.ends_at > now; }));
}

Task<Result<FleetWord>> SimulatedFleet::take(FleetAsk ask, Instant /*deadline*/) {
    store_.asked_count += 1;
    if (store_.never_answers) {
        co_await clock_.sleep_until(Instant::max());
    }
    co_await clock_.sleep_until(clock_.now() + store_.answers_after);
    if (!store_.trouble.empty()) {
        co_return fail(Fault::unreachable, store_.trouble);
    }
    FleetWord word = grant(ask);
    if (store_.loses_answers) {
        co_return fail(Fault::broken, "the connection was lost");
    }
    co_return word;
}

Task<Result<void>> SimulatedFleet::give_back(FleetWord granted,
                                             bool was_used,
                                             Instant /*deadline*/) {
    if (!store_.trouble.empty()) {
        co_return fail(Fault::unreachable, store_.trouble);
    }
    const auto found = store_.places.find(granted.place.text());
    if (found != store_.places.end() && found->second.ticket == granted.ticket) {
        if (was_used) {
            found->second.ends_at = clock_.now();
        } else {
            store_.places.erase(found);
        }
    }
    co_return Result<void>{};
}

FleetWord SimulatedFleet::grant(const FleetAsk& ask) {
    const Instant now = clock_.now();
    FleetWord word{.place = ask.place, .says = FleetSays::full, .because = "no more may be"};
    const auto known = store_.places.find(ask.place.text());
    const bool is_known = known != store_.places.end();
    const bool is_in_hand = is_known && known->second.ends_at > now;
    const bool is_counted = is_known && known->second.began_at > now - ask.limits.window;
    const auto begun_count =
        static_cast<std::size_t>(std::ranges::count_if(store_.places, [&](const auto& one) {
            return one.second.began_at > now - ask.limits.window;
        }));
    const bool has_room = (is_in_hand || store_.in_hand(now) < ask.limits.at_once_max) &&
                          (is_counted || begun_count < ask.limits.remedies_max);
    if (has_room) {
        SimulatedFleetStore::Place& place = store_.places[ask.place.text()];
        place = {now, now + ask.holds_for, ++store_.tickets_count};
        word = {.place = ask.place, .says = FleetSays::granted, .ticket = place.ticket};
    }
    return word;
}

}  // namespace homeostat::heal
