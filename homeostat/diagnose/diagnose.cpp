#include "homeostat/diagnose/diagnose.hpp"

#include "homeostat/base/named_enum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace homeostat::diagnose {

namespace {

/// Traffic of one subject since the symptom began.
struct Failing {
    std::uint64_t requests{0};
    std::uint64_t errors{0};

    [[nodiscard]] double ratio() const {
        return requests == 0
                   ? 0.0
                   : std::min(1.0, static_cast<double>(errors) / static_cast<double>(requests));
    }
};

struct Leak {
    InstanceId instance;
    double from_bytes{0};
    double to_bytes{0};
};

/// What the history says of one symptom: every number that a cause or a line is made of.
struct Look {
    Failing own;
    std::vector<std::pair<InstanceId, Failing>> instances;
    std::vector<std::pair<ServiceId, Failing>> neighbours;
    std::vector<ServiceId> explaining;  ///< Neighbours that fail enough to explain it.
    std::vector<Leak> leaks;
    std::vector<InstanceId> silent;
    std::optional<Change> deploy;
    std::size_t new_error_templates{0};
};

Failing failing_since(const State& state, const Subject& subject, Instant since) {
    Failing failing;
    const auto found = state.traffic.find(subject);
    if (found == state.traffic.end()) {
        return failing;
    }
    for (const TrafficSample& sample : found->second) {
        if (sample.at >= since) {
            failing.requests += sample.requests;
            failing.errors += sample.errors;
        }
    }
    return failing;
}

bool is_failing(const Failing& failing, const Limits& limits) {
    return failing.errors >= limits.errors_min && failing.ratio() >= limits.error_ratio_min;
}

/// The memory of a process that climbed and did not jump.
std::optional<Leak> leak_of(const State& state, const InstanceId& instance, const Limits& limits) {
    const auto found = state.processes.find({SubjectKind::instance, instance.text()});
    if (found == state.processes.end() || found->second.memory.size() < 4) {
        return std::nullopt;
    }
    const std::vector<MemorySample>& memory = found->second.memory;
    const double from = memory[1].bytes;  // The first is taken while it still loads itself.
    const double to = memory.back().bytes;
    double largest_step = 0;
    for (std::size_t index = 2; index < memory.size(); ++index) {
        largest_step = std::max(largest_step, memory[index].bytes - memory[index - 1].bytes);
    }
    const double gain = to - from;
    const bool has_grown = gain >= static_cast<double>(limits.memory_gain_bytes_min) &&
                           to >= from * limits.memory_growth_min;
    const bool has_jumped = largest_step > gain * limits.memory_jump_ratio_max;
    return has_grown && !has_jumped ? std::optional<Leak>(Leak{instance, from, to}) : std::nullopt;
}

std::optional<Change> suspect_deploy(const State& state,
                                     const Symptom& symptom,
                                     const Inventory& inventory,
                                     const Limits& limits) {
    for (auto change = state.changes.rbegin(); change != state.changes.rend(); ++change) {
        const bool is_deploy_of_ours = change->kind == ChangeKind::deploy &&
                                       change->service == inventory.service &&
                                       change->is_first_hand;
        if (!is_deploy_of_ours) {
            continue;
        }
        // The latest one decides: after our own rollback no earlier deploy is in force.
        const bool is_in_time = change->at <= symptom.began_at + limits.order_slack &&
                                symptom.began_at - change->at <= limits.deploy_suspect_for;
        const bool is_suspect = is_in_time && !change->is_ours && !change->from.empty();
        return is_suspect ? std::optional<Change>(*change) : std::nullopt;
    }
    return std::nullopt;
}

Look look_at(const State& state,
             const Symptom& symptom,
             const Inventory& inventory,
             const Limits& limits) {
    Look look;
    const Instant since = symptom.began_at - limits.order_slack;
    look.own = failing_since(state, {SubjectKind::service, inventory.service.text()}, since);
    for (const InstanceId& instance : inventory.instances) {
        const Subject subject{SubjectKind::instance, instance.text()};
        look.instances.emplace_back(instance, failing_since(state, subject, since));
        if (std::optional<Leak> leak = leak_of(state, instance, limits)) {
            look.leaks.push_back(std::move(*leak));
        }
        const auto answers = state.answers.find(subject);
        if (answers != state.answers.end() && !answers->second.is_answering) {
            look.silent.push_back(instance);
        }
    }
    for (const ServiceId& neighbour : inventory.neighbours) {
        const Failing failing =
            failing_since(state, {SubjectKind::neighbour, neighbour.text()}, since);
        look.neighbours.emplace_back(neighbour, failing);
        const bool explains = static_cast<double>(failing.errors) >=
                              static_cast<double>(look.own.errors) * limits.explained_ratio_min;
        if (is_failing(failing, limits) && explains) {
            look.explaining.push_back(neighbour);
        }
    }
    look.deploy = suspect_deploy(state, symptom, inventory, limits);
    for (const NewTemplate& seen : state.new_templates) {
        look.new_error_templates += seen.level == LogLevel::error && seen.at >= since ? 1 : 0;
    }
    return look;
}

/// The one instance that has nearly all the errors; null if they are spread.
const InstanceId* concentrated_on(const Look& look, const Limits& limits) {
    std::uint64_t all = 0;
    for (const auto& [instance, failing] : look.instances) {
        all += failing.errors;
    }
    for (const auto& [instance, failing] : look.instances) {
        const bool has_most = static_cast<double>(failing.errors) >=
                              static_cast<double>(all) * limits.concentration_min;
        if (all >= limits.errors_min && has_most && look.instances.size() > 1) {
            return &instance;
        }
    }
    return look.silent.size() == 1 && look.instances.size() > 1 ? &look.silent.front() : nullptr;
}

std::string plain_version(const VersionId& version) {
    return is_plain_name(version.text()) ? version.text() : std::string("a version");
}

std::vector<Cause> causes_of(const Look& look, const Symptom& symptom, const Limits& limits) {
    std::vector<Cause> causes;
    if (symptom.kind == SymptomKind::instance_down) {
        return {{CauseKind::instance_crash, 1.0, "the process of one instance has ended"}};
    }
    if (!look.explaining.empty()) {
        causes.push_back(
            {CauseKind::dependency_failing, 0.9,
             look.explaining.front().text() + " fails as well, often enough to explain it"});
    }
    const bool has_stalled = !look.silent.empty() ||
                             symptom.kind == SymptomKind::instance_not_answering ||
                             is_failing(look.own, limits);
    if (!look.leaks.empty() && has_stalled) {
        const Leak& leak = look.leaks.front();
        causes.push_back(
            {CauseKind::memory_leak, 0.85,
             fmt::format("memory of {} of {} instances climbed, of {} from {:.0f} to "
                         "{:.0f} MiB",
                         look.leaks.size(), look.instances.size(), leak.instance.text(),
                         leak.from_bytes / (1 << 20), leak.to_bytes / (1 << 20))});
    }
    if (look.deploy && look.explaining.empty()) {
        const double age = to_seconds(symptom.began_at - look.deploy->at);
        const double weight = look.new_error_templates > 0 ? 0.9 : 0.75;
        causes.push_back({CauseKind::bad_deploy, look.leaks.empty() ? weight : 0.5,
                          fmt::format("{} was deployed {:.0f} s before it began, and {} new error "
                                      "templates came with it",
                                      plain_version(look.deploy->to), std::max(0.0, age),
                                      look.new_error_templates)});
    }
    if (const InstanceId* instance = concentrated_on(look, limits)) {
        causes.push_back({CauseKind::instance_fault, look.leaks.empty() ? 0.6 : 0.3,
                          instance->text() + " is ill, the others are well"});
    }
    causes.push_back({CauseKind::unknown, 0.1, "nothing that is known explains it"});
    std::ranges::sort(causes, [](const Cause& left, const Cause& right) {
        return std::pair(-left.weight, left.kind) < std::pair(-right.weight, right.kind);
    });
    return causes;
}

void add_line(Evidence& evidence, std::string line) {
    if (evidence.lines.size() < evidence_lines_max) {
        evidence.lines.push_back(line.substr(0, evidence_line_bytes_max));
    }
}

Evidence evidence_of(const Look& look,
                     const Symptom& symptom,
                     const Inventory& inventory,
                     const Limits& limits) {
    Evidence evidence;
    if (look.deploy) {
        add_line(evidence, fmt::format("deploy of {} to {} {:.0f} s before the symptom",
                                       inventory.service.text(), plain_version(look.deploy->to),
                                       to_seconds(symptom.began_at - look.deploy->at)));
    } else {
        add_line(evidence, "no recent deploy of " + inventory.service.text());
    }
    for (const Leak& leak : look.leaks) {
        add_line(evidence,
                 fmt::format("memory of {} climbed from {:.0f} to {:.0f} MiB", leak.instance.text(),
                             leak.from_bytes / (1 << 20), leak.to_bytes / (1 << 20)));
    }
    add_line(evidence, fmt::format("{} on {}: {:.0f} % of requests fail", to_text(symptom.kind),
                                   inventory.service.text(), look.own.ratio() * 100));
    for (const auto& [instance, failing] : look.instances) {
        if (is_failing(failing, limits)) {
            add_line(evidence, fmt::format("{} fails {:.0f} % of its requests", instance.text(),
                                           failing.ratio() * 100));
        }
    }
    for (const InstanceId& instance : look.silent) {
        add_line(evidence, instance.text() + " does not answer its probe");
    }
    for (const auto& [neighbour, failing] : look.neighbours) {
        add_line(evidence, fmt::format("neighbour {} fails {:.0f} % of its requests",
                                       neighbour.text(), failing.ratio() * 100));
    }
    add_line(evidence, fmt::format("{} new error templates in the logs", look.new_error_templates));
    return evidence;
}

void offer(Menu& menu, Remedy remedy, double weight, std::string because) {
    for (const MenuItem& item : menu.items) {
        if (item.remedy == remedy) {
            return;
        }
    }
    menu.items.push_back({std::move(remedy), weight, std::move(because)});
}

/// Says whether a neighbour that explains the symptom has one.
bool offer_circuits(Menu& menu, const Look& look, const Inventory& inventory) {
    const std::size_t offered_before = menu.items.size();
    for (const ServiceId& neighbour : look.explaining) {
        if (std::ranges::find(inventory.circuits, neighbour) != inventory.circuits.end()) {
            offer(menu, OpenCircuit{neighbour}, 0.9, "the neighbour fails, and has a fallback");
        }
    }
    return menu.items.size() > offered_before;
}

/// First-hand numbers only: log templates weigh in the causes, never here.
Menu menu_of(const Look& look,
             const Symptom& symptom,
             const Inventory& inventory,
             const Limits& limits) {
    Menu menu;
    const bool is_explained = !look.explaining.empty();
    if (symptom.kind == SymptomKind::instance_down) {
        offer(menu, Restart{InstanceId(symptom.subject.name)}, 0.95, "its process has ended");
    } else if (!is_explained) {
        const bool is_leak = !look.leaks.empty();
        if (look.leaks.size() > 1) {
            offer(menu, RollingRestart{inventory.service}, 0.7, "memory climbed in several");
        } else if (is_leak) {
            offer(menu, Restart{look.leaks.front().instance}, 0.5, "its memory climbed");
            offer(menu, RollingRestart{inventory.service}, 0.3, "the others may follow");
        }
        if (look.deploy && inventory.has_versions) {
            offer(menu, Rollback{inventory.service, look.deploy->to, look.deploy->from},
                  is_leak ? 0.15 : 0.8, "the running version is new, and no neighbour explains it");
        }
        if (const InstanceId* instance = concentrated_on(look, limits); instance && !is_leak) {
            offer(menu, Restart{*instance}, look.deploy ? 0.1 : 0.6, "only this instance is ill");
        }
    }
    const bool has_circuit = offer_circuits(menu, look, inventory);
    offer(menu, Observe{}, is_explained && !has_circuit ? 0.9 : 0.05,
          is_explained ? "the cause lies with a neighbour" : "doing nothing is an answer");
    return menu;
}

void leave_out_tried(Menu& menu, std::span<const RemedyKind> tried) {
    if (tried.empty()) {
        return;
    }
    const Disruption last = traits_of(tried.back()).disruption;
    std::erase_if(menu.items, [&](const MenuItem& item) {
        const RemedyKind kind = kind_of(item.remedy);
        const bool was_tried = std::ranges::find(tried, kind) != tried.end();
        return kind != RemedyKind::observe && (was_tried || traits_of(kind).disruption >= last);
    });
}

void settle_priors(Menu& menu) {
    std::ranges::sort(menu.items, [](const MenuItem& left, const MenuItem& right) {
        return std::pair(-left.prior, left.remedy.index()) <
               std::pair(-right.prior, right.remedy.index());
    });
    menu.items.resize(std::min(menu.items.size(), menu_items_max));
    double sum = 0;
    for (const MenuItem& item : menu.items) {
        sum += item.prior;
    }
    for (MenuItem& item : menu.items) {
        item.prior /= sum;
    }
}

}  // namespace

void observe(State& state, std::span<const Signal> signals, Instant) {
    for (const Signal& signal : signals) {
        remember(state, signal);
    }
}

void note(State& state, const Change& change) {
    remember(state, change);
}

Finding diagnose(const State& state,
                 const Symptom& symptom,
                 const Inventory& inventory,
                 std::span<const RemedyKind> tried,
                 const Limits& limits,
                 Instant) {
    const Look look = look_at(state, symptom, inventory, limits);
    Finding finding;
    finding.diagnosis.causes = causes_of(look, symptom, limits);
    finding.diagnosis.evidence = evidence_of(look, symptom, inventory, limits);
    finding.menu = menu_of(look, symptom, inventory, limits);
    leave_out_tried(finding.menu, tried);
    settle_priors(finding.menu);
    return finding;
}

}  // namespace homeostat::diagnose
