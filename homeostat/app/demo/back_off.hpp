#pragma once

// CrashBackOff: when a process that has ended may be started again, as the kubelet has it.
//
// The first start is at once, the next waits 10 s from the end, and each further one twice as long,
// up to five minutes. An end that comes ten minutes or more after the last start begins anew.
// SOURCE: kubernetes.io, Pod Lifecycle, "How Pods handle problems with containers".
//
// Pure.

#include "homeostat/base/time.hpp"

#include <optional>

namespace homeostat::app::demo {

struct CrashBackOffLimits {
    Duration first{std::chrono::seconds{10}};
    Duration longest{std::chrono::minutes{5}};
    Duration forgotten_after{std::chrono::minutes{10}};
};

class CrashBackOff {
  public:
    explicit CrashBackOff(CrashBackOffLimits limits = {}) : limits_(limits) {}

    /// When a process that ended at `ended_at` is to be started; counts as that start.
    [[nodiscard]] Instant start_after(Instant ended_at);

  private:
    CrashBackOffLimits limits_;
    Duration wait_{Duration::zero()};  ///< Before the last start; zero: it was at once.
    std::optional<Instant> started_at_;
};

}  // namespace homeostat::app::demo
