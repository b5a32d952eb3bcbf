#include "homeostat/heal/service_load.hpp"

#include "homeostat/guard/dimming.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace homeostat::heal {

namespace {

constexpr double capacity_is_whole = 0.9;  // Of what is declared: below, something is missing.
constexpr std::uint32_t failing_permille = 500;

std::uint32_t whole(double value, std::uint32_t at_most) {
    return static_cast<std::uint32_t>(std::clamp(value, 0.0, static_cast<double>(at_most)));
}

double capacity_of(const EdgeWindow& window, double declared) {
    double left = declared;
    if (window.latency_ms && window.usual_ms && *window.latency_ms > *window.usual_ms &&
        *window.usual_ms > 0) {
        left *= *window.usual_ms / *window.latency_ms;
    }
    return std::min(declared, std::max(left, window.goodput_per_second()));
}

std::uint32_t level_of(mesh::Need need, std::uint32_t errors_permille) {
    switch (need) {
        case mesh::Need::none:
            return 0;
        case mesh::Need::keep:
            return 1;
        case mesh::Need::more:
            break;
    }
    return errors_permille >= failing_permille ? 3 : 2;
}

}  // namespace

mesh::Load load_of(const EdgeWindow& window,
                   std::uint32_t declared_rps,
                   std::uint32_t floor_rps,
                   const mesh::Limits& limits) {
    constexpr std::uint32_t queue_ms_max = 600'000;
    constexpr std::uint32_t inflight_max = 100'000'000;
    const auto queue = std::chrono::duration<double, std::milli>(window.queue_ms);
    const bool is_struggling =
        queue >= limits.queue_enter || window.errors_permille() >= limits.errors_enter_permille;
    const double declared = declared_rps;
    const double capacity = is_struggling ? std::min(declared, window.goodput_per_second())
                                          : capacity_of(window, declared);
    const bool is_less = capacity < declared * capacity_is_whole;
    mesh::Load load;
    load.capacity_rps = whole(capacity, mesh::rate_max);
    load.need = is_struggling ? mesh::Need::more : (is_less ? mesh::Need::keep : mesh::Need::none);
    load.level = level_of(load.need, window.errors_permille());
    load.queue_ms = whole(window.queue_ms, queue_ms_max);
    load.inflight_count = whole(window.inflight_mean, inflight_max);
    load.floor_rps = floor_rps;
    return load;
}

void Struggles::take(bool is_struggling, std::uint32_t goodput_rps, Instant now) {
    constexpr Duration keep_for = std::chrono::seconds{10};  // Down fast, up slowly.
    constexpr std::uint32_t row_counts = 3;
    constexpr std::size_t row_kept = 3;
    while (!windows_.empty() && now - windows_.front().at >= keep_for) {
        windows_.pop_front();
    }
    if (!is_struggling) {
        row_count_ = 0;
        return;
    }
    if (row_count_ == 1 && !windows_.empty()) {
        windows_.pop_back();
    }
    windows_.push_back({now, goodput_rps});
    row_count_ += 1;
    if (row_count_ >= row_counts) {
        const std::size_t kept = std::min({windows_.size(), std::size_t{row_count_ - 1}, row_kept});
        windows_.erase(windows_.begin(), windows_.end() - static_cast<std::ptrdiff_t>(kept));
    }
}

std::optional<std::uint32_t> Struggles::best_rps() const {
    const auto best = std::ranges::max_element(windows_, {}, &Window::goodput_rps);
    return best == windows_.end() ? std::nullopt : std::optional(best->goodput_rps);
}

mesh::Evidence evidence_of(const EdgeWindow& window) {
    constexpr std::uint32_t ms_max = 600'000;
    constexpr std::uint32_t requests_max = 100'000'000;
    mesh::Evidence evidence;
    evidence.errors_permille = window.errors_permille();
    evidence.queue_ms = whole(window.wait_ms, ms_max);
    evidence.window_ms = std::max(1U, whole(to_ms(window.span), ms_max));
    evidence.requests_count = whole(static_cast<double>(window.requests_count), requests_max);
    return evidence;
}

std::uint32_t permille_over(std::uint32_t rps_max,
                            std::uint32_t calls_rps,
                            std::uint32_t floor_rps) {
    if (calls_rps <= rps_max) {
        return 0;
    }
    const std::uint64_t excess = std::uint64_t{calls_rps} - rps_max;
    const auto over =
        static_cast<std::uint32_t>((excess * permille_max + calls_rps - 1) / calls_rps);
    return std::min(over, guard::permille_above(floor_rps, calls_rps));
}

}  // namespace homeostat::heal
