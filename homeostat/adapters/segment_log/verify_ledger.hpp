#pragma once

// verify_ledger: whether a ledger is whole, without its lock and without changing anything.
//
// The chain alone proves everything but its own end. Whoever wants that proven too brings a
// witness: signed heads with their public key, the sink's file, or a hash that was written down.
//
// Blocks. Thread-safe.

#include "homeostat/adapters/segment_log/segment_reader.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::adapters::segment_log {

struct Verification {
    std::uint64_t groups_count{0};
    std::uint64_t entries_count{0};
    std::uint64_t segments_count{0};
    std::string head_hash;             ///< After the last group; write it down to have a witness.
    std::uint64_t torn_tail_bytes{0};  ///< A crash left them, or a writer is writing them now.
    std::uint64_t witnessed_count{0};  ///< Lines of the sink that agree.
    std::uint64_t heads_count{0};      ///< Signed heads that agree.
    std::uint64_t first_index{0};  ///< Of the first group; older ones were dropped by retention.
    std::optional<WallTime> dropped_at;  ///< Then, at the latest; absent: none were.
    std::optional<WallTime> first_wall_at;
    std::optional<WallTime> last_wall_at;

    static void fields(auto& self, auto&& field) {
        field("groups_count", self.groups_count);
        field("entries_count", self.entries_count);
        field("segments_count", self.segments_count);
        field("head_hash", self.head_hash);
        field("torn_tail_bytes", self.torn_tail_bytes);
        field("witnessed_count", self.witnessed_count);
        field("heads_count", self.heads_count);
        field("first_index", self.first_index);
        field("dropped_at", self.dropped_at);
        field("first_wall_at", self.first_wall_at);
        field("last_wall_at", self.last_wall_at);
    }
};

/// What is known of the ledger from elsewhere.
struct Witness {
    std::string head_hash;                       ///< Has to be in the chain; empty: not asked for.
    std::filesystem::path sink;                  ///< Every line has to agree; empty: not asked for.
    std::vector<std::filesystem::path> heads{};  ///< Likewise every signed head of each file.
    std::filesystem::path public_key{};          ///< What the heads have to be signed with.
};

/// What is known of a ledger after reading it as far as it is as it was written.
struct LedgerCheck {
    Verification seen;             ///< Of what stands before the trouble.
    std::optional<Error> trouble;  ///< Nothing: the ledger is intact.
    std::optional<BadPlace>
        first_bad;  ///< Where, if the ledger or a witness's file is the trouble.
    std::vector<std::filesystem::path> without_head{};  ///< Files of heads that have none.
};

/// Never changes anything. `trouble` is one of the errors of verify_ledger, or the first that
/// `also` has with a group on which the chain and every witness agree; that is its place then.
[[nodiscard]] LedgerCheck check_ledger(const LedgerFiles& files,
                                       const Witness& witness = {},
                                       const VisitChained& also = {});

/// ERRORS: absent without the directory, without a segment in it, or without a witness's file;
/// corrupt with the place, or with what the witness knows and the ledger does not; invalid: no
/// public key; full without the right to read.
[[nodiscard]] Result<Verification> verify_ledger(const LedgerFiles& files,
                                                 const Witness& witness = {});

/// The same, and hands every group to `visit`, oldest first. For the commands that read a ledger
/// while its agent is away.
[[nodiscard]] Result<Verification> read_ledger(const LedgerFiles& files,
                                               const std::function<void(const EntryGroup&)>& visit);

}  // namespace homeostat::adapters::segment_log
