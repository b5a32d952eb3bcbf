#pragma once

// OptOut: the annotation homeostat.dev/ignore on the Deployment, by which its owner wants to be
// left alone, without a right to the agent and without its configuration.
//
// While it stands there nothing is done to the Deployment, and what is seen is told as ever.
// Anything but "false" counts: whoever writes "yes" means it. Told by the watch, which may lag;
// so it is looked for once more in what is read afresh before every effect. We never write it: it
// is theirs.
//
// Lives on the strand of its watch.

#include "homeostat/adapters/kubernetes/group_view.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/ports/kill_switch.hpp"

#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

constexpr std::string_view ignore_annotation = "homeostat.dev/ignore";

/// By what was read afresh. ERRORS: refused: its owner wants it left alone.
[[nodiscard]] Result<void> check_not_ignored(const DeploymentView& deployment);
/// The same. ERRORS: those of `group`, too.
[[nodiscard]] Result<void> check_may_change(const Result<GroupView>& group);

class OptOut final : public ports::KillSwitch {
  public:
    /// `seen`: a watch of the Deployment. REQUIRES: all outlive it.
    OptOut(const Options& options, KindSeen seen) : options_(options), seen_(seen) {}

    [[nodiscard]] bool is_engaged() const override { return !reason().empty(); }

    /// Why it is engaged, for people; empty: it is not.
    [[nodiscard]] std::string reason() const;

    /// ERRORS: refused: it is a person's, with the command by which they do it.
    Result<void> engage() override;
    /// Done where it is released already. ERRORS: as engage().
    Result<void> release() override;

  private:
    const Options& options_;
    KindSeen seen_;
};

}  // namespace homeostat::adapters::kubernetes
