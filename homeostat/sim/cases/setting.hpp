#pragma once

// Setting: a topology as a case tells of it: what its services are, and what versions and zones
// are called.
//
// A cache stands on a link in the world; in a case it is a service of its own.
//
// Pure. Values only.

#include "homeostat/base/rng.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/sim/cases/case_order.hpp"
#include "homeostat/sim/cases/names.hpp"
#include "homeostat/sim/world/topology.hpp"

#include <string>
#include <vector>

namespace homeostat::sim::cases {

struct Setting {
    Topology topology;
    std::vector<std::string> zones;                            ///< By zone.
    std::vector<std::string> hosts;                            ///< By host.
    std::vector<PerArtifact<std::vector<std::string>>> names;  ///< Of versions: "v1" is at 0.
    /// Of a service: requests that come to it for one request of a user, while caches are warm. 0
    /// to 1; more counts as 1.
    std::vector<double> reach;

    /// What the world calls "v3" is called otherwise in each case.
    [[nodiscard]] const std::string& version_name(ServiceIndex service,
                                                  Artifact artifact,
                                                  const VersionId& version) const;
    [[nodiscard]] const std::string& zone_of(ReplicaIndex replica) const;
    /// A link that reads through it.
    [[nodiscard]] const LinkSpec& link_of(CacheIndex cache) const;
};

constexpr std::uint32_t services_count_min = 3;
constexpr std::uint32_t services_count_max = 40;
constexpr std::size_t version_names_count = 16;  ///< As many as a world has of one artifact.

/// 3 to 40 services, 12 on average; or as many as are ordered.
[[nodiscard]] Setting draw_setting(Rng& rng, const CaseOrder& order);

}  // namespace homeostat::sim::cases
