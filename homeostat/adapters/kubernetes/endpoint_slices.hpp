#pragma once

// EndpointSlices: whom a Service sends to, as the cluster says.
//
// That a pod is ready is only half of it: a Service whose selector or port fits none of them sends
// to nobody. An endpoint counts as in rotation while it is ready, serving and not going away. A
// condition that is not told is as the API has it: ready, as ready, and not going away. A slice
// without a port leads nowhere.
//
// Where slices may not be read, or cannot be, nothing is known of it, and whoever asks goes by the
// pods' readiness as before. Likewise where there is none at all: whoever writes them keeps an
// empty one of a Service that fits nobody. People are told of that once.
//
// Not thread-safe; lives on one strand.

#include "homeostat/adapters/kubernetes/group_view.hpp"
#include "homeostat/adapters/kubernetes/objects.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/adapters/kubernetes/watched_kind.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/ports/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

namespace homeostat::adapters::kubernetes {

/// Of all slices of one Service together.
struct ServicePlaces {
    std::set<std::string> pods;       ///< The uids of those that are sent to.
    std::set<std::string> addresses;  ///< Of endpoints that are said to be no pod's.

    [[nodiscard]] bool send_to(const PodView& pod) const {
        return pods.contains(pod.uid) || addresses.contains(pod.ip);
    }
    [[nodiscard]] bool are_none() const { return pods.empty() && addresses.empty(); }
};

/// Adds what one slice says. ERRORS: invalid, naming the field; nothing of it counts then.
[[nodiscard]] Result<void> add_slice(ServicePlaces& places, const json::value& slice);

/// Drops what nobody here reads of a slice: zones, hints and names of nodes.
void trim_slice(json::value& slice);

class EndpointSlices {
  public:
    /// `log`: when they are not told, and when they are again; not blocking.
    /// REQUIRES: what `seen` points to, and `clock`, outlive it.
    EndpointSlices(const Options& options,
                   KindSeen seen,
                   ports::Clock& clock,
                   std::function<void(const std::string&)> log);

    /// Of now, until the next look. Null: nothing is known of it.
    [[nodiscard]] const ServicePlaces* look();

  private:
    void tell(const std::optional<Error>& trouble);

    std::string name_;
    KindSeen seen_;
    ports::Clock& clock_;
    std::function<void(const std::string&)> log_;
    std::uint64_t parsed_version_{0};  ///< 0: none was.
    Result<ServicePlaces> parsed_;
    std::set<Fault> told_;  ///< Why nothing is known, since something was.
};

}  // namespace homeostat::adapters::kubernetes
