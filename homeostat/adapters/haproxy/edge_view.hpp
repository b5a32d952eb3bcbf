#pragma once

// EdgeView: one backend as HAProxy sees it, in our words.
//
// Which counters are errors was measured on HAProxy 2.6.12, ten requests of each kind, counters
// cleared before (tests/conformance/haproxy_counters_test.cpp does it again):
//
//   what happened                          backend's row            server's row
//   the service answers 5xx                5xx                      5xx, answered
//   no reply before `timeout server`: 504  5xx, eresp               eresp; not answered
//   closed or rubbish before a header: 502 5xx, eresp               eresp; not answered
//   cut in the body after a good header    2xx, eresp, srv_abrt     2xx, eresp, srv_abrt
//   hangs in the body                      2xx, srv_abrt            2xx, srv_abrt
//   refused, given to another server: 200  wredis                   wredis
//   refused everywhere: 503                5xx, econ, wredis        econ on the last one tried
//   no server in rotation: 503             5xx, econ                nothing
//   waited too long in the queue: 503      5xx, econ                nothing
//   the client sends rubbish: 400          nothing (frontend only)  nothing
//   the client gives up waiting            2xx when the service has answered, else still running
//
// So at the backend 5xx already holds eresp and econ, HAProxy's own answers included, and only a
// reply that ends in its body is missing: errors = 5xx + srv_abrt. At a server HAProxy's own
// answers are not counted, and its req_tot leaves out requests without a header: errors = 5xx +
// econ + eresp + srv_abrt, of req_tot + econ + eresp requests. A reply cut in its body counts twice
// there; servers are compared with each other, and a backend's share is exact. cli_abrt is no
// error: the client left. dreq, dresp and 4xx are decisions about a client, not faults of the
// service. A client that gives up before the service answers is invisible here; the journey probe
// sees it.
//
// Latency is qtime + ctime + rtime: from the request to the header of the reply, without the time
// that a slow client takes to receive it (ttime holds that). HAProxy keeps each as a mean that
// decays over the last 512 answers (its manual says 1024; measured: 18 ms after 1200 answers of
// 0 ms and 100 of 100 ms) in whole milliseconds. Requests that were never answered are not in it.
// There is no sum of times, so no figure of one interval can be had here; `sense` computes it back
// from two readings and the count of requests between them. The *_max columns never fall again and
// say nothing of now.
//
// Whether a server gets requests is read from `show servers state`: the status of `show stat` hides
// a drain of a server that is down, and a weight of zero.
//
// Who drained a server HAProxy does not know. Since when nothing of its state has changed it does,
// in whole seconds (`srv_time_since_last_change`; measured on 2.6.12, haproxy_test.cpp does it
// again): a drain, a ready and a maintenance begin it anew, also while the server is down, and so
// does every change between up and down, drained or not. To drain what is drained, another weight
// and checks switched off do not. So a drain began then or earlier, never later.
//
// Pure. Values only.

#include "homeostat/adapters/haproxy/runtime_reply.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/reading.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::haproxy {

struct ServerView {
    std::string name;
    EdgeCounters counters;
    Rotation rotation{Rotation::unknown};
    std::uint64_t sessions_max{0};  ///< Its `maxconn`: what is over it queues. 0: it has none.
    bool is_in_maintenance{false};  ///< By a person's order; ours is only ever a drain.
    std::optional<Duration> unchanged_for{};  ///< Its rotation and its checks; to a second.
};

struct BackendView {
    EdgeCounters counters;
    std::vector<ServerView> servers;
};

/// Takes the replies to `show stat B 6 -1;show servers state B` off the front of `rest`.
/// ERRORS: absent (no such backend), broken.
[[nodiscard]] Result<BackendView> take_backend(std::string_view& rest, std::string_view backend);

[[nodiscard]] const ServerView* find_server(const BackendView& view, std::string_view name);

}  // namespace homeostat::adapters::haproxy
