#pragma once

// EndpointsFile: the file from which Envoy takes a cluster's endpoints (EDS), and the only change
// that we make in it: whether an endpoint is drained.
//
// Everything else in it is the operator's and is written again as it was read: addresses, weights,
// localities, metadata. No endpoint is ever added or left out, so that a file of ours cannot empty
// the cluster. It is JSON with the names of the protocol (`lb_endpoints`, not `lbEndpoints`), one
// ClusterLoadAssignment, and every endpoint has a `hostname` of its own.
//
// Pure. Values only.

#include "homeostat/adapters/envoy/admin_reply.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::envoy {

constexpr JsonLimits endpoints_file_limits{.bytes_max = std::size_t{1} << 20U, .depth_max = 24};

/// What an endpoint is to be.
struct EndpointOrder {
    std::string hostname;
    Order order{Order::serve};  ///< serve or drain.
};

class EndpointsFile {
  public:
    /// ERRORS: invalid, with the place and the mend.
    [[nodiscard]] static Result<EndpointsFile> parse(std::string_view text,
                                                     std::string_view cluster);

    /// Its `version_info`; empty: it has none.
    [[nodiscard]] const std::string& version() const { return version_; }
    /// All of its endpoints, in order, as the file says.
    [[nodiscard]] const std::vector<EndpointOrder>& endpoints() const { return endpoints_; }

    /// The same file under another version, its endpoints as `orders` says. Names that it does not
    /// have, and orders that we never give, change nothing.
    [[nodiscard]] std::string render(std::string_view version,
                                     const std::vector<EndpointOrder>& orders) const;

  private:
    explicit EndpointsFile(json::value document) : document_(std::move(document)) {}

    json::value document_;
    std::string version_;
    std::vector<EndpointOrder> endpoints_;
};

}  // namespace homeostat::adapters::envoy
