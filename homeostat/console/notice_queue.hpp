#pragma once

// NoticeQueue: the notices of one channel that have yet to be sent, at a pace that a person can
// follow.
//
// Who gets too many messages reads none. So there are at most `per_minute` of them; the last of
// these is kept for one that sums up what was left out. A message that does not get through is sent
// again, later each time and at last once a minute, until it is taken: whoever was to be told of a
// night is told of it in the morning. Only what a receiver will never take is given up. What comes
// meanwhile waits behind it, or is summed up: nothing here is ever larger than a minute's messages,
// and healing waits for none of it.
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"
#include "homeostat/console/notice.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::console {

struct NoticeLimits {
    std::uint32_t per_minute{6};  ///< At least 2: one message, and one that sums up.
    Duration pause_first{std::chrono::seconds{1}};  ///< Doubles from then on.
    Duration pause_max{std::chrono::seconds{60}};
};

constexpr std::size_t left_out_lines_max = 5;

class NoticeQueue {
  public:
    NoticeQueue(ServiceId service, NoticeLimits limits)
        : service_(std::move(service)), limits_(limits) {}

    /// Takes it, or counts it among those that are summed up.
    void add(Notice notice, Instant now);

    /// What is to be sent now; the same until `sent` or `failed` says what became of it.
    [[nodiscard]] std::optional<Notice> due(Instant now, WallTime wall_now);

    /// REQUIRES of both: `due` gave one. `failed`: true if it is given up, as it is where another
    /// try is not worth it.
    void sent(Instant now);
    bool failed(bool is_worth_another, Duration pause_min, Instant now);

    [[nodiscard]] std::size_t waiting_count() const { return waiting_.size(); }
    [[nodiscard]] std::uint64_t left_out_count() const { return left_out_; }

    /// How much of the ledger all that was taken, or given up, is about (Notice::due_after);
    /// nothing: there is no message that has yet to be sent.
    [[nodiscard]] std::optional<std::uint64_t> owed_after() const;

  private:
    struct Waiting {
        Notice notice;
        Duration pause{};  ///< After the last try; 0: there was none.
        Instant not_before{};
    };

    void leave_out(const Notice& notice);
    void forget_old(Instant now);
    void sum_up(Instant now, WallTime wall_now);
    [[nodiscard]] std::size_t spent() const { return ended_at_.size() + waiting_.size(); }

    ServiceId service_;
    NoticeLimits limits_;
    std::deque<Waiting> waiting_;
    std::deque<Instant> ended_at_;  ///< Of the last minute: sent, or given up.
    std::uint64_t left_out_{0};
    std::uint64_t left_out_after_{0};          ///< The least `due_after` of these.
    std::vector<std::string> left_out_lines_;  ///< Of the first few.
    std::uint64_t summaries_count_{0};
};

}  // namespace homeostat::console
