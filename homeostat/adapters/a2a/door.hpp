#pragma once

// Door: the outer door of an agent, A2A over HTTP. It awaits what reply.hpp decides.
//
// A task that somebody follows or waits for is looked at again every few milliseconds: the desk
// then need not know who listens, and a listener that is gone leaves nothing behind.
//
// Not thread-safe; lives on the strand of its executor. The server is stopped before the desk goes.

#include "homeostat/adapters/a2a/card.hpp"
#include "homeostat/adapters/a2a/desk.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/net/http_server.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace homeostat::adapters::a2a {

struct DoorSettings {
    CardSettings card;
    std::string life;  ///< Of this process, for the names of what it says: an epoch, say.
    Duration look_every{std::chrono::milliseconds{25}};  ///< Far less than a person notices.
    Duration wait_for_max{
        std::chrono::seconds{30}};  ///< For a task to rest; then it is told as is.
};

/// What the server of a door is given: the headers that the door reads, and few bytes.
[[nodiscard]] net::HttpServerLimits door_limits();

class Door {
  public:
    Door(boost::asio::any_io_executor executor, const DoorSettings& settings, Desk desk);

    /// For an HttpServer with door_limits().
    [[nodiscard]] Task<net::HttpResponse> answer(net::HttpRequest request);

    struct State;

  private:
    /// Owned by the door and by each reply that takes time.
    std::shared_ptr<State> state_;
};

}  // namespace homeostat::adapters::a2a
