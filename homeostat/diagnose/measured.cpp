#include "homeostat/diagnose/measured.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/domain/diagnosis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ranges>

namespace homeostat::diagnose {

namespace {

using Lines = std::vector<std::string>;

void add_line(Lines& lines, std::string line) {
    if (lines.size() < measured_lines_max) {
        lines.push_back(line.substr(0, evidence_line_bytes_max));
    }
}

void add_failing(Lines& lines, const std::string& who, const Failing& failing) {
    add_line(lines, fmt::format("{} fails {:.0f} % of its requests", who, failing.ratio() * 100));
}

std::string_view words_of(ChangeKind kind) {
    switch (kind) {
        case ChangeKind::config:
            return "change of configuration";
        case ChangeKind::flag:
            return "change of flags";
        case ChangeKind::deploy:
        case ChangeKind::scale:
            break;
    }
    return "deploy";
}

void add_changes(Lines& lines,
                 const Look& look,
                 const Symptom& symptom,
                 const Inventory& inventory) {
    const std::string& service = inventory.service.text();
    if (std::ranges::find(look.suspects, ChangeKind::deploy, &Change::kind) ==
        look.suspects.end()) {
        add_line(lines, "no recent deploy of " + service);
    }
    for (const Change& change : std::views::reverse(look.suspects)) {
        const double before_s = to_seconds(symptom.began_at - change.at);
        add_line(lines, fmt::format("{} of {} to {} {:.0f} s {} the symptom", words_of(change.kind),
                                    service, plain_version(change.to), std::abs(before_s),
                                    before_s < 0 ? "after" : "before"));
    }
}

/// Where the time goes: ours, of the one that is slower than its siblings, and of neighbours.
void add_paces(Lines& lines, const Look& look, const Inventory& inventory) {
    const auto add = [&](const std::string& whose, const Pace& pace) {
        if (pace.before_ms && pace.since_ms) {
            add_line(lines, fmt::format("{} took {:.0f} ms before and {:.0f} ms since", whose,
                                        *pace.before_ms, *pace.since_ms));
        }
    };
    add("answers of " + inventory.service.text(), look.own_pace);
    if (look.ill_alone) {
        add_line(lines, look.ill_alone->text() + " is much slower than its siblings");
    }
    for (const auto& [neighbour, pace] : look.neighbour_paces) {
        add("answers of neighbour " + neighbour.text(), pace);
    }
}

/// Only while somebody waits: else it is a busy hour, and says nothing of any fault.
void add_load(Lines& lines, const Look& look, const Inventory& inventory) {
    const Load& load = look.load;
    if (load.waiting <= waiting_usual_max) {
        return;
    }
    const std::string usually =
        load.usual_rate ? fmt::format(", usually {:.0f}", *load.usual_rate) : std::string();
    add_line(lines, fmt::format("{:.0f} requests per second{}; {} wait in the queue", load.rate,
                                usually, load.waiting));
    add_line(lines, fmt::format("{} instances of {} are at work and {} spares are idle",
                                load.at_work, inventory.service.text(), load.idle));
}

void add_instances(Lines& lines, const Look& look, const Limits& limits) {
    for (const auto& [instance, failing] : look.instances) {
        if (is_failing(failing, limits)) {
            add_failing(lines, instance.text(), failing);
        }
    }
    for (const InstanceId& instance : look.silent) {
        add_line(lines, instance.text() + " does not answer its probe");
    }
}

}  // namespace

std::string plain_version(const VersionId& version) {
    return is_plain_name(version.text()) ? version.text() : std::string("a version");
}

std::vector<std::string> measured_of(const Look& look,
                                     const Symptom& symptom,
                                     const Inventory& inventory,
                                     const Limits& limits) {
    Lines lines;
    add_changes(lines, look, symptom, inventory);
    for (const Leak& leak : look.leaks) {
        add_line(lines,
                 fmt::format("memory of {} climbed from {:.0f} to {:.0f} MiB", leak.instance.text(),
                             leak.from_bytes / (1 << 20), leak.to_bytes / (1 << 20)));
    }
    if (symptom.kind == SymptomKind::stale_cache) {
        add_line(lines, fmt::format("cache {} holds {:.0f} copies that differ from its source",
                                    symptom.subject.name, symptom.value));
    }
    add_line(lines, fmt::format("{} on {}: {:.0f} % of requests fail", to_text(symptom.kind),
                                inventory.service.text(), look.own.ratio() * 100));
    add_load(lines, look, inventory);
    if (symptom.kind == SymptomKind::latency) {
        add_paces(lines, look, inventory);
    }
    add_instances(lines, look, limits);
    for (const auto& [neighbour, failing] : look.neighbours) {
        add_failing(lines, "neighbour " + neighbour.text(), failing);
    }
    add_line(lines, fmt::format("{} new error templates in the logs", look.new_error_templates));
    return lines;
}

}  // namespace homeostat::diagnose
