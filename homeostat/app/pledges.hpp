#pragma once

// Pledges: the part of an agent that talks to its neighbours, wired from the configuration: the
// door that they come in by, the links to them, and the role that keeps what was promised.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/a2a/door.hpp"
#include "homeostat/adapters/peers/peer_links.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/app/edge.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/pledge_role.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/ports/mode_board.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace homeostat::app {

/// What the agent has that pledges need. All of it outlives them.
struct PledgesContext {
    boost::asio::any_io_executor executor;
    ports::Clock& clock;
    ports::KillSwitch& kill_switch;
    heal::ExecutorRole& role;
    Edge& edge;  ///< There is one where a mesh is configured.
    std::function<std::string()> unwitnessed;
    std::function<void(const std::string&)> log;
};

class Pledges {
  public:
    /// REQUIRES: config.mesh. Makes the key if there is none, and begins an epoch.
    /// ERRORS: of the files, with their key; invalid: what the mesh objects to.
    [[nodiscard]] static Result<std::unique_ptr<Pledges>> make(const Config& config,
                                                               PledgesContext context);

    /// Hears neighbours from now on. ERRORS: of the address, with its key.
    [[nodiscard]] Result<void> listen();

    Task<void> run() { return role_->run(); }
    Task<void> stop(Instant deadline);

    [[nodiscard]] const heal::PledgeRole& role() const { return *role_; }

  private:
    explicit Pledges(const Config& config) : config_(config) {}
    [[nodiscard]] adapters::a2a::Desk desk();
    Task<net::HttpResponse> answer(net::HttpRequest request);

    const Config& config_;
    std::vector<ports::Telemetry*> windows_;  ///< The edge once more: the role has its own look.
    std::unique_ptr<adapters::peers::PeerLinks> links_;
    std::unique_ptr<ports::ModeBoard> board_;
    std::unique_ptr<heal::PledgeRole> role_;
    std::unique_ptr<adapters::a2a::Door> door_;
    std::unique_ptr<net::HttpServer> server_;
};

}  // namespace homeostat::app
