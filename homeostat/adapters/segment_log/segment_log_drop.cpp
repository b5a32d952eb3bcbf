// How a ledger forgets: plan, record, let a witness see it, and only then remove, one segment after
// the other. Everything here runs on the writer's thread.
//
// The record stands in the chain before anything is gone, so that a shortened ledger says itself
// that it is whole. A forged one gains nothing where there is a witness: a head says which
// beginning was agreed on, only the key's holder can sign that, and a start refuses a ledger that
// begins later.

#include "homeostat/adapters/segment_log/copying.hpp"
#include "homeostat/adapters/segment_log/segment_log.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::adapters::segment_log {

namespace {

constexpr Duration look_every = std::chrono::hours{24};
/// While a witness or the sink is waited for, or the disk failed to remove.
constexpr Duration try_again_every = std::chrono::minutes{1};

}  // namespace

/// ERRORS: corrupt: less stands at the beginning than any witness has seen agreed on.
Result<void> SegmentLog::check_beginning(const LedgerEnd& end) const {
    const std::uint64_t begins = end.begin.next_index;
    if (!heads_ || heads_->seen().empty() || begins <= heads_->begins_witnessed()) {
        return {};
    }
    return fail(
        Fault::corrupt,
        fmt::format("{}: the ledger begins with group {}, but {} knows it from group {} on: "
                    "its beginning was cut off; bring it back from a copy",
                    options_.directory.string(), begins, heads_->seen().front().witness.string(),
                    heads_->begins_witnessed()));
}

Moment SegmentLog::now() const {
    Moment moment = options_.clocks_for_test
                        ? options_.clocks_for_test()
                        : Moment{os::read_boot_clock(), os::read_wall_clock(), {}};
    moment.boot_id = options_.boot_id;
    return moment;
}

void SegmentLog::drop_old() {
    if (writer_.poisoned_by()) {
        return;
    }
    if (!drop_) {
        const std::optional<Retention::Cut> cut = retention_.cut(now());
        if (!cut) {
            return drop_again_after(look_every);
        }
        if (const Result<void> recorded = record_drop(*cut); !recorded) {
            tell("what is older than record.keep cannot be dropped yet: " + recorded.error().text);
            return drop_again_after(look_every);
        }
        drop_ = cut;
    }
    const std::string waits_for = waits_with_drop();
    if (!waits_for.empty() && std::exchange(drop_waits_for_, waits_for) != waits_for) {
        tell("what is older than record.keep is dropped once " + waits_for);
    }
    if (!waits_for.empty()) {
        return drop_again_after(try_again_every);
    }
    drop_waits_for_.clear();
    drop_next_segment();
}

/// Durable before anything is removed. The chain of a ledger whose disk is full takes no record,
/// and then keeps its beginning; nothing is worse than before.
Result<void> SegmentLog::record_drop(const Retention::Cut& cut) {
    if (retention_.first_index_recorded() < cut.body.first_index) {
        EntryGroup group;
        const Moment moment = now();
        group.at = moment.at;
        group.wall_at = moment.wall_at;
        DroppedBody body = cut.body;
        body.ledger = writer_.ledger();
        group.entries.push_back(Entry{EntryKind::dropped, {}, to_json(body)});
        if (const Result<ports::Position> written = write(std::move(group)); !written) {
            return std::unexpected(written.error());
        }
    }
    if (Result<void> synced = writer_.sync(); !synced) {
        return synced;
    }
    begins_ = std::max(begins_, cut.body.first_index);
    head_->begins = begins_;
    hand_to_witnesses();
    return {};
}

/// What has to come first; empty: nothing.
std::string SegmentLog::waits_with_drop() const {
    if (heads_ && heads_->begins_witnessed() < drop_->body.first_index) {
        return "a witness has seen the signed head that says so";
    }
    if (copying_ && copying_->next_index.load() < drop_->body.first_index) {
        return options_.sink.string() + " has a copy of it";
    }
    return {};
}

/// One a turn once the log is in use, so that whoever appends meanwhile waits for one at most.
void SegmentLog::drop_next_segment() {
    const std::size_t until =
        has_started_ ? std::min(writer_.first_segment() + 1, drop_->segment) : drop_->segment;
    if (const Result<void> dropped = writer_.drop_before(until); !dropped) {
        tell("what is older than record.keep cannot be removed: " + dropped.error().text);
        if (writer_.poisoned_by()) {
            return tell(options_.directory.string() +
                        ": nothing is written there any more and nothing dropped, until a new "
                        "start has read what the disk holds");
        }
        return drop_again_after(try_again_every);
    }
    if (until < drop_->segment) {
        boost::asio::post(strand_, [this, is_open = is_open_] {
            if (*is_open) {
                drop_old();
            }
        });
        return;
    }
    retention_.drop_before(drop_->segment);
    tell(fmt::format("{}: dropped the groups before {}, which were older than record.keep",
                     options_.directory.string(), drop_->body.first_index));
    drop_.reset();
    drop_again_after(look_every);
}

void SegmentLog::drop_again_after(Duration span) {
    const Duration given = options_.drop_again_for_test;
    drop_timer_.expires_after(given > Duration::zero() ? given : span);
    drop_timer_.async_wait([this, is_open = is_open_](const boost::system::error_code& error) {
        if (!error && *is_open) {
            drop_old();
        }
    });
}

}  // namespace homeostat::adapters::segment_log
