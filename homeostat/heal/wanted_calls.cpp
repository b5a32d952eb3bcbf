#include "homeostat/heal/wanted_calls.hpp"

#include "homeostat/mesh/message.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace homeostat::heal {

namespace {

constexpr std::size_t kept_count = 3;

}  // namespace

std::uint32_t calls_before(double passed_rps, double held_permille) {
    // Where nothing passes, nothing can be told; a thousandth is as if little did.
    const double passing = std::max(1.0, permille_max - held_permille);
    return static_cast<std::uint32_t>(
        std::clamp(passed_rps * permille_max / passing, 0.0, double{mesh::rate_max}));
}

void WantedCalls::turn(std::uint32_t permille, Instant until, Instant now) {
    pass_time(now);
    permille_ = permille;
    until_ = until;
}

void WantedCalls::pass_time(Instant now) {
    held_sum_ += permille_ * std::max(0.0, to_seconds(std::min(now, until_) - passed_to_));
    passed_to_ = now;
}

void WantedCalls::take(const EdgeWindow& window, Instant now) {
    pass_time(now);
    const double span_s = to_seconds(window.span);
    // A life's first window may begin later than what it has found in force.
    const double span_held_s = windows_.empty() ? 0 : span_s;
    const double held = span_held_s > 0 ? held_sum_ / span_held_s : permille_;
    held_sum_ = 0;
    windows_.push_back(
        {static_cast<double>(window.arrived_count), span_s, std::min<double>(held, permille_max)});
    if (windows_.size() > kept_count) {
        windows_.pop_front();
    }
}

std::uint32_t WantedCalls::rps_of(const Window& window) {
    return window.span_s > 0
               ? calls_before(window.arrived_count / window.span_s, window.held_permille)
               : 0;
}

std::uint32_t WantedCalls::rps() const {
    return windows_.empty() ? 0 : rps_of(windows_.back());
}

std::uint32_t WantedCalls::most_rps() const {
    Window all;
    double held_sum = 0;
    for (const Window& window : windows_) {
        all.arrived_count += window.arrived_count;
        all.span_s += window.span_s;
        held_sum += window.held_permille * window.span_s;
    }
    all.held_permille = all.span_s > 0 ? held_sum / all.span_s : 0;
    return std::max(rps(), rps_of(all));
}

std::uint32_t WantedCalls::least_rps() const {
    std::uint32_t least = 0;
    for (const Window& window : windows_) {
        const std::uint32_t rps = rps_of(window);
        least = least == 0 || (rps > 0 && rps < least) ? rps : least;
    }
    return least;
}

std::uint32_t WantedCalls::held_permille() const {
    return windows_.empty()
               ? 0
               : static_cast<std::uint32_t>(std::lround(windows_.back().held_permille));
}

}  // namespace homeostat::heal
