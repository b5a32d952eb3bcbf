#pragma once

// OwnRequests: what became of our own requests through a Service, as an edge's counters.
//
// Behind each error that is counted stand two kinds of observers. An answer 5xx and a refused
// connection are words of the other side about itself. A request that got neither may have been
// lost by our own network, so it counts only where the cluster itself says that no pod is ready;
// else it is left out altogether: as a good one it would hide what is wrong, as a bad one it would
// blame a service for our cable. Where nobody ought to serve nothing counts.
//
// The mean of latency decays over the last answers as a proxy keeps it, so that `sense` computes
// an interval's figure back from it (sense/edge_mean.hpp).
//
// Pure. Not thread-safe.

#include "homeostat/adapters/kubernetes/group_view.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/reading.hpp"
#include "homeostat/net/http_message.hpp"

#include <cstdint>
#include <optional>

namespace homeostat::adapters::kubernetes {

struct OwnRequest {
    enum class End : std::uint8_t {
        answered,  ///< By a whole HTTP answer.
        refused,   ///< Somebody is there, and nothing listens.
        nothing,   ///< No answer in time, or one that was cut.
    };
    End end{End::nothing};
    int status{0};       ///< Of an answer.
    Duration latency{};  ///< Likewise.
};

/// What became of a request that was to end within `timeout`; nothing: we are the ones who failed,
/// and it says nothing of anybody.
[[nodiscard]] std::optional<OwnRequest> own_request_of(const Result<net::HttpResponse>& response,
                                                       Duration latency,
                                                       Duration timeout);

class OwnRequests {
  public:
    /// At ten a second a figure spans 2 s; of these 20 answers the mean has forgotten half of what
    /// was before, so that rounding to 1 ms is 2 ms of it.
    static constexpr std::uint64_t answers_max = 32;

    /// `readiness`: as the request ended. Says whether it counts.
    bool note(const OwnRequest& request, Readiness readiness);

    [[nodiscard]] const EdgeCounters& counters() const { return counters_; }

  private:
    EdgeCounters counters_{.latency_answers_max = answers_max};
    std::uint64_t answers_count_{0};
};

}  // namespace homeostat::adapters::kubernetes
