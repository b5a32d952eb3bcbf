#include "homeostat/diagnose/diagnose.hpp"

#include "homeostat/diagnose/evidence.hpp"
#include "homeostat/diagnose/look.hpp"
#include "homeostat/diagnose/measured.hpp"
#include "homeostat/diagnose/obstacles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::diagnose {

namespace {

/// Of flags no name is told here: those are for people alone, and stand beside the change.
std::pair<CauseKind, std::string> blamed(const Change& change) {
    const std::string version = plain_version(change.to);
    switch (change.kind) {
        case ChangeKind::config:
            return {CauseKind::bad_config, "the configuration was changed to " + version};
        case ChangeKind::flag:
            return {CauseKind::bad_flag, "flags were changed, to " + version};
        case ChangeKind::deploy:
        case ChangeKind::scale:
            break;
    }
    return {CauseKind::bad_deploy, version + " was deployed"};
}

std::string_view why_back(Artifact artifact) {
    switch (artifact) {
        case Artifact::deploy:
            break;
        case Artifact::config:
            return "the configuration is new, and no neighbour explains it";
        case Artifact::flag:
            return "flags were changed, and no neighbour explains it";
    }
    return "the running version is new, and no neighbour explains it";
}

Cause blame(const Change& change, const Look& look, const Symptom& symptom) {
    const bool is_latest = &change == look.suspect();
    const double age = to_seconds(symptom.began_at - change.at);
    const double likely = look.new_error_templates > 0 ? 0.9 : 0.75;
    const bool is_lesser = !look.leaks.empty() || look.is_one_slow(symptom);
    const double weight = is_lesser ? 0.5 : likely;
    const auto [kind, what] = blamed(change);
    return {kind, is_latest ? weight : weight / 2,
            fmt::format("{} {:.0f} s before it began, and {}", what, std::max(0.0, age),
                        is_latest ? fmt::format("{} new error templates came with it",
                                                look.new_error_templates)
                                  : "another change came after it")};
}

bool may_be_about(const Starved& starved, const Symptom& symptom) {
    return symptom.subject.kind != SubjectKind::instance ||
           symptom.subject.name == starved.instance.text();
}

/// Whoever it may be about that reached the limit of its memory; nothing: nobody did.
std::optional<std::string> want_of_memory(const Look& look, const Symptom& symptom) {
    for (const Starved& starved : look.starved) {
        if (may_be_about(starved, symptom)) {
            return fmt::format("{} was ended for reaching its limit of {} of memory",
                               starved.instance.text(), memory_text(starved.limit_bytes));
        }
    }
    return std::nullopt;
}

/// Who is orchestrated was started again already, and ended again: what it was given may be why.
std::vector<Cause> causes_of_end(const Look& look, const Symptom& symptom, bool is_orchestrated) {
    if (!is_orchestrated) {
        return {{CauseKind::instance_crash, 1.0, "the process of one instance has ended"}};
    }
    std::vector<Cause> causes;
    for (const Change& change : look.suspects) {
        causes.push_back(blame(change, look, symptom));
    }
    causes.push_back({CauseKind::instance_crash, causes.empty() ? 1.0 : 0.3,
                      want_of_memory(look, symptom)
                          .value_or("one instance ends again and again, or cannot be started")});
    return causes;
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one cause after another.
std::vector<Cause> causes_of(const Look& look,
                             const Symptom& symptom,
                             bool is_orchestrated,
                             const Limits& limits) {
    std::vector<Cause> causes;
    if (symptom.kind == SymptomKind::instance_down) {
        return causes_of_end(look, symptom, is_orchestrated);
    }
    if (symptom.kind == SymptomKind::stale_cache) {
        return {{CauseKind::stale_copies, 1.0,
                 fmt::format("{:.0f} copies in {} are not what its source says", symptom.value,
                             symptom.subject.name)}};
    }
    if (symptom.kind == SymptomKind::check_failing) {
        return {{CauseKind::declared_fault, 1.0,
                 fmt::format("the check of {} has failed {:.0f} times in a row",
                             symptom.subject.name, symptom.value)}};
    }
    for (const DeclaredTask& task : look.needed_tasks) {
        causes.push_back({CauseKind::declared_fault, 0.9,
                          fmt::format("the check of {} fails, and it is declared for {}",
                                      task.task.text(), to_text(symptom.kind))});
    }
    if (!look.explaining.empty()) {
        causes.push_back({CauseKind::dependency_failing, 0.9,
                          ill_neighbour_words(look.explaining.front().text())});
    }
    const bool has_stalled = !look.silent.empty() ||
                             symptom.kind == SymptomKind::instance_not_answering ||
                             symptom.kind == SymptomKind::latency || is_failing(look.own, limits);
    if (!look.leaks.empty() && has_stalled) {
        const Leak& leak = look.leaks.front();
        causes.push_back(
            {CauseKind::memory_leak, 0.85,
             fmt::format("memory of {} of {} instances climbed, of {} from {:.0f} to "
                         "{:.0f} MiB",
                         look.leaks.size(), look.instances.size(), leak.instance.text(),
                         leak.from_bytes / (1 << 20), leak.to_bytes / (1 << 20))});
    }
    if (std::optional<std::string> want = want_of_memory(look, symptom)) {
        causes.push_back({CauseKind::instance_fault, 0.8, *std::move(want)});
    }
    for (const Change& change : look.suspects) {
        if (look.explaining.empty()) {
            causes.push_back(blame(change, look, symptom));
        }
    }
    if (look.is_overloaded) {
        causes.push_back(
            {CauseKind::overload, look.suspect() ? 0.5 : 0.85,
             fmt::format("{:.1f} times the usual requests come, more than {} instances answer",
                         look.load.growth(), look.load.at_work)});
    }
    if (look.ill_alone) {
        const std::string_view why =
            look.instances.size() > 1 ? " is ill, the others are well" : " has stopped answering";
        causes.push_back({CauseKind::instance_fault, look.leaks.empty() ? 0.6 : 0.3,
                          fmt::format("{}{}", look.ill_alone->text(), why)});
    }
    causes.push_back({CauseKind::unknown, 0.1, "nothing that is known explains it"});
    std::ranges::sort(causes, [](const Cause& left, const Cause& right) {
        return std::pair(-left.weight, left.kind) < std::pair(-right.weight, right.kind);
    });
    return causes;
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

/// The kernel's word, of the container that the symptom is about or of any: what it has now was too
/// little for it. A restart would give its successor no more.
void offer_more_memory(Menu& menu,
                       const Look& look,
                       const Symptom& symptom,
                       const Inventory& inventory) {
    for (const Starved& starved : look.starved) {
        const std::uint64_t more = memory_after(starved.limit_bytes, inventory.memory_bytes_max);
        if (may_be_about(starved, symptom) && more > starved.limit_bytes) {
            offer(menu, Resize{starved.instance, starved.limit_bytes, more},
                  look.suspect() ? 0.3 : 0.95, "it was ended for reaching the limit of its memory");
        }
    }
}

void offer_against_leaks(Menu& menu, const Look& look, const Inventory& inventory) {
    if (look.leaks.size() > 1) {
        offer(menu, RollingRestart{inventory.service}, 0.7, "memory climbed in several");
    } else if (!look.leaks.empty()) {
        offer(menu, Restart{look.leaks.front().instance}, 0.5, "its memory climbed");
        offer(menu, RollingRestart{inventory.service}, 0.3, "the others may follow");
    }
}

/// Of the latest change alone: of two rollbacks only one could be tried in an incident.
void offer_against_change(Menu& menu,
                          const Change& suspect,
                          double weight,
                          const Look& look,
                          const Inventory& inventory) {
    const bool is_leak = !look.leaks.empty();
    const std::optional<Artifact> artifact = artifact_of(suspect.kind);
    if (artifact && inventory.has(*artifact)) {
        offer(menu, Rollback{inventory.service, suspect.to, suspect.from, *artifact},
              is_leak ? 0.15 : weight, std::string(why_back(*artifact)));
    }
    // It changes no version and heals nothing: where a rollback may be had, that comes first.
    const bool is_being_rolled_out = artifact == Artifact::deploy && look.is_rolling_out;
    if (is_being_rolled_out && inventory.may_pause) {
        offer(menu, PauseRollout{inventory.service, suspect.to}, is_leak ? 0.1 : 0.25,
              "the running version comes to more and more, and may be what is ill");
    }
}

void offer_against_own_fault(Menu& menu,
                             const Look& look,
                             const Symptom& symptom,
                             const Inventory& inventory) {
    const bool is_leak = !look.leaks.empty();
    // All instances run the same: of one that alone is slow it is the lesser suspect.
    const bool is_one_slow = look.is_one_slow(symptom);
    const Change* suspect = look.suspect();
    if (suspect != nullptr) {
        offer_against_change(menu, *suspect, is_one_slow ? 0.3 : 0.8, look, inventory);
    }
    // Under overload a restart takes away what is short, and the one that fails first is not ill.
    if (look.ill_alone && !is_leak && !look.is_overloaded) {
        offer(menu, Restart{*look.ill_alone}, suspect && !is_one_slow ? 0.1 : 0.6,
              look.instances.size() > 1 ? "only this instance is ill"
                                        : "the only instance has stopped answering");
    }
}

/// The plan that keeps readers from wrong copies, where there is a way round the cache.
void offer_against_stale_copies(Menu& menu, const CacheId& cache, const Inventory& inventory) {
    if (std::ranges::find(inventory.routes, cache) != inventory.routes.end()) {
        offer(menu, Reroute{cache}, 0.95, "its copies are wrong, and its source can be read");
    } else {
        offer(menu, InvalidateCache{cache}, 0.95, "its copies are wrong");
    }
}

/// What it is declared to mend is there. Nothing else of ours is for that.
void offer_task(Menu& menu, const TaskId& name, const Inventory& inventory) {
    for (const WatchedTask& task : inventory.tasks) {
        if (task.of.task == name) {
            offer(menu, RunTask{task.of}, 0.9, "its check fails, and this is declared to mend it");
        }
    }
}

/// Its operator has said that it is for such a symptom, and its check that it has something to do:
/// what they know of their own service comes before what we infer.
void offer_needed_tasks(Menu& menu, const Look& look) {
    for (const DeclaredTask& task : look.needed_tasks) {
        offer(menu, RunTask{task}, 0.9, "its check fails, and this is declared for such a symptom");
    }
}

/// As many as there may be at work. An instance that nobody wants of a Deployment is a free slot,
/// and the number up to which it may grow is declared.
std::uint32_t instances_most(const Load& load, const Inventory& inventory) {
    const std::uint32_t slots = load.at_work + load.idle;
    return inventory.is_orchestrated ? std::min(slots, inventory.instances_max) : slots;
}

/// As many as the traffic grew by, of those that are declared. After a change that may have brought
/// it even doing nothing comes first: more instances of a bad version help nobody.
void offer_against_overload(Menu& menu, const Look& look, const Inventory& inventory) {
    const Load& load = look.load;
    const std::uint32_t most = instances_most(load, inventory);
    if (!look.is_overloaded || most <= load.at_work) {
        return;
    }
    const double wanted = std::ceil(load.at_work * load.growth());
    const auto to = static_cast<std::uint32_t>(std::min(wanted, static_cast<double>(most)));
    offer(menu, Scale{inventory.service, load.at_work, std::max(to, load.at_work + 1)},
          look.suspect() ? 0.04 : 0.8, "much more is asked than usual, and it queues");
}

/// Where nobody counts what comes and what waits, as a cluster's Service does not, overload cannot
/// be told from whatever else makes all of them slow. Half as many again is tried where nothing
/// explains it: that it helped has to be proven, and else it is taken back.
void offer_against_slowness(Menu& menu,
                            const Look& look,
                            const Symptom& symptom,
                            const Inventory& inventory) {
    const Load& load = look.load;
    const bool is_blind = inventory.is_orchestrated && !inventory.may_drain;
    const bool is_of_all =
        symptom.kind == SymptomKind::latency && symptom.subject.kind == SubjectKind::service;
    const bool is_explained = look.suspect() != nullptr || look.ill_alone || !look.leaks.empty();
    const std::uint32_t most = instances_most(load, inventory);
    if (!is_blind || !is_of_all || is_explained || !look.silent.empty() || most <= load.at_work) {
        return;
    }
    const std::uint32_t more = std::max(1U, load.at_work / 2);
    offer(menu, Scale{inventory.service, load.at_work, std::min(load.at_work + more, most)}, 0.4,
          "all of it is slow, nothing explains it, and more can be had");
}

/// A restart takes away the wait of whoever starts it, and nothing else: what is new goes first.
void offer_against_end(Menu& menu,
                       const Look& look,
                       const Symptom& symptom,
                       const Inventory& inventory) {
    const InstanceId ended(symptom.subject.name);
    if (!inventory.is_orchestrated) {
        offer(menu, Restart{ended}, 0.95, "its process has ended");
        return;
    }
    offer(menu, Restart{ended}, look.suspect() ? 0.2 : 0.9, "it ends, and its start is put off");
    offer_against_own_fault(menu, look, symptom, inventory);
}

/// First-hand numbers only: log templates weigh in the causes, never here.
Menu menu_of(const Look& look, const Symptom& symptom, const Inventory& inventory) {
    Menu menu;
    if (symptom.kind == SymptomKind::check_failing) {
        offer_task(menu, TaskId(symptom.subject.name), inventory);
        offer(menu, Observe{}, 0.1, "doing nothing is an answer");
        return menu;
    }
    const bool is_explained = !look.explaining.empty();
    if (symptom.kind == SymptomKind::stale_cache) {
        offer_against_stale_copies(menu, CacheId(symptom.subject.name), inventory);
    } else if (symptom.kind == SymptomKind::instance_down) {
        offer_against_end(menu, look, symptom, inventory);
    } else if (is_for_reflex(symptom, inventory)) {
        const InstanceId slow(symptom.subject.name);
        offer(menu, Eject{slow}, 0.95, "it alone is slow, and the others can do its work");
        offer(menu, Restart{slow}, 0.6, "only this instance is ill");
    } else if (!is_explained) {
        offer_against_leaks(menu, look, inventory);
        offer_against_own_fault(menu, look, symptom, inventory);
        offer_against_overload(menu, look, inventory);
        offer_against_slowness(menu, look, symptom, inventory);
    }
    // A reflex is not kept waiting for a stranger's command.
    if (!is_for_reflex(symptom, inventory)) {
        offer_needed_tasks(menu, look);
    }
    if (symptom.kind != SymptomKind::stale_cache && !is_explained) {
        offer_more_memory(menu, look, symptom, inventory);
    }
    const bool has_circuit =
        symptom.kind != SymptomKind::stale_cache && offer_circuits(menu, look, inventory);
    const bool is_theirs = is_explained && symptom.kind != SymptomKind::stale_cache;
    offer(menu, Observe{}, is_theirs && !has_circuit ? 0.9 : 0.05,
          is_theirs ? "the cause lies with a neighbour" : "doing nothing is an answer");
    return menu;
}

void leave_out_tried(Menu& menu, std::span<const RemedyKind> tried) {
    if (tried.empty()) {
        return;
    }
    // What only contained the symptom bounds nothing; nor does memory that came where it stood.
    const auto last = std::find_if(tried.rbegin(), tried.rend(), [](RemedyKind kind) {
        return !traits_of(kind).is_temporary && kind != RemedyKind::resize;
    });
    std::erase_if(menu.items, [&](const MenuItem& item) {
        const RemedyKind kind = kind_of(item.remedy);
        const bool was_tried = std::ranges::find(tried, kind) != tried.end();
        const bool is_too_much =
            last != tried.rend() && traits_of(kind).disruption >= traits_of(*last).disruption;
        return kind != RemedyKind::observe && (was_tried || is_too_much);
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
                 const Limits& limits) {
    const Look look = look_at(state, symptom, inventory, limits);
    Finding finding;
    finding.diagnosis.causes = causes_of(look, symptom, inventory.is_orchestrated, limits);
    add_obstacles(finding.diagnosis.causes, look);
    finding.diagnosis.measured = measured_of(look, symptom, inventory, limits);
    write_evidence(finding.diagnosis, look, symptom, inventory, limits);
    finding.menu = menu_of(look, symptom, inventory);
    leave_out_vain(finding.menu, look, symptom);
    leave_out_tried(finding.menu, tried);
    settle_priors(finding.menu);
    return finding;
}

}  // namespace homeostat::diagnose
