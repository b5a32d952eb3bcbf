#pragma once

// Reading a ledger's segments, oldest group first, with every check there is.
//
// A ledger that retention has shortened begins with a later segment than 000000. It is whole if one
// of its groups says so (domain/dropped.hpp); without such a word its beginning is missing.
//
// A hole at the end, with groups behind it that were never promised to be durable, is what a power
// loss leaves where sectors reach the disk in any order, and counts as the torn end of a crash.
// Where one of those groups was written in the boot that runs, no power was lost since: then the
// hole is damage, whoever was promised what.
//
// Takes no lock and changes nothing, so that it may run beside a writer: what the writer is writing
// just now looks like a torn tail then. Where it drops the first file in that moment the directory
// is listed again; where it overtakes the reading, the error (absent) says so and is no damage.
//
// Blocks. Thread-safe.

#include "homeostat/adapters/segment_log/chain.hpp"
#include "homeostat/adapters/segment_log/disk.hpp"
#include "homeostat/adapters/segment_log/group_prefix.hpp"
#include "homeostat/adapters/segment_log/stored_group.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/dropped.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::segment_log {

/// A larger file is none of ours; nothing larger is read into memory.
constexpr std::size_t segment_bytes_limit = std::size_t{64} << 20U;

/// A ledger to read.
struct LedgerFiles {
    // NOLINTNEXTLINE(google-explicit-constructor): of most ledgers no more than the place is known.
    LedgerFiles(std::filesystem::path where, std::string boot = {}, Disk calls = Disk())
        : directory(std::move(where)), boot_id(std::move(boot)), disk(std::move(calls)) {}

    std::filesystem::path directory;
    std::string boot_id;  ///< Of the running system. Empty: not known, a power loss may have been.
    Disk disk;
};

/// Where the chain stands: after the group before `next_index`.
struct ChainEnd {
    std::uint64_t next_index{0};
    std::string hash = genesis_hash();
};

/// One group as it stands in the chain, for the length of a visit; what it says is not read.
struct ChainedGroup {
    const GroupPrefix& prefix;
    std::string_view payload;
    std::string_view hash;    ///< Of the chain after it.
    std::string_view ledger;  ///< Which ledger: the hash of its group 0.
    std::size_t segment{0};   ///< Number of the file that it stands in.
};

/// The same, read.
struct FoundGroup {
    const StoredGroup& stored;
    std::string_view payload;
    std::string_view hash;
    std::string_view ledger;
    std::size_t segment{0};
};

/// The first place of a ledger that is not as it was written, for programs. The Error of the same
/// reading says it to people.
struct BadPlace {
    std::string segment;      ///< File name; the path, where it is a witness's file.
    std::uint64_t offset{0};  ///< Bytes from the beginning of that file.
    std::string why;

    static void fields(auto& self, auto&& field) {
        field("segment", self.segment);
        field("offset", self.offset);
        field("why", self.why);
    }
    friend bool operator==(const BadPlace&, const BadPlace&) = default;
};

/// An error ends the reading and is its result.
using VisitFound = std::function<Result<void>(const FoundGroup&)>;
using VisitChained = std::function<Result<void>(const ChainedGroup&)>;

/// What a ledger says of its latest shortening.
struct Dropped {
    DroppedBody body;
    WallTime at{};
};

struct LedgerEnd {
    ChainEnd begin;  ///< Where the reading began.
    ChainEnd chain;
    std::string ledger = genesis_hash();  ///< Which ledger; the genesis while it has no group.
    std::size_t first_segment{0};         ///< Number of the first file there is.
    std::size_t segments_count{0};        ///< Files there are.
    std::uint64_t last_segment_bytes{0};  ///< Of its whole part.
    std::uint64_t torn_tail_bytes{0};     ///< Behind that part; 0 after an orderly end.
    std::optional<Dropped> dropped{};     ///< Of what was read.

    /// The number of the next file.
    [[nodiscard]] std::size_t next_segment() const { return first_segment + segments_count; }
};

/// The segment files of `directory` in order: 000000.hlog, 000001.hlog, … or from a later one on.
/// ERRORS: absent without the directory, corrupt when a number is missing in between.
[[nodiscard]] Result<std::vector<std::filesystem::path>> list_segments(
    const Disk& disk, const std::filesystem::path& directory);

[[nodiscard]] std::string segment_name(std::size_t number);

/// Of the first group that is kept; 0 of a ledger without any.
/// ERRORS: absent without the directory; corrupt: the first file's header; full.
[[nodiscard]] Result<std::uint64_t> first_index_in(const LedgerFiles& files);

/// The chain's hash after the group `index`; nothing: that group is not there, or not any longer.
/// Reads the segment that it stands in. ERRORS: as read_chain.
[[nodiscard]] Result<std::optional<std::string>> hash_after(const LedgerFiles& files,
                                                            std::uint64_t index);

/// Follows the chain through the groups of a ledger, beginning at the latest segment that holds the
/// group `first_index` or one before it. ERRORS: corrupt, with file and offset, which `bad` gets
/// too if it is asked for; absent; full (no right to read).
[[nodiscard]] Result<LedgerEnd> read_chain(const LedgerFiles& files,
                                           std::uint64_t first_index,
                                           const VisitChained& visit,
                                           std::optional<BadPlace>* bad = nullptr);

/// The same, and reads what each group says.
[[nodiscard]] Result<LedgerEnd> read_segments(const LedgerFiles& files,
                                              std::uint64_t first_index,
                                              const VisitFound& visit);

}  // namespace homeostat::adapters::segment_log
