#pragma once

// SwitchFile: the kill switch as a file that exists or does not.
//
// A person without this program can engage it with `touch`. It needs no ledger, no network and no
// agent. Any answer but "there is no such file" counts as engaged. What stands in it is for people:
// why it is there.

#include "homeostat/os/kept_path.hpp"
#include "homeostat/ports/kill_switch.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace homeostat::adapters::system {

class SwitchFile final : public ports::KillSwitch {
  public:
    explicit SwitchFile(const std::filesystem::path& file);

    [[nodiscard]] bool is_engaged() const override;
    Result<void> engage() override;
    /// With a line of why, once, where there is room for that: it is engaged without, too.
    Result<void> engage_because(std::string_view why);
    /// What stands in it, on one line; empty: nothing, or there is no such file.
    [[nodiscard]] std::string says() const;
    Result<void> release() override;

  private:
    os::KeptPath file_;
};

}  // namespace homeostat::adapters::system
