#include "homeostat/advise/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace homeostat::advise {

namespace {

using Proposed = std::optional<Change>;

constexpr std::string_view proxy_file = "haproxy.cfg";

// --- Which incidents speak for a change ----------------------------------------------------------

bool any(const PastIncident&) {
    return true;
}

bool is_slowness(const PastIncident& incident) {
    return incident.symptom.kind == SymptomKind::latency;
}

bool is_seen_by_users_first(const PastIncident& incident) {
    return incident.symptom.observer == Observer::edge;
}

bool follows_another(const PastIncident& incident) {
    return incident.follows_another;
}

bool is_helped_by_spares(const PastIncident& incident) {
    return std::ranges::find(incident.helped, RemedyKind::scale) != incident.helped.end();
}

// --- What the changes need -----------------------------------------------------------------------

std::uint32_t regular_count(const Settings& settings) {
    return settings.instances - std::min(settings.instances, settings.spares);
}

std::int64_t whole_ms(Duration span) {
    return std::chrono::ceil<std::chrono::milliseconds>(span).count();
}

std::string backend_place(std::string_view backend) {
    return fmt::format("{}, backend {}", proxy_file, backend);
}

/// The table that another neighbour has already, so that there is one for all.
std::string circuit_table(const Settings& settings) {
    for (const NeighbourSettings& neighbour : settings.neighbours) {
        if (!neighbour.circuit.empty()) {
            return neighbour.circuit;
        }
    }
    return "circuits";
}

/// What guard opens one for is decided in ADR 7: an advised circuit that nothing could open would
/// be worse than none.
std::string circuit_lines(const std::string& table, const std::string& backend, Duration hold) {
    // Outlives what Homeostat holds, and ends by itself should nobody be left to close it.
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(hold).count() + 30;
    return fmt::format(
        "# In the frontend through which calls reach {1}. The answer is yours to choose: what\n"
        "# callers can live with while {1} is down.\n"
        "http-request return status 200 content-type application/json string 'YOUR FALLBACK' "
        "if {{ str({1}),table_gpt0({0}) gt 0 }}\n"
        "# Once in the file:\n"
        "backend {0}\n"
        "    stick-table type string len 65 size 100 expire {2}s store gpt0\n"
        "# In backend {1}, and `check` behind each server. The circuit is opened while fewer than\n"
        "# half of them answer their checks, or against slowness. One that answers errors at once\n"
        "# is left alone unless its check fails as well: PATH has to try what fails. And from "
        "then\n"
        "# on a server whose check fails gets no calls at all: PATH must not fail for less.\n"
        "option httpchk GET /PATH\n",
        table, backend, seconds);
}

// --- What each rule proposes ---------------------------------------------------------------------

Proposed declare_circuit(const Settings& settings, const std::string& target) {
    const auto neighbour =
        std::ranges::find(settings.neighbours, ServiceId(target), &NeighbourSettings::service);
    if (neighbour == settings.neighbours.end() || !neighbour->circuit.empty()) {
        return std::nullopt;
    }
    const std::string table = circuit_table(settings);
    return Change{
        .because = fmt::format("{} fails and takes us with it; with a circuit and a fallback the "
                               "edge can answer for it meanwhile",
                               target),
        .setting =
            Setting{fmt::format("neighbours[{}].circuit", neighbour - settings.neighbours.begin()),
                    table},
        .snippet = Snippet{std::string(proxy_file),
                           circuit_lines(table, neighbour->backend, settings.hold_for)}};
}

Proposed bound_calls(const Settings& settings, const std::string& target) {
    const auto neighbour =
        std::ranges::find(settings.neighbours, ServiceId(target), &NeighbourSettings::service);
    if (neighbour == settings.neighbours.end()) {
        return std::nullopt;
    }
    return Change{
        .because = fmt::format("{} became slow and our answers with it; a call that takes longer "
                               "than goals.latency_p99 has missed the goal whatever it brings",
                               target),
        .snippet = Snippet{backend_place(neighbour->backend),
                           fmt::format("# Unless a shorter one is in force; what takes so long on "
                                       "purpose needs a backend of its own.\n"
                                       "timeout server {}ms\n",
                                       whole_ms(settings.latency_p99_goal))}};
}

Proposed run_one_spare(const Settings& settings, const std::string&) {
    // The last one stays: `scale` without any spare is a configuration that is refused.
    if (settings.spares < 2) {
        return std::nullopt;
    }
    return Change{
        .because = fmt::format("spares had to help each time, and did; with {} instead of "
                               "{} instances at work they are needed later. It costs one "
                               "instance at all hours",
                               regular_count(settings) + 1, regular_count(settings)),
        .setting = Setting{"runtime.process.spares", std::to_string(settings.spares - 1)}};
}

/// Half: of those let in at the goal itself the work makes late answers (docs/ledger_commands.md).
Proposed bound_queue(const Settings& settings, const std::string&) {
    if (settings.backend.empty()) {
        return std::nullopt;
    }
    return Change{
        .because =
            "more came than the instances answer, and it queued; who has waited for half of "
            "goals.latency_p99, and has the work still to come, is better told no at once than "
            "kept before the others",
        .snippet = Snippet{backend_place(settings.backend),
                           fmt::format("# Unless a shorter one is in force.\ntimeout queue {}ms\n",
                                       whole_ms(settings.latency_p99_goal / 2))}};
}

/// HAProxy knows no share of retries. It can try a failed connection once at most, and while others
/// wait nothing else again.
std::string retry_lines(const Settings& settings) {
    return settings.backend.empty()
               ? fmt::format(
                     "# Of cluster {}; where it has thresholds, add the retry_budget to those.\n"
                     "circuit_breakers:\n"
                     "  thresholds:\n"
                     "  - retry_budget: {{ budget_percent: {{ value: 20 }}, "
                     "min_retry_concurrency: 3 }}\n",
                     settings.cluster)
               : fmt::format(
                     "# Programs that call us and try again need a budget of their own: "
                     "one retry for five\n"
                     "# calls. The edge tries a failed connection once more, and what retry-on "
                     "adds to that\n# not while others wait.\n"
                     "retries 1\n"
                     "http-request disable-l7-retry if {{ queue({}) gt 0 }}\n",
                     settings.backend);
}

Proposed bound_retries(const Settings& settings, const std::string&) {
    if (settings.backend.empty() && settings.cluster.empty()) {
        return std::nullopt;
    }
    return Change{
        .because =
            "each time more came just when something else had failed, as it does when callers try "
            "again; such a load can keep itself alive after its cause has gone. How much of it "
            "were retries the ledger does not say",
        .snippet = Snippet{settings.backend.empty()
                               ? fmt::format("Envoy's configuration, cluster {}", settings.cluster)
                               : backend_place(settings.backend),
                           retry_lines(settings)}};
}

Proposed add_probe(const Settings& settings, const std::string&) {
    if (settings.has_probe) {
        return std::nullopt;
    }
    return Change{.because =
                      "requests of users had to fail or wait before it was seen; a probe "
                      "asks each instance without them. Write the path that answers 2xx "
                      "only while the instance is well",
                  .setting = Setting{"signals.http", "{ path: /healthz }"}};
}

/// One may be away by itself at any time: what we do to another must leave the rest.
Proposed keep_serving(const Settings& settings, const std::string&) {
    const std::uint32_t regular = regular_count(settings);
    if (regular < 3 || settings.min_healthy >= regular - 1) {
        return std::nullopt;
    }
    return Change{
        .because = fmt::format(
            "processes end by themselves; with min_healthy {} a remedy may take another one away "
            "meanwhile, with {} it may not. Rollbacks and rolling restarts wait for as long, too",
            settings.min_healthy, regular - 1),
        .setting = Setting{"guard.min_healthy", std::to_string(regular - 1)}};
}

Proposed run_a_second(const Settings& settings, const std::string&) {
    if (settings.instances != 1 || settings.backend.empty()) {
        return std::nullopt;
    }
    return Change{.because =
                      "the only instance ended, and until it is started again nobody answers; a "
                      "second one does",
                  .setting = Setting{"runtime.process.instances", "2"},
                  .snippet = Snippet{
                      backend_place(settings.backend),
                      "# NAME and PORT of the second instance.\nserver NAME 127.0.0.1:PORT\n"}};
}

Proposed end_copies(const Settings& settings, const std::string& target) {
    const auto cache = std::ranges::find(settings.caches, CacheId(target), &CacheSettings::name);
    if (cache == settings.caches.end()) {
        return std::nullopt;
    }
    return Change{
        .because = fmt::format("copies in {} outlived what they are copies of; a copy that ends by "
                               "itself after max_age is wrong for so long at most",
                               target),
        .snippet = Snippet{fmt::format("the program that writes the copies of {}", target),
                           fmt::format("SET {} VALUE PX {}\n", cache->key,
                                       std::max<std::int64_t>(1, whole_ms(cache->max_age)))}};
}

constexpr std::array table{
    Rule{CauseKind::memory_leak, AdviceKind::probe, is_seen_by_users_first, add_probe},
    Rule{CauseKind::dependency_failing, AdviceKind::breaker, any, declare_circuit},
    Rule{CauseKind::dependency_failing, AdviceKind::timeout, is_slowness, bound_calls},
    Rule{CauseKind::instance_fault, AdviceKind::probe, is_seen_by_users_first, add_probe},
    Rule{CauseKind::instance_crash, AdviceKind::replica_floor, any, run_a_second},
    Rule{CauseKind::instance_crash, AdviceKind::disruption_budget, any, keep_serving},
    Rule{CauseKind::overload, AdviceKind::replica_floor, is_helped_by_spares, run_one_spare},
    Rule{CauseKind::overload, AdviceKind::limit, any, bound_queue},
    Rule{CauseKind::overload, AdviceKind::retry_budget, follows_another, bound_retries},
    Rule{CauseKind::stale_copies, AdviceKind::ttl, any, end_copies},
};

}  // namespace

std::span<const Rule> rules() {
    return table;
}

}  // namespace homeostat::advise
