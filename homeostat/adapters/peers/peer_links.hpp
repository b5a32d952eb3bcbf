#pragma once

// PeerLinks: signed messages to the agents of neighbours, each over one kept HTTP connection.
//
// POST /v1/pledges, one message a request, one request at a time, so that messages arrive in the
// order in which they were sent. A message that the neighbour does not take within its deadline is
// lost; what has waited behind it for too long is not sent any more. Nothing is tried twice: the
// protocol above repeats what matters.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/ports/peers.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace homeostat::adapters::peers {

/// Where pledges are heard, at every agent.
constexpr std::string_view pledges_path = "/v1/pledges";

struct LinkLimits {
    std::size_t waiting_max{64};  ///< Messages per neighbour; the oldest goes first.
    /// Of one request. A neighbour that stands still must not make the next message late for long.
    Duration request_for_max{std::chrono::milliseconds{250}};
    Duration waiting_for_max{std::chrono::seconds{1}};  ///< No kind of message is valid longer.
};

class PeerLinks final : public ports::Peers {
  public:
    /// `neighbours`: by the name of the agent. `log` takes a line when a neighbour is not reached,
    /// and one when it is again.
    PeerLinks(boost::asio::any_io_executor executor,
              const std::map<std::string, net::Endpoint>& neighbours,
              std::function<void(const std::string&)> log,
              LinkLimits limits = {});
    ~PeerLinks() override;
    PeerLinks(const PeerLinks&) = delete;
    PeerLinks& operator=(const PeerLinks&) = delete;
    PeerLinks(PeerLinks&&) = delete;
    PeerLinks& operator=(PeerLinks&&) = delete;

    void send(std::string_view neighbour, std::string message) override;

    struct Link;

  private:
    /// Owned by this and by the request under way: frames may outlive us in their io_context.
    std::map<std::string, std::shared_ptr<Link>, std::less<>> links_;
};

}  // namespace homeostat::adapters::peers
