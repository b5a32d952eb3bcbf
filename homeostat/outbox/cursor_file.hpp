#pragma once

// CursorFile: how far a sink has a ledger, for sinks that cannot tell it themselves.
//
// Written after the sink has confirmed, so what is sent again after a crash is the last batch at
// most. Of another ledger it knows nothing.
//
// Blocks. Not thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/outbox/batch.hpp"

#include <filesystem>
#include <string>
#include <utility>

namespace homeostat::outbox {

class CursorFile {
  public:
    explicit CursorFile(std::filesystem::path file) : file_(std::move(file)) {}

    /// The beginning, where there is no file or one of another ledger. ERRORS: corrupt: it is none
    /// of ours; full: it cannot be read.
    [[nodiscard]] Result<Cursor> read(const std::string& ledger) const;

    /// ERRORS: full.
    [[nodiscard]] Result<void> write(const std::string& ledger, const Cursor& cursor) const;

  private:
    std::filesystem::path file_;
};

}  // namespace homeostat::outbox
