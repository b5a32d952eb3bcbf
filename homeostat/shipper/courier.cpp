#include "homeostat/shipper/courier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::shipper {

using app::SinkStanding;

Courier::Courier(CourierNames names,
                 std::unique_ptr<outbox::Sink> sink,
                 LedgerTail tail,
                 CourierPace pace)
    : names_(std::move(names)), sink_(std::move(sink)), tail_(std::move(tail)), pace_(pace) {}

Result<void> Courier::resume() {
    const Result<std::optional<std::string>> ledger = tail_.ledger();
    if (!ledger || !*ledger) {
        return fail(
            !ledger && ledger.error().fault == Fault::corrupt ? Fault::corrupt : Fault::unreachable,
            ledger ? "the ledger has no record yet" : ledger.error().text);
    }
    ledger_ = **ledger;
    Result<outbox::Cursor> cursor = sink_->resume(ledger_, names_.service);
    if (!cursor) {
        return std::unexpected(cursor.error());
    }
    tail_.forget();
    cursor_ = *std::move(cursor);
    tell_confirmed();
    const std::scoped_lock hold(mutex_);
    shared_.next_group = cursor_->next_group;
    return {};
}

/// A sink that does not know the hash of what it has (it was asked, and says no more than a place)
/// proves nothing by it.
void Courier::tell_confirmed() const {
    if (names_.confirmed && cursor_->next_group > 0 && !cursor_->hash.empty()) {
        names_.confirmed(*cursor_);
    }
}

Result<Courier::Step> Courier::step() {
    if (!cursor_) {
        if (const Result<void> resumed = resume(); !resumed) {
            return std::unexpected(resumed.error());
        }
    }
    const Result<outbox::Batch> batch = tail_.read_behind(ledger_, *cursor_);
    if (!batch) {
        const bool is_gone = batch.error().fault == Fault::absent;
        return fail(is_gone ? Fault::unreachable : batch.error().fault, batch.error().text);
    }
    const std::uint64_t missed = batch->first_group - cursor_->next_group;
    if (batch->next_group == batch->first_group) {
        const std::scoped_lock hold(mutex_);
        shared_.waits_since.reset();
        return Step::nothing_new;
    }
    if (missed > 0) {
        names_.tell(
            fmt::format("sink_missed name={} groups={} text=\"they were dropped by age "
                        "(record.keep) before they were sent\"",
                        names_.sink, missed));
    }
    {
        const std::scoped_lock hold(mutex_);
        shared_.waits_since =
            batch->entries.empty() ? std::nullopt : std::optional(batch->entries[0].wall_at);
    }
    if (const Result<void> taken = sink_->take(*batch); !taken) {
        return std::unexpected(taken.error());
    }
    cursor_ = outbox::Cursor{batch->next_group, batch->hash};
    tell_confirmed();
    const std::scoped_lock hold(mutex_);
    shared_.next_group = cursor_->next_group;
    shared_.entries_sent += batch->entries.size();
    shared_.groups_missed += missed;
    return Step::sent;
}

void Courier::note_success() {
    bool is_news = false;
    {
        const std::scoped_lock hold(mutex_);
        is_news = shared_.standing == SinkStanding::retrying;
        shared_.standing = SinkStanding::following;
        shared_.trouble.clear();
        shared_.busy_since.reset();
    }
    if (is_news) {
        names_.tell(fmt::format("sink_back name={}", names_.sink));
    }
}

void Courier::note_error(const Error& error) {
    // What was sent and not confirmed is there or not: the sink is asked before anything follows.
    cursor_.reset();
    const bool passes = outbox::may_pass(error.fault);
    bool is_news = false;
    {
        const std::scoped_lock hold(mutex_);
        is_news = shared_.trouble != error.text;
        shared_.standing = passes ? SinkStanding::retrying : SinkStanding::stopped;
        shared_.trouble = error.text;
        shared_.busy_since.reset();
    }
    if (is_news) {
        names_.tell(fmt::format("{} name={} text=\"{}\"", passes ? "sink_lost" : "sink_stopped",
                                names_.sink, error.text));
    }
}

void Courier::rest(const std::stop_token& stop, std::chrono::milliseconds span) {
    std::unique_lock hold(mutex_);
    stopped_.wait_for(hold, stop, span, [] { return false; });
}

void Courier::run(const std::stop_token& stop) {
    std::chrono::milliseconds back_off = pace_.back_off_first;
    while (!stop.stop_requested()) {
        {
            const std::scoped_lock hold(mutex_);
            shared_.busy_since = std::chrono::steady_clock::now();
        }
        const Result<Step> done = step();
        if (done) {
            note_success();
            back_off = pace_.back_off_first;
            if (*done == Step::nothing_new) {
                rest(stop, pace_.look_every);
            }
            continue;
        }
        note_error(done.error());
        if (!outbox::may_pass(done.error().fault)) {
            return;
        }
        rest(stop, back_off);
        back_off = std::min(back_off * 2, pace_.back_off_max);
    }
}

Result<void> Courier::catch_up(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const Result<Step> done = step();
        if (!done) {
            note_error(done.error());
            return std::unexpected(done.error());
        }
        note_success();
        if (*done == Step::nothing_new) {
            return {};
        }
    }
    return fail(Fault::late, "interrupted");
}

app::SinkState Courier::state(std::optional<std::uint64_t> last_group, WallTime now) const {
    constexpr std::chrono::seconds answers_within{20};
    const std::scoped_lock hold(mutex_);
    app::SinkState state{.name = names_.sink, .kind = names_.kind, .standing = shared_.standing};
    state.next_group = shared_.next_group;
    state.entries_sent = shared_.entries_sent;
    state.groups_missed = shared_.groups_missed;
    state.trouble = shared_.trouble;
    if (shared_.busy_since &&
        std::chrono::steady_clock::now() - *shared_.busy_since > answers_within) {
        state.trouble = "it does not answer";
        state.standing = SinkStanding::retrying;
    }
    if (last_group && shared_.next_group) {
        const std::uint64_t next = *last_group + 1;
        state.lag_groups = next > *shared_.next_group ? next - *shared_.next_group : 0;
        const auto waits =
            shared_.waits_since && *state.lag_groups > 0
                ? std::chrono::floor<std::chrono::seconds>(now - *shared_.waits_since)
                : std::chrono::seconds{0};
        state.lag_seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(waits.count(), 0));
    }
    return state;
}

}  // namespace homeostat::shipper
