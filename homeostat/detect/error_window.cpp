#include "homeostat/detect/error_window.hpp"

#include <algorithm>
#include <chrono>
#include <ranges>

namespace homeostat::detect {

namespace {

/// Readings come several times a second. A sample of so long a time is of one that nobody looked
/// at: what it counts was never judged, and may be the beginning of a fault.
constexpr Duration unseen_for_min = std::chrono::seconds{5};

/// Errors of the window outside of the worst stretch of `burst_max`.
std::uint64_t errors_beside_burst(const std::vector<ErrorSample>& samples, Duration burst_max) {
    std::uint64_t all = 0;
    std::uint64_t worst = 0;
    for (std::size_t first = 0; first < samples.size(); ++first) {
        all += samples[first].errors;
        std::uint64_t stretch = 0;
        for (std::size_t index = first; index < samples.size(); ++index) {
            // In doubt for the burst: an error may have come at the end nearer to it.
            if (samples[index].begin_at - samples[first].end_at >= burst_max) {
                break;
            }
            stretch += samples[index].errors;
        }
        worst = std::max(worst, stretch);
    }
    return all - worst;
}

}  // namespace

void add_sample(ErrorWindow& window, std::uint64_t requests, Instant at) {
    window.samples.push_back({window.last_at.value_or(at), at, requests, 0});
    window.last_at = at;
    if (window.samples.size() > error_samples_max) {
        window.samples.erase(window.samples.begin());
    }
}

void forget_before(ErrorWindow& window, Instant begin_at, const UsualErrorLimits& limits) {
    auto& samples = window.samples;
    while (!samples.empty() && samples.front().begin_at < begin_at) {
        const ErrorSample& sample = samples.front();
        const Duration seen_for = sample.end_at - sample.begin_at;
        const bool was_calm = !window.learns_from || sample.begin_at >= *window.learns_from;
        if (was_calm && seen_for < unseen_for_min) {
            learn(window.usual, sample.errors, sample.requests, seen_for, limits);
        }
        samples.erase(samples.begin());
    }
}

ErrorFinding judge(const ErrorWindow& window, const ErrorLimits& limits) {
    ErrorFinding finding;
    for (const ErrorSample& sample : window.samples) {
        if (sample.errors > 0 && finding.errors == 0) {
            finding.began_at = sample.begin_at;
        }
        finding.errors += sample.errors;
        finding.requests += sample.requests;
    }
    if (finding.requests > 0) {
        finding.ratio = std::min(
            1.0, static_cast<double>(finding.errors) / static_cast<double>(finding.requests));
    }
    // The dear tests come last; most windows of an ordinary day end at the first.
    finding.is_symptom = finding.errors >= limits.errors_min && finding.ratio >= limits.ratio_min &&
                         is_unusual(window.usual, finding.errors, finding.requests, limits.usual) &&
                         errors_beside_burst(window.samples, limits.burst_max) > 0;
    return finding;
}

bool is_calm(const ErrorWindow& window, Duration calm_for, const UsualErrorLimits& limits) {
    Duration seen_for{};
    double errors = 0;
    double requests = 0;
    for (const ErrorSample& sample : std::views::reverse(window.samples)) {
        if (sample.requests == 0) {
            continue;
        }
        seen_for += sample.end_at - sample.begin_at;
        errors += static_cast<double>(sample.errors);
        requests += static_cast<double>(sample.requests);
        if (seen_for >= calm_for) {
            return errors <= requests * usual_ratio(window.usual, limits);
        }
    }
    return false;
}

}  // namespace homeostat::detect
