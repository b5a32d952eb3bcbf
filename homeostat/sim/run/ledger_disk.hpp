#pragma once

// LedgerDisk: the disk that our ledger lies on, what is wrong with it, and what has to be there.
//
// The bytes that were acknowledged are remembered as they lay on it then: what a recovery cuts off
// or writes anew is seen however it reads afterwards. What is remembered of a killed process is all
// that it wrote; of a power loss what was synced before it.
//
// Lives on one strand.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/disk/sim_disk.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::sim {

class LedgerDisk {
  public:
    /// So small that a history fills some segments.
    static constexpr std::size_t segment_bytes_max = std::size_t{64} << 10U;
    static constexpr const char* directory = "/ledger";

    explicit LedgerDisk(Rng rng) : rng_(rng) {}

    [[nodiscard]] disk::SimDisk& calls() { return disk_; }

    /// From now on there is room for some bytes more, or for anything.
    void turn_full(bool is_full);
    /// One of the next writes or syncs fails with EIO, once.
    void break_a_call();

    /// A group was written, or all that were are synced.
    void remember_written();
    void remember_synced() { synced_ = written_; }

    void end_processes() { disk_.end_processes(); }
    void lose_power();

    /// A bit changes, unseen, of what the next start can tell from a torn group: what a later group
    /// says to be durable, or has one of this boot behind it. False: there is none.
    [[nodiscard]] bool rot(std::string_view boot_id);
    [[nodiscard]] bool is_rotten() const { return rotten_.has_value(); }
    /// A power loss before the next start would pass for what did it.
    [[nodiscard]] bool is_rotten_like_a_loss() const {
        return rotten_.has_value() && rotten_->is_like_a_loss;
    }
    /// Somebody brings the file back from a copy.
    void bring_back();

    /// Empty: each byte that was remembered is where it was.
    [[nodiscard]] std::string what_is_lost();
    /// Of all bytes and names: whether anything was changed at all.
    [[nodiscard]] std::uint64_t digest();

  private:
    using Files = std::map<std::string, std::string>;  ///< Path and bytes.
    [[nodiscard]] Files segments();

    disk::SimDisk disk_;
    Rng rng_;
    Files written_;
    Files synced_;
    struct Rotten {
        std::string path;
        std::uint64_t bit{0};
        bool is_like_a_loss{false};
    };
    std::optional<Rotten> rotten_;
};

}  // namespace homeostat::sim
