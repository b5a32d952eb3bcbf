#pragma once

// ServiceEdge: the cluster's Service as the edge of what stands behind it.
//
// Such an edge keeps no counters that we could read, and nothing of it can be drained: whether a
// pod gets requests the Service's EndpointSlices say or, where we may not read them, its readiness.
// So the counters here are not
// of users' requests: they are made of requests of our own, one GET each 100 ms through the
// Service's address on a fresh connection. What hits only some users' requests, or other paths, is
// not in them, and a fault of one pod among many shows only as often as one of ours happens to meet
// it. own_requests.hpp says which of them count.
//
// Requests go on whether or not the API server answers; so does one whose address was found once.
// An address is looked up again when it leads to nobody any more, since a Service that was made
// anew has another.
//
// Before an effect, rotation is read by fresh lists (direct_reads.hpp), whatever the watches say.
//
// A Service that sends to nobody, though pods have been ready for longer than the cluster needs to
// say so, is at fault itself. What is ready stays protected then as if it were in rotation: it
// serves as soon as somebody mends the Service.
//
// Not thread-safe; lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/endpoint_slices.hpp"
#include "homeostat/adapters/kubernetes/group.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/ports/actuator.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::kubernetes {

struct ServiceEdgeOptions {
    /// Where the Service is reached; absent: at its cluster IP, which the API server is asked for.
    std::optional<net::Endpoint> endpoint{};
    std::string port{};     ///< Of its TCP ports, by name or number; empty: the only one.
    std::string path{"/"};  ///< Of the GET. It should do what users need, and change nothing.
    Duration every{std::chrono::milliseconds{100}};     ///< Four errors in 0.4 s, and little load.
    Duration timeout{std::chrono::seconds{1}};          ///< Of one request.
    Duration interval{std::chrono::milliseconds{100}};  ///< Of the readings.
    std::function<void(const std::string&)> log{};  ///< Troubles that begin and end. Not blocking.
    EndpointSlices* slices{nullptr};  ///< Outlives it. Null: rotation follows from readiness.
};

class ServiceEdge final : public ports::Actuator {
  public:
    /// REQUIRES: `api`, `group` and `clock` outlive it and its requests.
    ServiceEdge(boost::asio::any_io_executor strand,
                ApiClient& api,
                Group& group,
                ports::Clock& clock,
                ServiceEdgeOptions options);
    ServiceEdge(const ServiceEdge&) = delete;
    ServiceEdge& operator=(const ServiceEdge&) = delete;
    ServiceEdge(ServiceEdge&&) = delete;
    ServiceEdge& operator=(ServiceEdge&&) = delete;
    ~ServiceEdge() override;

    /// Asks until stop(), and ends when the last request has. Once, in a task of its own.
    Task<void> run();
    void stop();

    /// None: there is nothing to turn.
    [[nodiscard]] bool performs(const Step& step) const override;
    Task<Outcome> perform(Request request, Instant deadline) override;

    /// EdgeFacts: of every slot whether its pod is sent to, as the server says now; an empty one is
    /// down. ERRORS: as of DirectReads::group; those of a list of slices that we may read.
    Task<Result<FactsPart>> read(Instant deadline) override;

    /// The same as the watches tell it; nothing is asked of the server.
    Task<Result<FactsPart>> glance(Instant deadline) override;

    /// What is known now, without asking. Of the instances nothing where the watches tell nothing.
    [[nodiscard]] EdgeReading reading() const;

    /// How many pods are ready in vain, as the Service sends to nobody. 0: none, or it is not
    /// known.
    [[nodiscard]] std::uint32_t unreached_count() const;

    [[nodiscard]] Duration interval() const;

    /// Why there is nothing to count; nothing: there is, or it is too early to say.
    [[nodiscard]] const std::optional<Error>& trouble() const;

    struct State;

  private:
    /// Owned by this object and by each request under way: when an io_context is destroyed, frames
    /// that still wait in it are destroyed after this object.
    std::shared_ptr<State> state_;
};

/// The same for `detect`: totals, so that each reader makes its own differences of them.
class ServiceEdgeTelemetry final : public ports::Telemetry {
  public:
    /// REQUIRES: `edge` outlives it.
    ServiceEdgeTelemetry(const ServiceEdge& edge, const ServiceId& service);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return edge_.interval(); }

    /// One EdgeReading. That nothing was counted is told by ServiceEdgeOptions::log and no error
    /// here: the rotation of the instances is still worth knowing. And an ObstacleReading whenever
    /// another number of pods is ready in vain.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    const ServiceEdge& edge_;
    ServiceId service_;
    std::string name_;
    std::uint32_t unreached_count_{0};  ///< As told last.
};

}  // namespace homeostat::adapters::kubernetes
