#pragma once

// Peers: carries signed messages to the agents of neighbouring services.
//
// A message that cannot be delivered is lost and nobody is told: the protocol answers with messages
// of its own, and every step of it can be repeated.

#include <string>
#include <string_view>

namespace homeostat::ports {

class Peers {
  public:
    virtual ~Peers() = default;

    /// Sends in the order of the calls to each neighbour. Does not block and never throws; what
    /// waits is bounded, and the oldest goes first where there is too much.
    virtual void send(std::string_view neighbour, std::string message) = 0;
};

}  // namespace homeostat::ports
