#pragma once

// HaproxyActuator: takes an instance out of rotation and puts it back, opens and closes the
// circuits of neighbours, sends the reads of caches to their source and back, and says how all of
// these stand.
//
// A step is looked at before and after. Before: an instance that is in rotation already needs no
// command, one that is drained already is somebody else's to put back, and a server that a person
// has put into maintenance is left alone (HAProxy would let a drain, or a ready, lift it). After:
// only what HAProxy reports then is done. In between, a HAProxy that hangs still carries the
// command out when it goes on, even after we have hung up; so a command that was sent and not
// answered is unknown for longer than its deadline, and only reading the world says what became of
// it. Even that can come too early: a HAProxy that goes on may answer a question before it carries
// out an older command of another connection. So after such a command the first answer is thrown
// away.
//
// The state lives in HAProxy's memory: a restart of HAProxy puts every instance back and closes
// every circuit and route. One that nobody closes ends with the `expire` of its stick table;
// neither traffic nor our looking at it makes it last longer.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/haproxy/options.hpp"
#include "homeostat/adapters/haproxy/runtime_socket.hpp"
#include "homeostat/ports/actuator.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <string>

namespace homeostat::adapters::haproxy {

class HaproxyActuator final : public ports::Actuator {
  public:
    /// REQUIRES: check(options) found nothing.
    HaproxyActuator(boost::asio::any_io_executor executor, Options options);

    [[nodiscard]] bool performs(const Step& step) const override;

    /// done: read back. refused: nothing was sent, or HAProxy said no. unknown: sent, not answered.
    Task<Outcome> perform(Request request, Instant deadline) override;

    /// EdgeFacts with every configured instance; one that HAProxy does not know is `unknown`. A
    /// circuit or a route whose stick table HAProxy does not have is left out.
    Task<Result<FactsPart>> read(Instant deadline) override;

  private:
    struct Goal;

    [[nodiscard]] Task<Outcome> reach(Goal goal, Instant deadline);
    [[nodiscard]] Task<Outcome> turn(TableSwitch own, bool is_on, Instant deadline);
    [[nodiscard]] Task<Result<void>> settle(Instant deadline);
    [[nodiscard]] Task<Result<ServerView>> look_at(std::string server, Instant deadline) const;
    [[nodiscard]] Task<Result<bool>> look_at(TableSwitch of, Instant deadline) const;

    Options options_;
    RuntimeSocket socket_;
    bool is_unsettled_{false};  ///< The fate of the last command is not known.
};

}  // namespace homeostat::adapters::haproxy
