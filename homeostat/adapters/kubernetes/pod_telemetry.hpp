#pragma once

// PodTelemetry: is the pod in each slot alive, which one is it, how did its container end.
//
// A reading only says what is a sign of something. A container that the kubelet starts, or starts
// again at once, is the kubelet's job; a pod that was never ready is on its way; an empty slot is
// the controller's to fill. None of these is alive or dead: there is no reading of them, and what
// was known before goes on. A container that the kubelet has backed off from is not alive.
//
// The size of a container and its CPU are nothing that the API server tells: they stay zero.
//
// Nothing is asked here: the watches' view is told from. Lives on one strand.

#include "homeostat/adapters/kubernetes/group.hpp"
#include "homeostat/adapters/kubernetes/watched_kind.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::kubernetes {

class PodTelemetry final : public ports::Telemetry {
  public:
    /// `pods`: the watch whose news end wait_for_change. REQUIRES: all of these outlive it.
    PodTelemetry(Group& group, WatchedKind& pods, ports::Clock& clock);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{250}; }

    /// At most one ProcessReading per slot. ERRORS: as of group_view.hpp: the view is not whole.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

    /// Ends as soon as the cluster tells anything new of the pods since the last read(), at once if
    /// it has already, or when it is cancelled. One waiter at a time.
    Task<void> wait_for_change();

  private:
    Group& group_;
    WatchedKind& pods_;
    ports::Clock& clock_;
    std::string name_;
    std::uint64_t changes_known_{0};
};

/// An exit code as the kubelet reports it, in waitpid's form: 137 is an end by signal 9.
[[nodiscard]] int to_exit_status(int exit_code);

}  // namespace homeostat::adapters::kubernetes
