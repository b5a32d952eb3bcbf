#pragma once

// EventWriter: what happens to an incident, as Events on the guarded Deployment, where
// `kubectl describe` and every dashboard of the cluster show them.
//
// News and no record: the ledger has everything, an Event is gone after an hour. So nothing waits
// for it. At most so many wait to be written, and the oldest go first; one that the server refuses
// is told of once and left. A reply that was lost is not asked for again: better an Event too few
// than two of one effect.
//
// Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/ports/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

namespace homeostat::adapters::kubernetes {

struct ObjectEvent {
    std::string reason;  ///< A word in upper camel case, as those of the cluster.
    std::string action;  ///< What was done or attempted, a word likewise.
    std::string note;    ///< For people; at most 1,024 bytes are written.
    bool is_warning{false};
    WallTime at{};
};

/// The body of a POST: an Event of events.k8s.io/v1 about the Deployment of that uid.
[[nodiscard]] std::string event_body(const ObjectEvent& event,
                                     const Options& options,
                                     const std::string& uid);

struct EventWriterOptions {
    /// The Deployment's, empty while it is not known; an Event waits for it.
    std::function<std::string()> uid;
    /// Told once of each refusal that is another than the last.
    std::function<void(const std::string&)> log;
    std::size_t waiting_max{64};                      ///< An incident makes about ten.
    std::uint32_t attempts_max{3};                    ///< While nothing was sent.
    Duration answer_within{std::chrono::seconds{5}};  ///< For one of them.
    Duration pause{std::chrono::seconds{2}};          ///< Between them, or what the server asks.
    Duration pause_max{std::chrono::seconds{30}};     ///< Whatever the server asks.
    Duration look_every{std::chrono::milliseconds{500}};  ///< For a new one: news may be as late.
};

class EventWriter {
  public:
    /// REQUIRES: the first three outlive it.
    EventWriter(ApiClient& api,
                ports::Clock& clock,
                const Options& place,
                EventWriterOptions options);

    /// Never waits.
    void tell(ObjectEvent event);

    /// Writes until stop(). Once, in a task of its own.
    Task<void> run();
    void stop() { is_stopping_ = true; }

    [[nodiscard]] std::size_t waiting_count() const { return waiting_.size(); }

  private:
    Task<void> write_first(std::string uid);
    /// Whether the server is done with the Event; else it may be sent again.
    [[nodiscard]] bool is_settled(const Result<ApiReply>& reply);
    void note(std::string trouble);

    ApiClient& api_;
    ports::Clock& clock_;
    const Options& place_;
    EventWriterOptions options_;
    std::deque<ObjectEvent> waiting_;
    std::string trouble_;  ///< Told last; empty: the last one was written.
    bool is_stopping_{false};
};

}  // namespace homeostat::adapters::kubernetes
