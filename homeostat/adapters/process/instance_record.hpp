#pragma once

// InstanceRecord: what the shim wrote about the process of an instance, read strictly.
//
// It is first-hand and yet not believed as it stands: a pid counts only while a process with these
// start ticks exists in this boot (instance_state.hpp). A record that cannot be read is not "no
// process": it stops every step of that instance until a person has looked.
//
// Pure. The writer is shim/instance_record.hpp.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/process_identity.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::adapters::process {

constexpr std::size_t record_bytes_max = 4096;  ///< Ten times what a record needs.

struct InstanceRecord {
    InstanceId name;
    EffectId effect;      ///< Empty: started by no effect, at the guard's first start.
    VersionId version;    ///< Empty: a service without versions.
    VersionId config;     ///< Empty: its configuration has no versions, or had none then.
    std::string boot_id;  ///< Pids, ticks and instants below mean nothing in another boot.
    std::int32_t pid{0};
    std::uint64_t start_ticks{0};
    std::int32_t shim_pid{0};
    std::uint64_t shim_start_ticks{0};
    Instant started_at_ns{};
    std::optional<int>
        exit_status{};  ///< As waitpid gives it; absent: runs, or its shim was killed.
    std::optional<Instant> ended_at_ns{};

    [[nodiscard]] ProcessIdentity identity() const { return {pid, start_ticks}; }

    static void fields(auto& self, auto&& field) {
        field("name", self.name);
        field("effect", self.effect);
        field("version", self.version);
        field("config", self.config, may_be_absent);
        field("boot_id", self.boot_id);
        field("pid", self.pid);
        field("start_ticks", self.start_ticks);
        field("shim_pid", self.shim_pid);
        field("shim_start_ticks", self.shim_start_ticks);
        field("started_at_ns", self.started_at_ns);
        field("exit_status", self.exit_status);
        field("ended_at_ns", self.ended_at_ns);
    }
    friend bool operator==(const InstanceRecord&, const InstanceRecord&) = default;
};

/// ERRORS: corrupt: not JSON, a field too many or too few, a name that is not plain, a pid that
/// none of our processes can have.
[[nodiscard]] Result<InstanceRecord> parse_instance_record(std::string_view text);

}  // namespace homeostat::adapters::process
