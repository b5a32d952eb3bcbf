#include "homeostat/sim/referee/referee.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/named_enum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <variant>

namespace homeostat::sim {

namespace {

using std::chrono::seconds;

/// A moment passes between the record that counts and the order: a slow append, a slow turn.
constexpr Duration order_delay_max = seconds{3};

template <class T>
bool has(const std::vector<T>& all, const T& one) {
    return std::ranges::find(all, one) != all.end();
}

std::string rotation_of(const InstanceId& instance) {
    return "rotation " + instance.text();
}

/// What a rival would take back of it; empty for what leaves nothing behind.
std::string lasting_part_of(const Step& step, const std::set<InstanceId>& spares) {
    if (const auto* swap = std::get_if<SwapVersion>(&step)) {
        return "version " + swap->to.text();
    }
    if (const auto* drain = std::get_if<Drain>(&step)) {
        return rotation_of(drain->instance);
    }
    const auto* replace = std::get_if<Replace>(&step);
    if (replace != nullptr && spares.contains(replace->instance)) {
        return "scale";
    }
    return {};
}

bool takes_away(const Order& order) {
    const auto* replace = std::get_if<Replace>(&order.step);
    return std::holds_alternative<Drain>(order.step) || std::holds_alternative<Stop>(order.step) ||
           (replace != nullptr && !replace->expected.is_none());
}

/// A budget bounds what is taken: to give it back is never too much.
bool gives_back(const Order& order) {
    const auto* circuit = std::get_if<SetCircuit>(&order.step);
    const auto* route = std::get_if<SetRoute>(&order.step);
    return std::holds_alternative<Undrain>(order.step) ||
           (circuit != nullptr && !circuit->is_open) || (route != nullptr && !route->is_to_source);
}

}  // namespace

void Referee::accuse(const char* promise, std::string text) {
    violations_.push_back({promise, now_, std::move(text)});
}

void Referee::see_time(Instant now) {
    now_ = now;
}

void Referee::see_serving(std::uint32_t count) {
    serving_.emplace_back(now_, count);
    while (serving_.front().first < now_ - view_age_max) {
        serving_.pop_front();
    }
}

void Referee::see_users(double requests, double failed) {
    users_.push_back({now_, requests, failed});
    while (users_.front().at < now_ - users_window) {
        users_.pop_front();
    }
    for (const std::string& one : stopgaps_.take_left()) {
        accuse("P19", "its incident is closed, and left in force is " + one);
    }
}

bool Referee::is_felt_by_users() const {
    double requests = 0;
    double failed = 0;
    for (const Users& users : users_) {
        requests += users.requests;
        failed += users.failed;
    }
    return failed > felt_share_min * requests;
}

std::uint32_t Referee::serving_best() const {
    std::uint32_t best = 0;
    for (const auto& [at, count] : serving_) {
        best = std::max(best, count);
    }
    return best;
}

// --- records -------------------------------------------------------------------------------------

void Referee::learn_intent(const Entry& entry) {
    const Result<IntentBody> body = from_json<IntentBody>(entry.body);
    if (!body) {
        accuse("P1", "an intent that cannot be read: " + body.error().text);
        return;
    }
    intents_[body->effect] = {*body, entry.incident};
    if (!body->is_undo) {
        remedies_[entry.incident].insert(to_text(to_json(body->remedy)));
        if (remedies_[entry.incident].size() > rules_.attempts_max) {
            accuse("P6", fmt::format("{} begins its remedy number {}, {} are allowed",
                                     entry.incident.text(), remedies_[entry.incident].size(),
                                     rules_.attempts_max));
        }
    }
}

void Referee::see_answer(const IncidentId& incident, bool is_yes) {
    yes_count_[incident] += is_yes ? 1 : 0;
}

void Referee::see_second_answer(const IncidentId& incident) {
    accuse("P11", incident.text() + " takes a second answer to one question");
}

/// A yes is leave for one remedy.
void Referee::check_leave(const Order& order) {
    const auto found = intents_.find(order.effect);
    const bool needs_none =
        found == intents_.end() || found->second.body.is_undo || gives_back(order);
    if (!rules_.asks || needs_none) {
        return;
    }
    const Intent& intent = found->second;
    const std::size_t begun = remedies_[intent.incident].size();
    if (begun > yes_count_[intent.incident]) {
        accuse("P11", fmt::format("{} does {}, its remedy number {}; a person agreed {} times",
                                  intent.incident.text(), describe(intent.body.step), begun,
                                  yes_count_[intent.incident]));
    }
}

void Referee::see_sent(const EntryGroup& group) {
    records_.sent(group);
    cool_downs_.send(group, now_);
}

void Referee::see_taken(const EntryGroup& group) {
    records_.taken(group);
    // What was kept while the ledger took nothing may be as old as that.
    cool_downs_.take(group, ledger_closed_at_.value_or(now_));
    groups_at_.push_back(now_);
    while (groups_at_.front() < now_ - std::chrono::minutes{1}) {
        groups_at_.pop_front();
    }
    if (groups_at_.size() > groups_per_minute_max && !is_flood_told_) {
        is_flood_told_ = true;
        accuse("P22", fmt::format("{} groups in the ledger within a minute", groups_at_.size()));
    }
    std::ranges::for_each(group.entries, [&](const Entry& entry) { model_run_.write(entry); });
    check_model_run();
    for (const Entry& entry : group.entries) {
        if (entry.kind == EntryKind::escalated) {
            stopgaps_.escalate(entry.incident);
        } else if (entry.kind == EntryKind::closed) {
            stopgaps_.close(entry.incident);
        }
    }
    std::ranges::copy_if(group.entries, std::back_inserter(unsynced_intents_),
                         [](const Entry& entry) { return entry.kind == EntryKind::intent; });
}

/// Model: the steps of tests/models/intent_act_outcome.pml.
void Referee::check_model_run() {
    for (std::string& step : model_run_.take_refused()) {
        accuse("M1", std::move(step));
    }
}

void Referee::see_synced() {
    records_.synced();
    for (const Entry& intent : unsynced_intents_) {
        learn_intent(intent);
    }
    unsynced_intents_.clear();
}

void Referee::see_replay(std::span<const EntryGroup> groups) {
    const std::size_t known = records_.synced_count();
    if (const std::string trouble = records_.compare(groups); !trouble.empty()) {
        accuse("P14", trouble);
        return;
    }
    model_run_.begin_with(groups);
    cool_downs_.begin_with(groups, now_);
    // Those that arrived though nobody was told of it are as good as the others.
    unsynced_intents_.clear();
    for (std::size_t index = known; index < groups.size(); ++index) {
        for (const Entry& entry : groups[index].entries) {
            if (entry.kind == EntryKind::intent) {
                learn_intent(entry);
            }
        }
    }
}

void Referee::see_bytes_lost(const std::string& what) {
    if (!what.empty()) {
        accuse("P14", "bytes that were acknowledged: " + what);
    }
}

// --- what is turned and closed -------------------------------------------------------------------

void Referee::see_ledger(bool takes_entries) {
    ledger_closed_at_ = takes_entries
                            ? std::nullopt
                            : ledger_closed_at_.or_else([&] { return std::optional(now_); });
}

void Referee::see_switch(bool is_engaged) {
    if (!is_engaged) {
        engaged_at_.reset();
    } else if (!engaged_at_) {
        engaged_at_ = now_;
    }
}

void Referee::see_blindness(bool is_blind) {
    if (!is_blind) {
        blind_since_.reset();
    } else if (!blind_since_) {
        blind_since_ = now_;
    }
}

void Referee::see_reading(const FactsPart& part, bool is_old) {
    if (std::holds_alternative<RuntimeFacts>(part)) {
        model_run_.see_view(is_old);
    }
    if (!is_old) {
        unread_.erase(see_targets(part, unread_targets_));
    }
}

void Referee::lose_sight(const Step& step) {
    unread_.insert(part_of(step));
    unread_targets_.insert(target_of(step));
}

void Referee::see_revert(const std::string& what) {
    if (put_back_last_.contains(what)) {
        return;
    }
    reverts_.push_back({now_, what});
}

void Referee::see_death(bool has_lost_power) {
    // What it had begun has a fate that nobody was told.
    for (const EffectId& effect : unanswered_) {
        lose_sight(orders_.at(effect).step);
    }
    unanswered_.clear();
    if (has_lost_power) {
        records_.lose_power();
        cool_downs_.move_back(boot_takes);
    }
}

// --- orders --------------------------------------------------------------------------------------

void Referee::see_order(const Order& order) {
    orders_count_ += 1;
    check_intent(order);
    check_catalogue(order);
    check_switch(order);
    check_unknown(order);
    check_budget(order);
    check_cool_down(order);
    check_floor(order);
    check_yield(order);
    check_leave(order);
    if (rules_.is_quiet) {
        accuse("P21", "nothing is wrong, and yet: " + describe(order.step));
    }
    model_run_.ask(order.effect);
    check_model_run();
    if (const auto* undrain = std::get_if<Undrain>(&order.step)) {
        put_back_last_.insert(rotation_of(undrain->instance));
    } else if (const auto* drain = std::get_if<Drain>(&order.step)) {
        put_back_last_.erase(rotation_of(drain->instance));
    }
    orders_.emplace(order.effect, order);
    unanswered_.insert(order.effect);
}

void Referee::check_intent(const Order& order) {
    if (orders_.contains(order.effect)) {
        accuse("P2", order.effect.text() + " is ordered a second time: " + describe(order.step));
    }
    const auto found = intents_.find(order.effect);
    const auto* replace = std::get_if<Replace>(&order.step);
    const bool starts_what_ended = replace != nullptr && replace->expected.is_none();
    if (found == intents_.end()) {
        // No ledger, no action, but one: what has ended is started again and told of later.
        if (!ledger_closed_at_) {
            accuse("P1", order.effect.text() + " has no durable intent: " + describe(order.step));
        } else if (!starts_what_ended) {
            accuse("P15", "the ledger takes nothing, and yet: " + describe(order.step));
        }
    } else if (found->second.body.step != order.step) {
        accuse("P1", order.effect.text() + " was to be '" + describe(found->second.body.step) +
                         "' and is '" + describe(order.step) + "'");
    }
    const bool is_stale = replace != nullptr ? replace->expected != order.present
                          : std::holds_alternative<Stop>(order.step)
                              ? std::get<Stop>(order.step).expected != order.present
                          : std::holds_alternative<SwapVersion>(order.step)
                              ? std::get<SwapVersion>(order.step).from != order.version_current
                              : false;
    if (is_stale) {
        stale_orders_.insert(order.effect);
    }
}

void Referee::check_catalogue(const Order& order) {
    const Inventory& there = rules_.inventory;
    const InstanceId* instance = instance_of(order.step);
    bool is_known = instance == nullptr || has(there.instances, *instance);
    if (const auto* swap = std::get_if<SwapVersion>(&order.step)) {
        is_known = swap->service == there.service && there.has(swap->artifact);
    } else if (const auto* circuit = std::get_if<SetCircuit>(&order.step)) {
        is_known = has(there.circuits, circuit->neighbour);
    } else if (const auto* route = std::get_if<SetRoute>(&order.step)) {
        is_known = has(there.routes, route->cache);
    } else if (const auto* invalidate = std::get_if<Invalidate>(&order.step)) {
        is_known = has(there.caches, invalidate->cache);
    } else if (std::holds_alternative<Stop>(order.step)) {
        is_known = is_known && instance != nullptr && rules_.spares.contains(*instance);
    }
    if (!is_known || !order.is_version_there) {
        accuse("P5", "no such target or version is declared: " + describe(order.step));
    }
}

void Referee::check_switch(const Order& order) {
    if (engaged_at_ && now_ > *engaged_at_ + switch_acts_within) {
        accuse("P13", fmt::format("{:.1f} s after the switch: {}", to_seconds(now_ - *engaged_at_),
                                  describe(order.step)));
    }
}

void Referee::check_unknown(const Order& order) {
    if (unread_.contains(part_of(order.step)) || unread_targets_.contains(target_of(order.step))) {
        accuse("P3",
               "what became of an earlier order there was not looked at: " + describe(order.step));
    }
}

void Referee::check_budget(const Order& order) {
    orders_at_.push_back(now_);
    while (orders_at_.front() < now_ - rules_.effects_window + order_delay_max) {
        orders_at_.pop_front();
    }
    if (orders_at_.size() > rules_.effects_max && !gives_back(order)) {
        accuse("P6", fmt::format("{} orders within {:.0f} s, {} are allowed: {}", orders_at_.size(),
                                 to_seconds(rules_.effects_window), rules_.effects_max,
                                 describe(order.step)));
    }
}

/// A reflex that starts what has ended backs off instead.
void Referee::check_cool_down(const Order& order) {
    const auto found = intents_.find(order.effect);
    const bool is_free = found == intents_.end() || found->second.body.is_undo ||
                         gives_back(order) || (found->second.body.is_reflex && !takes_away(order));
    if (is_free) {
        return;
    }
    const auto since = cool_downs_.since(found->second.incident, found->second.body);
    if (since && now_ < *since + rules_.cool_down - order_delay_max) {
        accuse("P6", fmt::format("{} {:.1f} s after it was used there: {}",
                                 use_of(found->second.body.remedy), to_seconds(now_ - *since),
                                 describe(order.step)));
    }
}

void Referee::check_floor(const Order& order) {
    if (!takes_away(order)) {
        return;
    }
    if (order.is_serving && serving_best() < rules_.min_healthy + 1) {
        accuse("P7", fmt::format("{} serve, {} have to remain: {}", serving_best(),
                                 rules_.min_healthy, describe(order.step)));
    }
    // Some views are of just before it, and so is a remedy that had begun.
    const bool is_blind = blind_since_ && now_ > *blind_since_ + view_age_max;
    if (order.is_serving && is_blind && !is_felt_by_users()) {
        accuse("P8", "all looks dead because the observer is blind, users are well, and yet: " +
                         describe(order.step));
    }
}

void Referee::check_yield(const Order& order) {
    while (!reverts_.empty() && reverts_.front().at < now_ - reverts_window) {
        reverts_.pop_front();
    }
    const std::string what = lasting_part_of(order.step, rules_.spares);
    const auto count = std::ranges::count(reverts_, what, &Revert::what);
    if (!what.empty() && count >= std::int64_t{reverts_max}) {
        accuse("P18", fmt::format("somebody took it back {} times, and yet again: {}", count,
                                  describe(order.step)));
    }
}

void Referee::see_reply_lost(const EffectId& effect) {
    if (const auto found = orders_.find(effect); found != orders_.end()) {
        lose_sight(found->second.step);
        unanswered_.erase(effect);
    }
}

void Referee::see_effect(const EffectId& effect,
                         std::string_view kind,
                         std::uint32_t target,
                         const ProcessIdentity& identity) {
    const auto intent = intents_.find(effect);
    if (intent == intents_.end()) {
        stopgaps_.see_effect({}, nullptr, kind, target);
    } else {
        stopgaps_.see_effect(intent->second.incident, &intent->second.body.remedy, kind, target);
    }
    if (effect.empty()) {
        return;
    }
    const auto order = orders_.find(effect);
    if (order == orders_.end()) {
        accuse("P1", fmt::format("{} happened ({}) and was never ordered", effect.text(), kind));
        return;
    }
    if (kind != "process_ended") {
        model_run_.happen(effect);  // Of a replacement: that it was started.
    }
    const std::uint32_t count = ++effects_[{effect, fmt::format("{} {}", kind, target)}];
    if (count > 1) {
        accuse("P2", fmt::format("{} happened {} times: {}", effect.text(), count, kind));
    }
    const auto* replace = std::get_if<Replace>(&order->second.step);
    const auto* stop = std::get_if<Stop>(&order->second.step);
    const ProcessIdentity* expected = replace != nullptr ? &replace->expected
                                      : stop != nullptr  ? &stop->expected
                                                         : nullptr;
    const bool ended_another =
        kind == "process_ended" && expected != nullptr && identity != *expected;
    const bool swapped_another = stale_orders_.contains(effect) && expected == nullptr;
    if (ended_another || swapped_another) {
        accuse("P4", fmt::format("{} happened to another target than it was meant for: {}",
                                 effect.text(), describe(order->second.step)));
    }
}

// --- the end -------------------------------------------------------------------------------------

void Referee::see_end(const Ending& ending) {
    if (!ending.is_world_well && !ending.is_person_told) {
        accuse("P19", "neither healed nor told: " + ending.why_not);
    }
    for (const std::string& one : ending.open) {
        accuse("P19", "still at work, long after everything else has ended: " + one);
    }
    for (const std::string& one : ending.residue) {
        accuse("P19", "left behind, and no incident holds it: " + one);
    }
}

}  // namespace homeostat::sim
