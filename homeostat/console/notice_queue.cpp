#include "homeostat/console/notice_queue.hpp"

#include "homeostat/base/ensure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::console {

namespace {

constexpr Duration pace_window = std::chrono::minutes{1};

}  // namespace

void NoticeQueue::forget_old(Instant now) {
    while (!ended_at_.empty() && now - ended_at_.front() >= pace_window) {
        ended_at_.pop_front();
    }
}

void NoticeQueue::leave_out(const Notice& notice) {
    left_out_after_ =
        left_out_ == 0 ? notice.due_after : std::min(left_out_after_, notice.due_after);
    left_out_ += 1;
    if (left_out_lines_.size() < left_out_lines_max) {
        left_out_lines_.push_back(
            (notice.incident.empty() ? std::string() : notice.incident.text() + ": ") +
            notice.text);
    }
}

void NoticeQueue::add(Notice notice, Instant now) {
    forget_old(now);
    // What is left out already comes first: its summary has the place that is left.
    if (left_out_ > 0 || spent() + 1 >= limits_.per_minute) {
        leave_out(notice);
        return;
    }
    waiting_.push_back({std::move(notice), {}, now});
}

void NoticeQueue::sum_up(Instant now, WallTime wall_now) {
    summaries_count_ += 1;
    Notice notice;
    notice.id =
        fmt::format("left-out-{}-{}", wall_now.time_since_epoch().count(), summaries_count_);
    notice.kind = NoticeKind::left_out;
    notice.service = service_;
    notice.text = fmt::format("{} more messages were not sent one by one", left_out_);
    notice.details = std::exchange(left_out_lines_, {});
    if (left_out_ > notice.details.size()) {
        notice.details.push_back(fmt::format("and {} more", left_out_ - notice.details.size()));
    }
    notice.advice = "`homeostat status` shows what is asked and what needs a person now";
    notice.at = wall_now;
    notice.due_after = left_out_after_;
    left_out_ = 0;
    waiting_.push_back({std::move(notice), {}, now});
}

std::optional<Notice> NoticeQueue::due(Instant now, WallTime wall_now) {
    forget_old(now);
    while (!waiting_.empty() && waiting_.front().notice.until &&
           *waiting_.front().notice.until <= wall_now) {
        leave_out(waiting_.front().notice);
        waiting_.pop_front();
    }
    if (waiting_.empty() && left_out_ > 0 && spent() < limits_.per_minute) {
        sum_up(now, wall_now);
    }
    const bool is_due = !waiting_.empty() && waiting_.front().not_before <= now;
    return is_due ? std::optional(waiting_.front().notice) : std::nullopt;
}

void NoticeQueue::sent(Instant now) {
    ensure(!waiting_.empty(), "what was sent was due");
    waiting_.pop_front();
    ended_at_.push_back(now);
}

bool NoticeQueue::failed(bool is_worth_another, Duration pause_min, Instant now) {
    ensure(!waiting_.empty(), "what failed was due");
    Waiting& first = waiting_.front();
    if (!is_worth_another) {
        sent(now);
        return true;
    }
    first.pause = first.pause <= Duration{} ? limits_.pause_first
                                            : std::min(2 * first.pause, limits_.pause_max);
    first.not_before = now + std::min(std::max(first.pause, pause_min), limits_.pause_max);
    return false;
}

std::optional<std::uint64_t> NoticeQueue::owed_after() const {
    std::optional<std::uint64_t> least;
    if (left_out_ > 0) {
        least = left_out_after_;
    }
    for (const Waiting& one : waiting_) {
        least = std::min(least.value_or(one.notice.due_after), one.notice.due_after);
    }
    return least;
}

}  // namespace homeostat::console
