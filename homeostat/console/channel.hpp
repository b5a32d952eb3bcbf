#pragma once

// Channel: one webhook that people are told by.
//
// It sends one message at a time, each on a connection of its own, and follows no redirect: who
// answers there does not choose whom we talk to. A receiver by TLS has to prove its name, so that
// a name which leads to another machine gets nothing. The address is a secret, as Slack's is:
// troubles name the host at most.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/console/notice.hpp"
#include "homeostat/console/notice_queue.hpp"
#include "homeostat/console/web_address.hpp"
#include "homeostat/net/tls.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace homeostat::console {

struct Target {
    WebAddress address;
    /// Owned by this and by each connection that began with it. Null: there is no TLS.
    std::shared_ptr<net::TlsContext> tls{};
};

/// With TLS where the address has it. ERRORS: invalid: the authorities, as PEM, cannot be used.
[[nodiscard]] Result<Target> target_of(WebAddress address, const std::string& authorities);

/// What became of one message.
struct Delivery {
    bool is_taken{false};
    bool is_worth_another{false};  ///< The same message may be taken later.
    Duration pause_min{};          ///< As the receiver asks.
    std::string trouble;           ///< Empty: it was taken.
};

[[nodiscard]] Task<Delivery> deliver(boost::asio::any_io_executor executor,
                                     Target target,
                                     std::string body,
                                     Shape shape,
                                     Instant deadline);

/// Asks the receiver's host for "/", which tells nobody: that it can be reached, and proves its
/// name. ERRORS: those of the request.
[[nodiscard]] Task<Result<void>> try_target(boost::asio::any_io_executor executor,
                                            Target target,
                                            Instant deadline);

struct ChannelSettings {
    std::string name;  ///< For the log: "notify[0]".
    Target target;
    Shape shape{Shape::json};
    NoticeLimits limits;
    std::function<void(const std::string&)> log;
};

class Channel {
  public:
    Channel(boost::asio::any_io_executor executor,
            ports::Clock& clock,
            const ServiceId& service,
            ChannelSettings settings);

    /// Never waits and never fails: what there is no room for is summed up.
    void tell(Notice notice);

    /// How much of the ledger all is about that was taken; nothing: all that was told is taken.
    [[nodiscard]] std::optional<std::uint64_t> owed_after() const;

    /// Asks the receiver soon whether it is there, which tells nobody anything.
    void try_path();

    /// Whether messages get through: since when, should the last exchange have begun after `since`.
    /// ERRORS: absent: nothing was exchanged since then yet; unreachable: why they do not, also
    /// where it is there and has not taken the last message.
    [[nodiscard]] Result<void> path_since(Instant since) const;

    /// Sends until `stop`.
    [[nodiscard]] Task<void> run();
    void stop();

    struct State;

  private:
    /// Owned by the channel and by its run.
    std::shared_ptr<State> state_;
};

}  // namespace homeostat::console
