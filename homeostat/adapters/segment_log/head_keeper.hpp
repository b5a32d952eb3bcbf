#pragma once

// HeadKeeper: signs where the ledger stands, and sees to it that a witness knows.
//
// A head goes out after so many groups or so much time, and at the end. A witness that does not
// take it stops nothing at first: it is told of and tried again. Once too much of the ledger is
// known to no witness, `objection()` says so, and whoever acts has to stop acting on his own
// judgement: what nobody outside has seen can be rewritten by whoever broke in.
//
// One witness that has a head is enough, and one that contradicts the ledger too much: that is an
// objection until the next start, which compares the whole ledger with it. Thread-safe; what blocks
// runs on a thread of its own, because a witness may hang (a network disk) while the ledger must
// not.

#include "homeostat/adapters/segment_log/bounded_witness.hpp"
#include "homeostat/adapters/segment_log/head_file.hpp"
#include "homeostat/adapters/segment_log/head_pace.hpp"
#include "homeostat/adapters/segment_log/signed_head.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::segment_log {

struct HeadOptions {
    std::filesystem::path key;                     ///< Made if it is not there.
    std::vector<std::filesystem::path> witnesses;  ///< Files; at least one.
    HeadPace pace;
    /// One that takes longer is as good as away: neither a start nor an end waits for it.
    Duration answers_within{std::chrono::seconds{5}};
    std::function<std::chrono::steady_clock::time_point()> clock_for_test;
    DiskProbe disk_probe_for_test;
};

/// The end of the ledger, durable.
struct LedgerHead {
    std::uint64_t index{0};
    std::string hash;
    WallTime wall_at{};
    std::uint64_t begins{0};  ///< As SignedHead has it.
};

class HeadKeeper {
  public:
    using Tell = std::function<void(std::string_view)>;
    /// The ledger's hash after a group; nothing: it does not have that group, or not any longer.
    using HashAfter = std::function<Result<std::optional<std::string>>(std::uint64_t index)>;

    /// Reads the key, or makes one and tells so, and reads the last heads. No key is made while a
    /// witness cannot be read: it may have heads of the key that is missing. `hash_after` is asked
    /// of the last head of a witness that could not be read at first, before it gets another one.
    /// ERRORS: of the key; corrupt: a witness's last head is not signed with it, or is no head.
    [[nodiscard]] static Result<std::unique_ptr<HeadKeeper>> open(HeadOptions options,
                                                                  Tell tell,
                                                                  HashAfter hash_after);

    /// Sends a last head out.
    ~HeadKeeper();
    HeadKeeper(const HeadKeeper&) = delete;
    HeadKeeper& operator=(const HeadKeeper&) = delete;

    /// The last head that each witness has, as they were found when this was opened.
    struct Seen {
        std::filesystem::path witness;
        SignedHead head;
    };
    [[nodiscard]] const std::vector<Seen>& seen() const { return seen_; }

    /// Says which ledger this is: the hash of its first group. Before the first took().
    void begin(std::string ledger);

    /// The ledger ends here now. Never blocks.
    void took(LedgerHead head);

    /// The latest beginning of the ledger that a witness has seen signed. 0 before any.
    [[nodiscard]] std::uint64_t begins_witnessed() const;

    /// The last head that this witness took of this process; nothing: it took none.
    struct Taken {
        std::uint64_t index{0};
        std::string hash;
    };
    [[nodiscard]] std::optional<Taken> taken_by(const std::filesystem::path& witness) const;

    /// Sends a head out now, if there is anything that no witness has. Does not block.
    void hurry();

    /// Why nothing may be done on our own judgement now; empty: it may.
    [[nodiscard]] std::string objection() const;

  private:
    HeadKeeper(HeadOptions options, Tell tell, HashAfter hash_after, SigningKey key);
    [[nodiscard]] Result<void> read_witnesses();
    [[nodiscard]] Result<void> check(const BoundedWitness& file, const SignedHead& last) const;
    [[nodiscard]] std::chrono::steady_clock::time_point now() const;

    // These run on the thread.
    [[nodiscard]] bool is_head_due();
    void look();
    void wait();
    void send();
    [[nodiscard]] bool send_to_any(const SignedHead& head);
    [[nodiscard]] Result<void> give(std::size_t witness, const SignedHead& head);
    [[nodiscard]] Result<bool> compare(const BoundedWitness& file, const SignedHead& head) const;
    [[nodiscard]] bool note_answer(std::size_t witness,
                                   const SignedHead& head,
                                   const Result<void>& answer);
    void note_witnessed(const SignedHead& head);
    [[nodiscard]] std::string say_each_witness() const;

    HeadOptions options_;
    Tell tell_;
    HashAfter hash_after_;
    SigningKey key_;
    std::vector<BoundedWitness> files_;
    std::vector<Seen> seen_;

    mutable std::mutex mutex_;             ///< Of the next eleven.
    std::vector<std::string> failing_by_;  ///< Of each file; empty: it works, or was not tried.
    std::vector<std::optional<Taken>> taken_by_;  ///< Of each file.
    std::string contradiction_;                   ///< What a witness knows and the ledger does not.
    std::string ledger_;
    std::optional<LedgerHead> head_;
    std::optional<std::uint64_t> witnessed_index_;
    std::uint64_t begins_witnessed_{0};
    std::uint64_t groups_unwitnessed_{0};
    std::chrono::steady_clock::time_point unwitnessed_since_{};
    bool is_look_due_{false};  ///< One is on its way to the thread.
    bool is_hurry_due_{false};

    // Only the thread looks at these, once there is one.
    std::vector<bool> is_compared_;  ///< Of each file: at the start, or before the first head.
    bool is_waiting_{false};         ///< The timer runs.
    bool has_failed_{false};         ///< No witness took the last head that went out.
    boost::asio::thread_pool thread_{1};
    boost::asio::steady_timer timer_{thread_};
};

}  // namespace homeostat::adapters::segment_log
