#pragma once

// PodMemory: how much memory the guarded container of a pod is held to, and whose doing that is.
//
// SOURCE: what is wanted stands in spec, what is in force in the status of the container, and in
// conditions of the pod what the kubelet makes of the difference (KEP 1287). A pod that is replaced
// has what its template says.
//
// A limit that cannot be read is none that we may change, and no error of the pod.
//
// Pure. Values only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

struct PodMemory {
    std::string container;
    std::size_t index{0};  ///< In spec.containers.
    std::string limit;     ///< As it is written there.
    std::string request;   ///< Likewise; empty: none is.
    std::uint64_t limit_bytes{0};
    std::uint64_t request_bytes{0};
    bool restarts{false};     ///< The container would be ended for another limit.
    bool is_in_force{false};  ///< The kubelet holds it to that limit, and to no earlier one.
    bool is_refused{false};   ///< The node can never have room for it.
    std::string manager{};    ///< Who set the limit; empty: not known, or several.
    bool was_resized{false};  ///< That was in place, when the pod was there already.
    std::optional<WallTime> set_at{};     ///< When, where it was resized and that is known.
    std::optional<WallTime> killed_at{};  ///< When its last container ended, if by that limit.

    friend bool operator==(const PodMemory&, const PodMemory&) = default;
};

/// Nothing: the container has no limit. `container`: of the pod; its first if empty.
[[nodiscard]] std::optional<PodMemory> parse_pod_memory(const json::value& pod,
                                                        std::string_view container);

}  // namespace homeostat::adapters::kubernetes
