// What the executor writes, and what it does while the ledger takes nothing.

#include "homeostat/heal/executor_role.hpp"
#include "homeostat/record/record.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace homeostat::heal {

namespace {

constexpr Duration try_again_every = std::chrono::seconds{1};
/// A restart makes some eight groups of a few kilobytes each.
constexpr std::size_t kept_groups_max = 256;

}  // namespace

EntryGroup ExecutorRole::group_of(std::vector<Entry> entries) const {
    EntryGroup group;
    group.at = ports_.clock.now();
    group.wall_at = ports_.clock.wall_now();
    group.entries = std::move(entries);
    return group;
}

std::string ExecutorRole::time_mark() const {
    const auto wall = ports_.clock.wall_now().time_since_epoch();
    return "-" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(wall).count());
}

/// One that opens while the ledger takes nothing may be lost with this process, and its number be
/// given again: the time tells the two apart where a process record names an effect.
std::string ExecutorRole::next_incident_id() {
    incident_last_ += 1;
    return "i-" + std::to_string(incident_last_) + (ledger_trouble_.empty() ? "" : time_mark());
}

Task<bool> ExecutorRole::write(const EntryGroup& group, ports::Durability durability) {
    EntryGroup copy = group;
    const Result<ports::Position> position =
        co_await ports_.ledger.append(std::move(copy), durability);
    if (!position) {
        if (ledger_trouble_.empty()) {
            settings_.notify(
                "the ledger takes no more entries; until it does, nothing is done but to start "
                "processes that have ended: " +
                position.error().text);
            ledger_trouble_since_ = group.wall_at;
            around_.effect_mark = time_mark();
        }
        ledger_trouble_ = position.error().text;
    } else {
        desk_.note_head(position->hash);
        outside_.note(*position);
    }
    co_return position.has_value();
}

Task<bool> ExecutorRole::append(std::vector<Entry> entries, ports::Durability durability) {
    if (!ledger_trouble_.empty()) {
        co_return false;  // What was kept comes first.
    }
    const EntryGroup group = group_of(std::move(entries));
    const bool is_written = co_await write(group, durability);
    if (is_written) {
        learn(group, group.at);
    }
    co_return is_written;
}

/// As `append`, but what the ledger does not take is kept. False when there is no room for it.
Task<bool> ExecutorRole::append_or_keep(std::vector<Entry> entries, ports::Durability durability) {
    std::vector<Entry> copy = entries;
    const bool is_written = co_await append(std::move(copy), durability);
    if (is_written) {
        co_return true;
    }
    if (kept_.size() >= kept_groups_max) {
        co_return false;
    }
    EntryGroup group = group_of(std::move(entries));
    learn(group, group.at);
    kept_.push_back(std::move(group));
    kept_count_ += 1;
    if (kept_.size() == kept_groups_max) {
        settings_.notify("no more can be kept for the ledger, so nothing is done any more: " +
                         ledger_trouble_);
    }
    co_return true;
}

Task<bool> ExecutorRole::write_what_was_kept() {
    bool is_told = false;
    while (!kept_.empty() || !is_told) {
        const bool is_kept = !kept_.empty();
        std::vector<Entry> entries{
            record::gap({ledger_trouble_since_, ledger_trouble_, kept_count_})};
        const EntryGroup group = is_kept ? kept_.front() : group_of(std::move(entries));
        const bool is_written = co_await write(group, ports::Durability::synced);
        if (!is_written) {
            co_return false;
        }
        if (is_kept) {
            kept_.pop_front();
        } else {
            learn(group, group.at);
            is_told = true;
        }
    }
    co_return true;
}

/// Whether another boot has begun since its latest commit is told until a step knows it: the first
/// that is taken up may be one that the ledger does not take.
void ExecutorRole::reopen(Slot& slot, bool is_same_process) {
    slot.inbox.push_front({graph::Reopen{.is_same_process = is_same_process,
                                         .is_other_boot = !slot.is_of_this_boot}});
}

/// As a successor would: each thread from its latest commit, the world read first.
void ExecutorRole::go_on() {
    for (const auto& [id, slot] : slots_) {
        if (!slot->is_pumping) {
            slot->inbox.clear();
            reopen(*slot, true);
            begin_pump(id);
        }
    }
}

Task<void> ExecutorRole::watch_ledger() {
    while (!is_stopping_) {
        co_await ports_.clock.sleep_until(ports_.clock.now() + try_again_every);
        if (ledger_trouble_.empty()) {
            continue;
        }
        const bool is_written = co_await write_what_was_kept();
        if (is_written) {
            settings_.notify("the ledger takes entries again; " + std::to_string(kept_count_) +
                             " groups that were kept meanwhile stand in it");
            ledger_trouble_.clear();
            around_.effect_mark.clear();
            kept_count_ = 0;
            go_on();
        }
    }
}

}  // namespace homeostat::heal
