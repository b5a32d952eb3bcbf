#pragma once

// HeadReading: goes through a file of signed heads beside the ledger, line by line.
//
// Every head has to be signed with the key, and to be one of this ledger. Lines that are added
// after the beginning are left out: the ledger is read after that moment and has every group
// before it.
//
// Blocks. Not thread-safe.

#include "homeostat/adapters/segment_log/segment_reader.hpp"
#include "homeostat/adapters/segment_log/signed_head.hpp"
#include "homeostat/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::adapters::segment_log {

class HeadReading {
  public:
    /// ERRORS: absent: a file is not there; invalid: no public key; corrupt: the first line.
    [[nodiscard]] Result<void> begin(const std::filesystem::path& heads,
                                     const std::filesystem::path& public_key);

    /// Compares the heads of this group, if there are any. The heads of groups before the first one
    /// that comes are of what the ledger does not keep any longer. ERRORS: corrupt.
    [[nodiscard]] Result<void> compare(const ChainedGroup& found);

    /// The latest beginning that a head tells; none where no head was of this ledger.
    [[nodiscard]] std::optional<std::uint64_t> begins() const { return begins_; }

    /// `begins`: of all the witnesses, since one of them may have missed a dropping that another
    /// has signed. ERRORS: corrupt: a head is of a group that the ledger does not have, or none
    /// says that it may begin where it does.
    [[nodiscard]] Result<void> end(const LedgerEnd& end, std::optional<std::uint64_t> begins) const;

    /// Puts the line into `bad` where the file of heads itself was the last trouble.
    void blame(std::optional<BadPlace>& bad) const;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::uint64_t agreed_count() const { return agreed_count_; }

  private:
    [[nodiscard]] Result<void> next();
    [[nodiscard]] Result<SignedHead> parse(std::string_view line) const;

    std::filesystem::path path_;
    std::optional<PublicKey> key_;
    std::ifstream file_;
    std::uint64_t bytes_left_{0};
    std::uint64_t line_begin_{0};  ///< Offset of `head_`'s line.
    std::uint64_t next_begin_{0};
    std::uint64_t agreed_count_{0};
    std::optional<std::uint64_t> begins_;
    std::optional<SignedHead> head_;  ///< The one that waits for its group.
    std::optional<BadPlace> bad_;     ///< In the file of heads.
};

}  // namespace homeostat::adapters::segment_log
