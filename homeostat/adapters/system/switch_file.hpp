#pragma once

// SwitchFile: the kill switch as a file that exists or does not.
//
// A person without this program can engage it with `touch`. It needs no ledger, no network and no
// agent. Any answer but "there is no such file" counts as engaged.

#include "homeostat/ports/kill_switch.hpp"

#include <filesystem>

namespace homeostat::adapters::system {

class SwitchFile final : public ports::KillSwitch {
  public:
    explicit SwitchFile(std::filesystem::path file);

    [[nodiscard]] bool is_engaged() const override;
    Result<void> engage() override;
    Result<void> release() override;

  private:
    std::filesystem::path file_;
};

}  // namespace homeostat::adapters::system
