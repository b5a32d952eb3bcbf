#pragma once

// Case: a moment at which somebody has to choose a remedy, as raw telemetry. docs/cases.md and
// docs/case.schema.json describe the file; each part but `id`, `at` and `services` may be absent.
//
// `Shown` is what a decider sees. `Truth` is for scoring only, and is read into a struct of its own
// so that nothing that decides can hold it.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/cases/telemetry.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::cases {

constexpr int format_version = 1;
constexpr std::size_t line_bytes_max = std::size_t{64}
                                       << 20U;  ///< A case of 40 services has 200 kB.

struct Replica {
    std::string name;
    std::string zone;
    std::string host;
    std::string version;
    std::string config;
    bool is_in_rotation{true};

    static void fields(auto& self, auto&& field) {
        field("name", self.name);
        field("zone", self.zone, may_be_absent);
        field("host", self.host, may_be_absent);
        field("version", self.version, may_be_absent);
        field("config", self.config, may_be_absent);
        field("in_rotation", self.is_in_rotation, may_be_absent);
    }
};

/// Of one service to another.
struct Dependency {
    std::string service;
    bool is_required{true};
    bool has_fallback{false};  ///< The caller can answer without it.
    std::uint32_t attempts{1};
    double timeout_ms{0};  ///< 0: not told.
    std::string through;   ///< A cache that its reads go through.

    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("required", self.is_required, may_be_absent);
        field("fallback", self.has_fallback, may_be_absent);
        field("attempts", self.attempts, may_be_absent);
        field("timeout_ms", self.timeout_ms, may_be_absent);
        field("through", self.through, may_be_absent);
    }
};

struct Service {
    std::string name;
    std::string kind{"service"};  ///< gateway, service, cache, queue, database, or another word.
    std::vector<Replica> replicas;
    std::vector<Dependency> calls;
    std::string source;  ///< Of a cache: the service that its copies are of.
    bool is_local{false};

    static void fields(auto& self, auto&& field) {
        field("name", self.name);
        field("kind", self.kind, may_be_absent);
        field("replicas", self.replicas, may_be_absent);
        field("calls", self.calls, may_be_absent);
        field("source", self.source, may_be_absent);
        field("local", self.is_local, may_be_absent);
    }
};

struct ReplicaBounds {
    std::uint32_t now{0};
    std::uint32_t min{0};
    std::uint32_t max{0};

    static void fields(auto& self, auto&& field) {
        field("now", self.now);
        field("min", self.min);
        field("max", self.max);
    }
};

/// What exists at a service or a cache, and its owners permit. It bounds the menu: what is not
/// said is not possible.
struct PossibleAt {
    std::string service;
    bool can_restart{false};
    bool can_eject{false};
    bool has_fallback{false};
    std::optional<ReplicaBounds> replicas;
    std::map<std::string, std::string> previous;  ///< By artifact: the version before.
    bool can_invalidate{false};
    bool can_reroute{false};

    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("restart", self.can_restart, may_be_absent);
        field("eject", self.can_eject, may_be_absent);
        field("fallback", self.has_fallback, may_be_absent);
        field("replicas", self.replicas);
        field("previous", self.previous, may_be_absent);
        field("invalidate", self.can_invalidate, may_be_absent);
        field("reroute", self.can_reroute, may_be_absent);
    }
};

struct Shown {
    std::string id;
    double at_s{0};
    std::vector<Service> services;
    std::vector<PossibleAt> possible;
    std::vector<std::string> notes;  ///< The operator's words, trusted: at most `notes_max`.
    std::vector<CallNumbers> calls;
    std::vector<AlertLine> alerts;
    std::vector<ChangeLine> changes;
    std::vector<EventLine> events;
    std::vector<ObjectState> objects;
    std::vector<LogLine> logs;
    std::vector<Series> series;
};

/// A remedy at its target, as the lists of a case name it.
struct Answer {
    std::string remedy;
    std::string service;                ///< Or cache; empty of observe and escalate.
    std::vector<std::string> replicas;  ///< Any of them; empty where the remedy is of the service.
    std::string artifact;
    json::value to;  ///< A version of rollback, a number of scale.

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("service", self.service, may_be_absent);
        field("replicas", self.replicas, may_be_absent);
        field("artifact", self.artifact, may_be_absent);
        field("to", self.to, may_be_absent);
    }
};

struct Truth {
    std::string family;
    std::vector<Answer> acceptable;
    std::vector<Answer> acceptable_on_menu;
    std::vector<Answer> harmful;
    std::vector<std::string> cause_services;
};

struct Case {
    Shown shown;
    std::optional<Truth> truth;  ///< Absent: the case cannot be scored.
};

/// One line of a file of cases.
/// ERRORS: invalid, with the path of the field.
[[nodiscard]] Result<Case> parse_case(std::string_view line);

}  // namespace homeostat::cases
