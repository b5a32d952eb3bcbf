#include "homeostat/heal/edge_windows.hpp"

#include <algorithm>
#include <variant>

namespace homeostat::heal {

namespace {

constexpr double permille = 1'000;
constexpr double ms_per_second = 1'000;

}  // namespace

double EdgeWindow::requests_per_second() const {
    const double seconds = to_seconds(span);
    return seconds > 0 ? static_cast<double>(requests_count) / seconds : 0;
}

double EdgeWindow::goodput_per_second() const {
    const double seconds = to_seconds(span);
    return seconds > 0 ? static_cast<double>(requests_count - errors_count) / seconds : 0;
}

std::uint32_t EdgeWindow::errors_permille() const {
    return requests_count == 0
               ? 0
               : static_cast<std::uint32_t>(static_cast<double>(errors_count) * permille /
                                            static_cast<double>(requests_count));
}

void UsualLatency::take(double latency_ms, const EdgeWindowLimits& limits) {
    constexpr double pace = 0.1;            // A dozen windows.
    constexpr double pace_slower = 0.0003;  // An hour of them.
    figures_count_ += figures_count_ < figures_min ? 1 : 0;
    if (figures_count_ < figures_min || ms_ == 0) {
        ms_ += (latency_ms - ms_) / figures_count_;
        return;
    }
    const bool is_slower =
        latency_ms > ms_ * limits.excess_factor && latency_ms > ms_ + limits.excess_ms_min;
    ms_ += (latency_ms - ms_) * (is_slower ? pace_slower : pace);
}

std::optional<double> UsualLatency::ms() const {
    return figures_count_ < figures_min ? std::nullopt : std::optional(ms_);
}

void EdgeWindows::take(std::span<const Reading> readings, Instant now) {
    for (const Reading& reading : readings) {
        const auto* edge = std::get_if<EdgeReading>(&reading);
        if (edge == nullptr) {
            continue;
        }
        const std::uint64_t under_way = edge->counters.sessions_now;  // Those that wait, too.
        Open& open =
            open_.try_emplace(edge->subject, Open{.since = now, .under_way_before = under_way})
                .first->second;
        open.under_way = under_way;
        open.waiting_sum += static_cast<double>(edge->counters.queue_length);
        open.inflight_sum += static_cast<double>(under_way);
        open.looks_count += 1;
    }
    for (const Signal& signal : sense::signals_of(sense_, readings, now)) {
        const auto found = open_.find(signal.subject);
        if (signal.observer != Observer::edge || found == open_.end()) {
            continue;
        }
        Open& open = found->second;
        if (signal.kind == SignalKind::requests_count) {
            open.requests_count += static_cast<std::uint64_t>(signal.value);
        } else if (signal.kind == SignalKind::errors_count) {
            open.errors_count += static_cast<std::uint64_t>(signal.value);
        } else if (signal.kind == SignalKind::latency_ms) {
            open.latency_sum += signal.value;
            open.latencies_count += 1;
        }
    }
}

std::map<Subject, EdgeWindow> EdgeWindows::close(Instant now) {
    std::map<Subject, EdgeWindow> closed;
    for (auto& [subject, open] : open_) {
        const Duration span = now - open.since;
        const bool has_enough = open.requests_count >= limits_.requests_min;
        if (open.looks_count > 0 &&
            (span >= limits_.span_max || (span >= limits_.span_min && has_enough))) {
            closed.emplace(subject, window_of(subject, open, now));
            open = Open{.since = now, .under_way_before = open.under_way};
        }
    }
    return closed;
}

EdgeWindow EdgeWindows::window_of(const Subject& subject, const Open& open, Instant now) {
    EdgeWindow window;
    window.span = now - open.since;
    window.requests_count = open.requests_count;
    window.errors_count = std::min(open.errors_count, open.requests_count);
    const std::uint64_t begun = open.requests_count + open.under_way;
    window.arrived_count = begun - std::min(begun, open.under_way_before);
    UsualLatency& usual = usual_[subject];
    window.usual_ms = usual.ms();
    // Little's law: who waits at the edge, over how many leave it in a second.
    const double waiting = open.waiting_sum / open.looks_count;
    const double rate = std::max(1.0, window.requests_per_second());
    window.queue_ms = waiting * ms_per_second / rate;
    window.wait_ms = window.queue_ms;
    window.inflight_mean = open.inflight_sum / open.looks_count;
    if (open.latencies_count > 0) {
        latest_[subject] = {open.latency_sum / open.latencies_count, now};
        usual.take(latest_.at(subject).ms, limits_);
    }
    const auto latest = latest_.find(subject);
    if (latest != latest_.end() && now - latest->second.at <= limits_.latency_holds_for) {
        window.latency_ms = latest->second.ms;
        const double excess = window.usual_ms ? *window.latency_ms - *window.usual_ms : 0;
        const bool is_slow = excess >= limits_.excess_ms_min &&
                             *window.latency_ms >= *window.usual_ms * limits_.excess_factor;
        window.wait_ms = is_slow ? std::max(window.wait_ms, excess) : window.wait_ms;
    }
    return window;
}

}  // namespace homeostat::heal
