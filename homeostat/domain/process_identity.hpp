#pragma once

// ProcessIdentity: which process, so that a reused pid or name is not taken for it.
//
// One of this machine by its pid and start, one in a cluster by its pod's uid and how often the
// container in it was started again.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"

#include <cstdint>
#include <string>

namespace homeostat {

struct ProcessIdentity {
    std::int32_t pid{0};  ///< 0: no process of this machine.
    /// Field 22 of /proc/PID/stat: clock ticks since boot. Of a pod: starts of its container.
    std::uint64_t start_ticks{0};
    std::string pod{};  ///< Its uid; empty: no pod.

    /// There is no process, here or elsewhere.
    [[nodiscard]] bool is_none() const { return pid == 0 && pod.empty(); }

    static void fields(auto& self, auto&& field) {
        field("pid", self.pid);
        field("start_ticks", self.start_ticks);
        field("pod", self.pod, may_be_absent);
    }
    friend auto operator<=>(const ProcessIdentity&, const ProcessIdentity&) = default;
};

/// "pid 4711", "pod 3f6c0a1e (2 restarts)", "no process", for people.
[[nodiscard]] inline std::string describe(const ProcessIdentity& identity) {
    if (!identity.pod.empty()) {
        const std::string pod = "pod " + identity.pod.substr(0, 8);
        return identity.start_ticks == 0
                   ? pod
                   : pod + " (" + std::to_string(identity.start_ticks) + " restarts)";
    }
    return identity.pid == 0 ? "no process" : "pid " + std::to_string(identity.pid);
}

}  // namespace homeostat
