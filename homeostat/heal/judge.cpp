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
    std::vector<Symptom> present = detect::symptoms(detect_, fresh_, settings_.detect, now);
    fresh_.clear();
    std::ranges::sort(present, {}, [](const Symptom& symptom) {
        return std::pair(urgency(symptom.kind), symptom.subject);
    });
    return present;
}

diagnose::Finding Judge::diagnose(const Symptom& symptom, std::span<const RemedyKind> tried) const {
    diagnose::Finding finding =
        diagnose::diagnose(diagnose_, symptom, settings_.inventory, tried, settings_.diagnose);
    put_before(finding.diagnosis.evidence, settings_.notes);
    return finding;
}

}  // namespace homeostat::heal
