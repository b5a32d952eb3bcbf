#pragma once

// ProcessIdentity: which process, so that a reused pid is not taken for it.
//
// Pure. Values only.

#include <cstdint>
#include <string>

namespace homeostat {

struct ProcessIdentity {
    std::int32_t pid{0};           ///< 0: no process.
    std::uint64_t start_ticks{0};  ///< Field 22 of /proc/PID/stat: clock ticks since boot.

    static void fields(auto& self, auto&& field) {
        field("pid", self.pid);
        field("start_ticks", self.start_ticks);
    }
    friend auto operator<=>(const ProcessIdentity&, const ProcessIdentity&) = default;
};

}  // namespace homeostat
