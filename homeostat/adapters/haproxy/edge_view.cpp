#include "homeostat/adapters/haproxy/edge_view.hpp"

#include <algorithm>
#include <chrono>

namespace homeostat::adapters::haproxy {

namespace {

// SOURCE: HAProxy's management guide, `show servers state`, srv_admin_state and srv_op_state.
constexpr std::uint32_t maintenance_bits = 0x01U | 0x02U | 0x04U | 0x20U | 0x40U;
constexpr std::uint32_t drain_bits = 0x08U | 0x10U;
constexpr std::uint32_t operational_starting = 1;
constexpr std::uint32_t operational_running = 2;

constexpr std::uint64_t unchanged_s_max = 1'000'000'000;  // It is a number from outside.

constexpr std::uint64_t latency_answers_max = 512;  // Measured: edge_view.hpp.

EdgeCounters counters_of(const StatRow& row) {
    EdgeCounters counters;
    const std::uint64_t failures = row.connect_errors_total + row.response_errors_total;
    if (!row.is_http) {
        // A session is all that HAProxy knows; eresp and srv_abrt count the same ends of it.
        counters.requests_total =
            row.sessions_total - std::min(row.sessions_total, row.sessions_now);
        counters.errors_total = failures;
    } else if (row.is_backend) {
        counters.requests_total = row.answers_total;
        counters.errors_total = row.answers_5xx_total + row.server_aborts_total;
    } else {
        counters.requests_total = row.answers_total + failures;
        counters.errors_total = row.answers_5xx_total + failures + row.server_aborts_total;
    }
    counters.retries_total = row.retries_total + row.redispatches_total;
    counters.queue_length = row.queue_now;
    counters.sessions_now = row.sessions_now;
    counters.latency_ms = static_cast<double>(row.queue_ms) + static_cast<double>(row.connect_ms) +
                          static_cast<double>(row.response_ms);
    counters.latency_answers_max = latency_answers_max;
    return counters;
}

/// Maintenance and a weight of zero count as down, not as draining: no Undrain of ours may take
/// back what a person ordered in that way.
Rotation rotation_of(const ServerState& state) {
    if ((state.administrative & maintenance_bits) != 0) {
        return Rotation::down;
    }
    if ((state.administrative & drain_bits) != 0) {
        return Rotation::draining;
    }
    const bool is_up =
        state.operational == operational_running || state.operational == operational_starting;
    return is_up && state.weight > 0 ? Rotation::in : Rotation::down;
}

}  // namespace

Result<BackendView> take_backend(std::string_view& rest, std::string_view backend) {
    const Result<std::vector<StatRow>> rows = take_stat(rest, backend);
    if (!rows) {
        return std::unexpected(rows.error());
    }
    const Result<std::vector<ServerState>> states = take_servers_state(rest, backend);
    if (!states) {
        return std::unexpected(states.error());
    }
    BackendView view;
    std::uint64_t queue_length = 0;
    for (const StatRow& row : *rows) {
        queue_length += row.queue_now;  // Each row has a queue of its own.
        if (row.is_backend) {
            view.counters = counters_of(row);
            continue;
        }
        ServerView server{
            .name = row.name, .counters = counters_of(row), .sessions_max = row.sessions_max};
        const auto state = std::ranges::find(*states, row.name, &ServerState::name);
        if (state != states->end()) {
            server.rotation = rotation_of(*state);
            server.is_in_maintenance = (state->administrative & maintenance_bits) != 0;
            const std::uint64_t seconds = std::min(state->unchanged_s, unchanged_s_max);
            server.unchanged_for = std::chrono::seconds{seconds};
        }
        view.servers.push_back(std::move(server));
    }
    view.counters.queue_length = queue_length;
    return view;
}

const ServerView* find_server(const BackendView& view, std::string_view name) {
    const auto found = std::ranges::find(view.servers, name, &ServerView::name);
    return found == view.servers.end() ? nullptr : &*found;
}

}  // namespace homeostat::adapters::haproxy
