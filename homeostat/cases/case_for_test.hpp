#pragma once

// A case to change in one place: a shop that calls a stock service and its database.
//
// Pure. For tests only.

#include "homeostat/cases/case.hpp"

#include <string>
#include <vector>

namespace homeostat::cases::for_test {

/// Every 5 s for three minutes: `before`, and `after` in the last 40 s.
[[nodiscard]] inline Series step_series(const std::string& name,
                                        const std::string& service,
                                        double before,
                                        double after,
                                        const std::string& replica = "") {
    Series series{.name = name, .service = service, .replica = replica};
    for (double at = 5; at <= 180; at += 5) {
        series.points.push_back({at, at > 140 ? after : before});
    }
    return series;
}

/// shop → stock → stock-db; two, three and one replicas. All is well, everything is possible.
[[nodiscard]] inline Shown well_case() {
    Shown shown{.id = "a", .at_s = 180};
    const auto service = [&](const std::string& name, const std::string& kind, int replicas,
                             std::vector<Dependency> calls) {
        Service one{.name = name, .kind = kind, .calls = std::move(calls)};
        for (int at = 0; at < replicas; ++at) {
            one.replicas.push_back(
                {.name = name + "-" + std::to_string(at), .version = "v2", .config = "c1"});
        }
        const auto count = static_cast<std::uint32_t>(replicas);
        shown.possible.push_back({.service = name,
                                  .can_restart = true,
                                  .can_eject = true,
                                  .has_fallback = name == "stock",
                                  .replicas = ReplicaBounds{count, 1, count + 1},
                                  .previous = {{"deploy", "v1"}}});
        shown.series.push_back(step_series("error_ratio", name, 0, 0));
        shown.series.push_back(step_series("latency_p99", name, 20, 20));
        shown.series.push_back(step_series("requests", name, 100, 100));
        shown.services.push_back(std::move(one));
    };
    service("shop", "gateway", 2, {{.service = "stock"}});
    service("stock", "service", 3, {{.service = "stock-db"}});
    service("stock-db", "database", 1, {});
    shown.calls = {{"shop", "stock", {100, 0, 10}, EdgeNumbers{100, 0, 10}},
                   {"stock", "stock-db", {100, 0, 5}, EdgeNumbers{100, 0, 5}}};
    return shown;
}

inline void set_series(Shown& shown, const Series& series) {
    for (Series& one : shown.series) {
        if (one.name == series.name && one.service == series.service &&
            one.replica == series.replica) {
            one = series;
            return;
        }
    }
    shown.series.push_back(series);
}

/// What `service` answers goes wrong, and its callers notice.
inline void let_fail(Shown& shown, const std::string& service, double ratio) {
    set_series(shown, step_series("error_ratio", service, 0, ratio));
    for (CallNumbers& call : shown.calls) {
        if (call.service == service) {
            call.now.error_ratio = ratio;
        }
    }
}

}  // namespace homeostat::cases::for_test
