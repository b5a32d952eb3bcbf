#pragma once

// LedgerTail: the groups of a ledger behind a cursor, read while its agent writes.
//
// What is given out is durable: a power loss must not take a group from the ledger that a sink has
// already. Of most groups a later one says so; behind those this syncs the file itself, which costs
// nothing where the agent has done it. The first reading checks the cursor against the chain, the
// next ones go on at the byte where the last one ended, so a quiet ledger costs a stat.
//
// Takes no lock and changes nothing. Blocks. Not thread-safe.

#include "homeostat/adapters/segment_log/segment_reader.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/outbox/batch.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::shipper {

/// Of one reading: what a sink takes in one transaction, and we hold in memory for each sink.
struct TailLimits {
    std::uint64_t groups_max{500};
    std::size_t payload_bytes_max{std::size_t{2} << 20U};
};

class LedgerTail {
  public:
    LedgerTail(adapters::segment_log::LedgerFiles files,
               std::string service,
               TailLimits limits = {});

    /// Which ledger is there; nothing: it has no group yet. ERRORS: absent; corrupt; full.
    [[nodiscard]] Result<std::optional<std::string>> ledger() const;

    /// The next groups, in order; none: there is nothing new. Its first group is a later one than
    /// the cursor's where those in between were dropped by age. ERRORS: corrupt: the ledger is not
    /// whole, or has another group where the cursor stands, or ends before it; busy: it was
    /// exchanged for another one meanwhile; absent; full.
    /// REQUIRES: `cursor` is of this ledger: where a sink stands, or where the last batch ended.
    [[nodiscard]] Result<outbox::Batch> read_behind(const std::string& ledger,
                                                    const outbox::Cursor& cursor);

    /// The next reading begins with the check of its cursor.
    void forget() { place_.reset(); }

  private:
    /// Behind which byte the reading stands.
    struct Place {
        std::size_t segment{0};
        std::uint64_t offset{0};
        std::uint64_t last_offset{0};  ///< Where the last group begins; 0: none of this file.
        std::string before;            ///< The chain's hash before that group.
        adapters::segment_log::ChainEnd chain;
    };
    struct Taking;
    struct Anew;

    [[nodiscard]] Result<void> read_anew(const outbox::Cursor& cursor, Taking& taking);
    /// False: something is not as it was expected; reading anew says what it is.
    [[nodiscard]] Result<bool> read_on(Taking& taking);
    enum class Step : std::uint8_t { on, at_end, lost };
    [[nodiscard]] Result<Step> step_on(Taking& taking);
    [[nodiscard]] Result<bool> take_part(std::string_view part, Taking& taking);
    [[nodiscard]] Result<bool> enter_next_segment();
    [[nodiscard]] bool is_last_segment() const;
    [[nodiscard]] Result<void> make_durable(const Taking& taking) const;
    [[nodiscard]] std::filesystem::path segment_path(std::size_t number) const;

    adapters::segment_log::LedgerFiles files_;
    std::string service_;
    TailLimits limits_;
    std::optional<Place> place_;
};

/// The last group of a ledger, whole or not yet durable; nothing: there is none.
/// ERRORS: absent; corrupt; full.
[[nodiscard]] Result<std::optional<std::uint64_t>> last_group_of(
    const adapters::segment_log::LedgerFiles& files);

}  // namespace homeostat::shipper
