#pragma once

// SwitchObject: the kill switch as a ConfigMap, for people who have kubectl and no shell beside the
// agent.
//
// While the ConfigMap exists nothing is done, as with the file; one that says `suspended: "false"`
// counts as absent, for those who keep their objects in a repository and change a word of them. It
// is engaged as well while it was never listed, and when the server was not heard of lately: a
// switch that cannot be read is engaged.
//
// Read from a watch, so that a person's word is known within the time that an event takes. We never
// write it: it is theirs.
//
// Lives on the strand of its watch.

#include "homeostat/adapters/kubernetes/group_view.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/kill_switch.hpp"

#include <string>

namespace homeostat::adapters::kubernetes {

class SwitchObject final : public ports::KillSwitch {
  public:
    /// `seen`: a watch of switches_path(). REQUIRES: all outlive it; options.switch_object.
    SwitchObject(const Options& options, KindSeen seen, const ports::Clock& clock)
        : options_(options), seen_(seen), clock_(clock) {}

    [[nodiscard]] bool is_engaged() const override;

    /// Why it is engaged, for people; empty: it is not.
    [[nodiscard]] std::string reason() const;

    /// ERRORS: refused: it is a person's, with the command by which they do it.
    Result<void> engage() override;
    /// Done where it is released already. ERRORS: as engage().
    Result<void> release() override;

  private:
    const Options& options_;
    KindSeen seen_;
    const ports::Clock& clock_;
};

}  // namespace homeostat::adapters::kubernetes
