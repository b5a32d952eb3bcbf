#pragma once

// PledgeServer: an agent of the mesh behind HTTP, and the doors by which a test tells it of the
// world and sees what it is in (tests/pledges/README.md).
//
// It drives `mesh::Agent` itself: what a test tells are windows and orders obeyed, and production's
// role makes these of an edge's counters and of its dimmers.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/peers/peer_links.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/mesh/mesh.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/sim/sut/pledge_config.hpp"
#include "homeostat/sim/sut/pledge_plane.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <string_view>

namespace homeostat::sim::sut {

class PledgeServer {
  public:
    /// `stored_epoch`: see mesh::Agent. The one after it is durable already.
    PledgeServer(boost::asio::any_io_executor executor,
                 PledgeConfig config,
                 std::uint64_t stored_epoch);

    /// Tells the agent what its data plane is in, and wakes it from then on until `stop`.
    Task<void> run();
    void stop();

    [[nodiscard]] net::HttpResponse answer(const net::HttpRequest& request);

  private:
    /// One event, and the answers of the data plane to what comes of it.
    std::optional<mesh::Discard> take(mesh::Event event);
    [[nodiscard]] net::HttpResponse hear(const std::string& bytes);
    [[nodiscard]] Result<void> tell(std::string_view path, std::string_view text);
    [[nodiscard]] Result<void> tell_looked(const json::value& value);
    [[nodiscard]] Result<void> tell_load(const json::value& value);
    [[nodiscard]] Result<void> tell_condition(const json::value& value);
    [[nodiscard]] Result<void> tell_data_plane(const json::value& value);
    [[nodiscard]] Result<void> tell_intend(const json::value& value);
    [[nodiscard]] Result<void> tell_working(const json::value& value);
    [[nodiscard]] json::value describe() const;
    [[nodiscard]] json::value describe(const mesh::Provider& provider, Instant now) const;

    PledgeConfig config_;
    mesh::Agent agent_;
    PledgePlane plane_;
    adapters::peers::PeerLinks links_;
    boost::asio::steady_timer timer_;
    bool is_stopping_{false};
};

}  // namespace homeostat::sim::sut
