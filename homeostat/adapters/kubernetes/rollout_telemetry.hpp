#pragma once

// RolloutTelemetry: tells when another pod template is in force, or another number of replicas
// wanted, by whoever's hand.
//
// First-hand: the cluster itself says so. If the change was one of our effects its id is in
// `reference`, as the annotation beside the template or the manager of the number has it; whether a
// change counts as ours is decided elsewhere, from the ledger. A return to the version that was in
// force before is no change, and of several changes between two reads only the sum is one.
// Containers that are started again, pods that are replaced and Events are consequences, and no
// changes.
//
// Nothing is asked here: the watches' view is told from. Lives on one strand.

#include "homeostat/adapters/kubernetes/group.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::kubernetes {

class RolloutTelemetry final : public ports::Telemetry {
  public:
    /// `known`: the version that was in force when the guard was last here, from the ledger; a
    /// rollout in its absence is then a change too. Empty: the first read finds out. REQUIRES:
    /// `group` and `clock` outlive it.
    RolloutTelemetry(Group& group, VersionId known, ports::Clock& clock);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{250}; }

    /// And of a rollout that is under way how many old pods serve on, each time that it is another
    /// number. At most one ChangeReading of each kind; none while the controller has not made the
    /// ReplicaSet of the template in force. ERRORS: as of group_view.hpp: the view is not whole.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    [[nodiscard]] std::optional<Change> rollout_of(const GroupView& view, Instant now);
    [[nodiscard]] std::optional<Change> scale_of(const DeploymentView& deployment, Instant now);

    Group& group_;
    ports::Clock& clock_;
    std::string name_;
    VersionId known_;
    std::optional<std::uint32_t> replicas_known_;
    std::uint32_t old_count_{0};  ///< As told last.
    Instant read_at_{};           ///< The last view that was whole; a change came later.
};

}  // namespace homeostat::adapters::kubernetes
