#pragma once

// Policies: what people use today, under which the demo's scenarios are run once more.
//
// Each has the same world, the same fault and the same load as Homeostat. Numbers that are somebody
// else's defaults say whose.

#include "homeostat/base/time.hpp"

#include <optional>
#include <string>
#include <vector>

namespace homeostat::app::demo {

/// A liveness probe, by Kubernetes' names. SOURCE: kubernetes.io, Configure Probes.
struct Liveness {
    Duration period{std::chrono::seconds{10}};
    Duration timeout{std::chrono::seconds{1}};
    int failures_max{3};                       ///< In a row, then it is restarted.
    Duration grace{std::chrono::seconds{30}};  ///< From SIGTERM to SIGKILL.
};

struct Policy {
    std::string name;
    std::string says;  ///< One line for a person.
    /// From the first bad answer on; who has not healed by then counts as not healed.
    Duration window{};
    std::optional<Liveness> liveness;  ///< Absent: nothing is restarted, not even what crashed.
    std::string proxy_checks;          ///< HAProxy's `default-server` words for payments.
};

/// HAProxy's checks of payments in every world but that of the policy `haproxy`.
constexpr const char* proxy_checks_usual = "check inter 500ms fall 2 rise 1";

[[nodiscard]] const std::vector<Policy>& policies();

}  // namespace homeostat::app::demo
