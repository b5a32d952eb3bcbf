#include "homeostat/adapters/envoy/edge_view.hpp"

#include <algorithm>

namespace homeostat::adapters::envoy {

namespace {

std::uint64_t left_of(std::uint64_t count, std::uint64_t explained) {
    return count - std::min(count, explained);
}

EdgeCounters counters_of(const ClusterStats& stats) {
    EdgeCounters counters;
    counters.requests_total = stats.completed_total;
    const std::uint64_t hung_count = left_of(stats.timeouts_total, stats.answers_504_total);
    const std::uint64_t cut_count =
        left_of(stats.protocol_errors_total, stats.answers_502_total + stats.retries_total);
    counters.errors_total = stats.answers_5xx_total + hung_count + cut_count;
    counters.retries_total = stats.retries_total;
    counters.queue_length = stats.pending_now;
    counters.sessions_now = stats.active_now + stats.pending_now;  // As at HAProxy's backend.
    counters.latency_answers_max = TrailingMean::answers_max;
    return counters;
}

EdgeCounters counters_of(const HostReply& host) {
    EdgeCounters counters;
    counters.requests_total = host.success_total + host.error_total;
    counters.errors_total = host.error_total;
    counters.queue_length = host.pending_now;
    counters.sessions_now = host.active_now;
    return counters;
}

/// UNHEALTHY and its kind count as down, not as draining: no Undrain of ours may take back what a
/// person ordered in that way.
Rotation rotation_of(const HostReply& host) {
    if (host.order == Order::drain) {
        return Rotation::draining;
    }
    return host.order == Order::serve && !host.is_failing ? Rotation::in : Rotation::down;
}

}  // namespace

ClusterView to_view(const ClusterHosts& hosts, const ClusterStats& stats) {
    ClusterView view;
    view.counters = counters_of(stats);
    view.answers = stats.answers;
    view.version = stats.version;
    view.rejected_total = stats.rejected_total;
    for (const HostReply& host : hosts.hosts) {
        view.hosts.push_back({host.hostname, counters_of(host), host.order, rotation_of(host)});
    }
    return view;
}

const HostView* find_host(const ClusterView& view, std::string_view hostname) {
    if (std::ranges::count(view.hosts, hostname, &HostView::hostname) != 1) {
        return nullptr;
    }
    return &*std::ranges::find(view.hosts, hostname, &HostView::hostname);
}

std::uint32_t answering_count(const ClusterView& view) {
    return static_cast<std::uint32_t>(
        std::ranges::count(view.hosts, Rotation::in, &HostView::rotation));
}

}  // namespace homeostat::adapters::envoy
