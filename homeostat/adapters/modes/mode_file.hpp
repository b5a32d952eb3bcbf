#pragma once

// ModeFile: the file in which a service reads its reduced modes (mode_reader.hpp has its layout).
//
// One agent writes it. A file that is there is gone on with: what a predecessor has shown ends by
// itself. Each slot is one route; there are as many as a service can have neighbours.
//
// Not thread-safe; lives on the strand of its owner.

#include "homeostat/adapters/modes/mode_reader.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/ports/mode_board.hpp"

#include <memory>
#include <string>

namespace homeostat::adapters::modes {

class ModeFile final : public ports::ModeBoard {
  public:
    /// Makes the file if there is none, mode 0644. ERRORS: invalid: something else lies there;
    /// full: it cannot be made or mapped.
    [[nodiscard]] static Result<std::unique_ptr<ModeFile>> open(const std::string& path);
    ~ModeFile() override;
    ModeFile(const ModeFile&) = delete;
    ModeFile& operator=(const ModeFile&) = delete;
    ModeFile(ModeFile&&) = delete;
    ModeFile& operator=(ModeFile&&) = delete;

    /// A name that is too long for its field, or a route beyond the last slot, is left out.
    void show(const ports::ModeNotice& notice) override;

  private:
    explicit ModeFile(char* bytes) : bytes_(bytes) {}

    [[nodiscard]] char* slot_of(const std::string& route) const;

    char* bytes_;  ///< Of the mapping, until the end.
};

}  // namespace homeostat::adapters::modes
