#pragma once

// EdgeView: one cluster as Envoy sees it, in our words.
//
// Which counters are errors was measured on Envoy 1.40.0, a cluster over HTTP/1.1
// (tests/conformance/envoy_counters_test.cpp does it again):
//
//   what happened                          cluster's counters          endpoint's counters
//   the service answers 5xx                completed, 5xx              rq_error
//   no reply before the route's timeout    completed, 5xx, timeout     rq_error, rq_timeout
//   closed before a header: 503            completed, 5xx              rq_error
//   rubbish before a header: 502           completed, 5xx, protocol    rq_error
//   cut in the body after a good header    completed, 2xx, protocol    rq_success
//   hangs in the body                      completed, 2xx, timeout     rq_success, rq_timeout
//   refused, given to another one: 200     completed, 2xx, retry       rq_error at the refusing one
//   no endpoint in rotation: 503           completed, 5xx              nothing
//   too many wait: 503                     completed, 5xx              nothing
//   the client gives up waiting            nothing                     nothing
//
// So 5xx holds what Envoy answers itself, and a reply that ends badly in its body is seen only as a
// timeout that made no 504 or as a protocol error that made no 502 and no retry. The difference is
// a floor: where the service itself answers 502 or 504, some such replies go uncounted. It is never
// more than what clients saw, and it never falls.
//
// Latency is `upstream_rq_time`, from the request to the end of the reply, as trailing_mean.hpp
// makes it. Envoy gives its times by cluster only: of a single endpoint no latency can be had here,
// and a latency of zero confirms nobody's slowness. The times of a look are merged after the one
// before it (`stats_flush_on_admin`), so they trail the counts by one look.
//
// Since when an endpoint stands as it does, Envoy does not say.
//
// Pure. Values only.

#include "homeostat/adapters/envoy/admin_reply.hpp"
#include "homeostat/domain/reading.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::envoy {

struct HostView {
    std::string hostname;
    EdgeCounters counters;
    Order order{Order::serve};
    Rotation rotation{Rotation::unknown};
};

struct ClusterView {
    EdgeCounters counters;  ///< Without its latency: that needs the look before.
    std::vector<HostView> hosts;
    AnswerTotals answers;
    std::optional<std::string> version;  ///< Of the endpoints file that Envoy has loaded.
    std::uint64_t rejected_total{0};     ///< Endpoints files that Envoy refused.
};

[[nodiscard]] ClusterView to_view(const ClusterHosts& hosts, const ClusterStats& stats);

/// Null: no endpoint of that name. Of two with one name neither can be told from the other: null.
[[nodiscard]] const HostView* find_host(const ClusterView& view, std::string_view hostname);

[[nodiscard]] std::uint32_t answering_count(const ClusterView& view);

}  // namespace homeostat::adapters::envoy
