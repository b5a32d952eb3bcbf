#pragma once

// Switches: the agent's kill switch where people hold it in more than one place.
//
// The file is the agent's own: its commands turn it. Others, a ConfigMap for instance, are only
// read. Engaged while any is.

#include "homeostat/adapters/system/switch_file.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/ports/kill_switch.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

/// One that people or agents hold elsewhere.
struct OtherSwitch {
    ports::KillSwitch* kill_switch;
    std::function<std::string()> reason;  ///< Why it is engaged, for people; empty: it is not.
};

class Switches final : public ports::KillSwitch {
  public:
    explicit Switches(const std::filesystem::path& file) : path_(file.string()), file_(file) {}

    /// REQUIRES: they outlive every later call.
    void add(std::vector<OtherSwitch> others) {
        std::ranges::move(others, std::back_inserter(others_));
    }

    [[nodiscard]] bool is_engaged() const override {
        return file_.is_engaged() || std::ranges::any_of(others_, [](const OtherSwitch& other) {
                   return other.kill_switch->is_engaged();
               });
    }

    /// Every reason, for people; empty: it is released.
    [[nodiscard]] std::string reason() const {
        std::string reasons = file_.is_engaged() ? path_ + " is there" : "";
        if (const std::string why = file_.says(); !why.empty()) {
            reasons += ": " + why;
        }
        for (const OtherSwitch& other : others_) {
            const std::string reason = other.reason();
            reasons += (reasons.empty() || reason.empty() ? "" : "; ") + reason;
        }
        return reasons;
    }

    Result<void> engage() override { return file_.engage(); }

    /// ERRORS: also those of others: while one is engaged the file stays, since nobody is to
    /// believe that all is released.
    Result<void> release() override {
        for (const OtherSwitch& other : others_) {
            if (const Result<void> released = other.kill_switch->release(); !released) {
                return released;
            }
        }
        return file_.release();
    }

  private:
    std::string path_;
    adapters::system::SwitchFile file_;
    std::vector<OtherSwitch> others_;
};

}  // namespace homeostat::app
