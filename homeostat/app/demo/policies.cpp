#include "homeostat/app/demo/policies.hpp"

namespace homeostat::app::demo {

namespace {

using namespace std::chrono_literals;

}  // namespace

const std::vector<Policy>& policies() {
    // The windows leave each policy the time for all that it can do, and one restart's back-off
    // where it restarts: three probes of 10 s and the phase of the first; three of 1 s.
    static const std::vector<Policy> all{
        {"kubernetes", "liveness 10 s x 3 with Kubernetes' defaults, restart with back-off", 40s,
         Liveness{}, proxy_checks_usual},
        {"kubernetes-tuned", "liveness 1 s x 3, restart with back-off", 25s, Liveness{.period = 1s},
         proxy_checks_usual},
        // Ten errors in a row: HAProxy's own default for error-limit.
        {"haproxy",
         "HAProxy's checks and its observation of answers; nothing restarts",
         15s,
         {},
         "check inter 1s fall 3 rise 1 observe layer7 error-limit 10 on-error mark-down"},
        {"nothing", "nobody does anything but the proxy's own checks", 15s, {}, proxy_checks_usual},
    };
    return all;
}

}  // namespace homeostat::app::demo
