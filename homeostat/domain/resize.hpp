#pragma once

// Resize: more memory for one instance where it stands, and what is known of what it has now.
//
// Memory is what whoever runs an instance says of it first-hand: the limit, and that the kernel
// ended a process for reaching it. Of a limit on the processor nobody says as much, so there is no
// such remedy.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/remedy_kind.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat {

/// Hold one instance to another limit of memory, without ending it. The inverse is the same the
/// other way round: whoever runs it does not lower a limit below what is in use.
struct Resize {
    static constexpr std::string_view kind_name = "resize";
    static constexpr RemedyKind kind = RemedyKind::resize;
    InstanceId instance;
    std::uint64_t from_bytes{0};
    std::uint64_t to_bytes{0};
    static void fields(auto& self, auto&& field) {
        field("instance", self.instance);
        field("from_bytes", self.from_bytes);
        field("to_bytes", self.to_bytes);
    }
    friend bool operator==(const Resize&, const Resize&) = default;
};

/// Want another limit of memory for the pod that stands for the instance. Precondition: it is the
/// pod that we saw, and wanted is `from_bytes`. Class: conditional.
struct SetMemory {
    static constexpr std::string_view kind_name = "set_memory";
    static constexpr Idempotence idempotence = Idempotence::conditional;
    InstanceId instance;
    std::string pod;  ///< Its uid: what starts anew in it meanwhile is no other target.
    std::uint64_t from_bytes{0};
    std::uint64_t to_bytes{0};
    static void fields(auto& self, auto&& field) {
        field("instance", self.instance);
        field("pod", self.pod);
        field("from_bytes", self.from_bytes);
        field("to_bytes", self.to_bytes);
    }
    friend bool operator==(const SetMemory&, const SetMemory&) = default;
};

/// How an instance is held to a limit that we may change.
struct MemoryFacts {
    std::uint64_t limit_bytes{0};      ///< As it is wanted.
    std::uint64_t limit_bytes_max{0};  ///< We ask for no more.
    bool is_in_force{false};           ///< It is held to that limit, and to no earlier one.
    bool is_refused{false};            ///< There will never be room for the limit that is wanted.
    bool was_killed{false};            ///< Its last process was ended for reaching its limit.
    EffectId effect{};                 ///< That set the limit; empty: none of ours did.

    static void fields(auto& self, auto&& field) {
        field("limit_bytes", self.limit_bytes);
        field("limit_bytes_max", self.limit_bytes_max);
        field("is_in_force", self.is_in_force);
        field("is_refused", self.is_refused);
        field("was_killed", self.was_killed);
        field("effect", self.effect);
    }
    friend bool operator==(const MemoryFacts&, const MemoryFacts&) = default;
};

/// "96 MiB", or "1000001 bytes" where it is no whole number of them.
[[nodiscard]] std::string memory_text(std::uint64_t bytes);

/// The next limit: half as much again, in whole MiB, and no more than may be asked for. As it was
/// where there is no room for more.
[[nodiscard]] constexpr std::uint64_t memory_after(std::uint64_t limit_bytes,
                                                   std::uint64_t limit_bytes_max) {
    constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
    const std::uint64_t more = limit_bytes / 2 / mebibyte * mebibyte;
    const std::uint64_t step = more > mebibyte ? more : mebibyte;
    const std::uint64_t room = limit_bytes_max > limit_bytes ? limit_bytes_max - limit_bytes : 0;
    return limit_bytes + (step < room ? step : room);
}

}  // namespace homeostat
