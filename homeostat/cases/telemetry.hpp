#pragma once

// Telemetry: what a case has been measured, logged and told of: series, lines, changes, calls.
//
// Pure. Values only.

#include "homeostat/base/list_fields.hpp"
#include "homeostat/cases/shift.hpp"

#include <optional>
#include <string>
#include <vector>

namespace homeostat::cases {

struct Series {
    std::string name;
    std::string service;
    std::string replica;  ///< Empty: of the whole service.
    std::string unit;
    std::vector<SeriesPoint> points;  ///< Ascending.

    static void fields(auto& self, auto&& field) {
        field("name", self.name);
        field("service", self.service);
        field("replica", self.replica, may_be_absent);
        field("unit", self.unit, may_be_absent);
        field("points", self.points);
    }
};

struct LogLine {
    static constexpr bool is_list = true;
    double at_s{0};
    std::string service;
    std::string level;
    std::string text;

    static void fields(auto& self, auto&& field) {
        field("seconds", self.at_s);
        field("service", self.service);
        field("level", self.level);
        field("text", self.text);
    }
};

struct ChangeLine {
    static constexpr bool is_list = true;
    double at_s{0};
    std::string service;
    std::string kind;  ///< deploy, config, flag, or another word.
    std::string from;
    std::string to;

    static void fields(auto& self, auto&& field) {
        field("seconds", self.at_s);
        field("service", self.service);
        field("kind", self.kind);
        field("from", self.from);
        field("to", self.to);
    }
};

struct AlertLine {
    static constexpr bool is_list = true;
    double at_s{0};
    std::string service;
    std::string kind;
    std::string state;  ///< firing or resolved.

    static void fields(auto& self, auto&& field) {
        field("seconds", self.at_s);
        field("service", self.service);
        field("kind", self.kind);
        field("state", self.state);
    }
};

struct EventLine {
    static constexpr bool is_list = true;
    double at_s{0};
    std::string object;  ///< Kind/name.
    std::string reason;
    std::string text;

    static void fields(auto& self, auto&& field) {
        field("seconds", self.at_s);
        field("object", self.object);
        field("reason", self.reason);
        field("text", self.text);
    }
};

/// Shaped as Kubernetes has it; what is not known of spec and status is passed over.
struct ObjectState {
    std::string kind;
    std::string name;
    std::string service;
    json::value spec;
    json::value status;

    static void fields(auto& self, auto&& field) {
        field("kind", self.kind);
        field("name", self.name);
        field("service", self.service, may_be_absent);
        field("spec", self.spec, may_be_absent);
        field("status", self.status, may_be_absent);
    }
};

struct EdgeNumbers {
    double rate{0};  ///< UNITS: per second.
    double error_ratio{0};
    double p99_ms{0};

    static void fields(auto& self, auto&& field) {
        field("rate", self.rate);
        field("error_ratio", self.error_ratio);
        field("p99_ms", self.p99_ms, may_be_absent);
    }
};

struct CallNumbers {
    std::string caller;
    std::string service;
    EdgeNumbers now;
    std::optional<EdgeNumbers> usual;

    static void fields(auto& self, auto&& field) {
        field("caller", self.caller);
        field("service", self.service);
        field("now", self.now);
        field("usual", self.usual);
    }
};

}  // namespace homeostat::cases
