#include "homeostat/heal/judge.hpp"

#include "homeostat/domain/evidence.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::heal {

namespace {

int urgency(SymptomKind kind) {
    switch (kind) {
        case SymptomKind::instance_down:
            return 0;
        case SymptomKind::errors:
            return 1;
        case SymptomKind::latency:
            return 2;
        case SymptomKind::instance_not_answering:
            return 3;
        case SymptomKind::stale_cache:
            return 4;
        case SymptomKind::check_failing:
            return 5;
    }
    return 5;
}

constexpr std::size_t fresh_signals_max = 20'000;  // Between two looks, 250 ms apart.

/// What is left of the inventory for who sees the one that is ill and knows of no other.
Inventory alone(Inventory inventory, const InstanceId& ill) {
    inventory.instances = {ill};
    inventory.has_versions = false;
    inventory.has_configs = false;
    inventory.has_flags = false;
    inventory.may_pause = false;
    inventory.instances_max = 0;
    inventory.may_eject = false;  // That the others can do its work nobody here knows.
    return inventory;
}

/// As the rules weigh a restart of one that is ill alone against doing nothing.
constexpr double restart_to_nothing = 12;

/// What touches that one. To be ill alone is among siblings: here it is for want of any.
void keep_to(const InstanceId& ill, bool was_tried, diagnose::Finding& finding) {
    Menu& menu = finding.menu;
    std::erase_if(menu.items, [&](const MenuItem& item) {
        const InstanceId* target = instance_of(item.remedy);
        const bool is_its_own = target != nullptr && *target == ill;
        return !is_its_own && kind_of(item.remedy) != RemedyKind::observe;
    });
    const Remedy restart = Restart{ill};
    // Doing nothing is always there, and the rules think least of it.
    if (!was_tried &&
        std::ranges::find(menu.items, restart, &MenuItem::remedy) == menu.items.end()) {
        menu.items.push_back({restart, restart_to_nothing * menu.items.back().prior,
                              "it is ill; of the others nothing is known here"});
    }
    double sum = 0;
    for (const MenuItem& item : menu.items) {
        sum += item.prior;
    }
    for (MenuItem& item : menu.items) {
        item.prior /= sum;
    }
    std::ranges::sort(menu.items, {}, [](const MenuItem& item) {
        return std::pair(-item.prior, item.remedy.index());
    });
}

}  // namespace

Judge::Judge(JudgeSettings settings) : settings_(std::move(settings)) {
    if (!settings_.glosses.empty()) {
        sense_.lexicon.emplace(settings_.glosses);
    }
    for (const WatchedTask& task : settings_.inventory.tasks) {
        settings_.detect.checks_failed_min[task.of.task] = task.fails_max;
    }
    for (const Change& change : settings_.changes) {
        note(change);
    }
}

std::vector<Change> Judge::take(std::span<const Reading> readings, Instant now) {
    std::vector<Change> changes;
    for (const Reading& reading : readings) {
        if (const auto* change = std::get_if<ChangeReading>(&reading)) {
            changes.push_back(change->change);
        }
    }
    const std::vector<Signal> signals = sense::signals_of(sense_, readings, now);
    diagnose::observe(diagnose_, signals, now);
    const std::size_t room = fresh_signals_max - std::min(fresh_signals_max, fresh_.size());
    const std::size_t taken = std::min(room, signals.size());
    fresh_.insert(fresh_.end(), signals.begin(),
                  signals.begin() + static_cast<std::ptrdiff_t>(taken));
    return changes;
}

void Judge::note(const Change& change) {
    diagnose::note(diagnose_, change);
}

std::vector<Symptom> Judge::symptoms(Instant now) {
    // Their room goes with them: most of the time there are none.
    const std::vector<Signal> fresh = std::exchange(fresh_, {});
    std::vector<Symptom> present = detect::symptoms(detect_, fresh, settings_.detect, now);
    std::ranges::sort(present, {}, [](const Symptom& symptom) {
        return std::pair(urgency(symptom.kind), symptom.subject);
    });
    return present;
}

diagnose::Finding Judge::diagnose(const Symptom& symptom, std::span<const RemedyKind> tried) const {
    const bool is_of_one = settings_.is_of_some && symptom.subject.kind == SubjectKind::instance;
    const InstanceId ill(is_of_one ? symptom.subject.name : std::string());
    const Inventory& whole = settings_.inventory;
    diagnose::Finding finding = diagnose::diagnose(
        diagnose_, symptom, is_of_one ? alone(whole, ill) : whole, tried, settings_.diagnose);
    if (is_of_one) {
        keep_to(ill, !tried.empty(), finding);
    }
    put_before(finding.diagnosis.evidence, settings_.notes);
    return finding;
}

}  // namespace homeostat::heal
