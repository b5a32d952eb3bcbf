#pragma once

// Edge: the proxy in front of the service, whichever the configuration names, or none.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/envoy/admin.hpp"
#include "homeostat/adapters/envoy/options.hpp"
#include "homeostat/adapters/haproxy/options.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/ports/actuator.hpp"
#include "homeostat/ports/dimmer.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace homeostat::app {

/// REQUIRES: config.haproxy. ERRORS: invalid, with the key.
[[nodiscard]] Result<adapters::haproxy::Options> haproxy_options_of(const Config& config);

/// REQUIRES: config.envoy. ERRORS: invalid, with the key.
[[nodiscard]] Result<adapters::envoy::Options> envoy_options_of(const Config& config);

class Edge {
  public:
    /// A process of the agent's role alone gets counters and nothing to act by. ERRORS: as of the
    /// options.
    [[nodiscard]] static Result<std::unique_ptr<Edge>> make(const Config& config,
                                                            boost::asio::any_io_executor executor,
                                                            ProcessRole role = ProcessRole::both);

    /// Null: there is no edge, or we only watch.
    [[nodiscard]] ports::Actuator* actuator() { return actuator_.get(); }

    /// Likewise.
    [[nodiscard]] ports::Dimmer* dimmer() { return dimmer_.get(); }

    /// Adds a source of its counters, if there is an edge: one for each reader, since counters are
    /// differences between two readings. It lives as long as this.
    void add(std::vector<ports::Telemetry*>& sources);

  private:
    explicit Edge(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    boost::asio::any_io_executor executor_;
    std::optional<adapters::haproxy::Options> haproxy_;
    std::unique_ptr<adapters::envoy::Admin> envoy_;
    std::unique_ptr<ports::Actuator> actuator_;
    std::unique_ptr<ports::Dimmer> dimmer_;
    std::vector<std::unique_ptr<ports::Telemetry>> telemetry_;
};

}  // namespace homeostat::app
