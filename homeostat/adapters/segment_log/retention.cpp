#include "homeostat/adapters/segment_log/retention.hpp"

#include "homeostat/base/fields.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::adapters::segment_log {

namespace {

/// Of the time between two boots. Machines are off for a night; what a clock without a battery
/// makes up is more.
constexpr std::chrono::milliseconds off_max = std::chrono::hours{24};

}  // namespace

Duration Retention::passed_until(const Moment& now) const {
    if (!latest_) {
        return {};
    }
    if (now.boot_id == latest_->boot_id) {
        return passed_ + std::max(Duration::zero(), Duration{now.at - latest_->at});
    }
    const Duration on = std::max(Duration::zero(), now.at.time_since_epoch());
    const auto on_ms = std::chrono::duration_cast<std::chrono::milliseconds>(on);
    const std::chrono::milliseconds off = now.wall_at - latest_->wall_at - on_ms;
    return passed_ + on + std::clamp(off, std::chrono::milliseconds::zero(), off_max);
}

void Retention::learn(const StoredGroup& stored, std::size_t segment) {
    const EntryGroup& group = stored.group;
    const Moment now{group.at, group.wall_at, group.boot_id};
    passed_ = passed_until(now);
    latest_ = now;
    const auto [found, is_new] = segments_.try_emplace(segment);
    if (is_new) {
        found->second = {group.index, stored.previous, group.wall_at, passed_, segment, 0};
    }
    found->second.newest_passed = passed_;
    found->second.newest_at = std::max(found->second.newest_at, group.wall_at);
    for (const Entry& entry : group.entries) {
        carried_.learn(entry);
        if (entry.kind != EntryKind::dropped) {
            entries_count_ += 1;
            learn_incident(entry, segment);
        } else if (const Result<DroppedBody> body = from_json<DroppedBody>(entry.body)) {
            entries_count_ = std::max(entries_count_, body->entries_count);
            first_index_recorded_ = std::max(first_index_recorded_, body->first_index);
        }
    }
}

/// As a start sees it: an incident is open from the first entry that names it, of whatever kind,
/// until it is closed. What names it later opens nothing, and is not kept without its `closed`.
void Retention::learn_incident(const Entry& entry, std::size_t segment) {
    if (entry.incident.text().empty()) {
        return;
    }
    const auto [found, is_new] =
        incidents_.try_emplace(entry.incident.text(), Incident{.first_segment = segment});
    Incident& incident = found->second;
    Segment& first = segments_[incident.first_segment];
    first.open_count += is_new ? 1 : 0;
    first.needs_last = std::max(first.needs_last, segment);
    if (entry.kind == EntryKind::closed && !std::exchange(incident.is_closed, true)) {
        first.open_count -= 1;
    }
}

std::optional<Retention::Cut> Retention::cut(const Moment& now) const {
    if (keep_ == Duration::zero() || segments_.empty()) {
        return std::nullopt;
    }
    const WallTime oldest_kept = now.wall_at - std::chrono::ceil<std::chrono::milliseconds>(keep_);
    const Duration passed = passed_until(now);
    auto first_kept = segments_.begin();
    std::size_t needs_last = 0;
    // The last segment is written to, and stays.
    for (auto at = segments_.begin(); std::next(at) != segments_.end(); ++at) {
        const Segment& segment = at->second;
        const bool is_old =
            segment.newest_at < oldest_kept && passed - segment.newest_passed > keep_;
        if (!is_old || segment.open_count > 0) {
            break;
        }
        needs_last = std::max(needs_last, segment.needs_last);
        if (needs_last <= at->first) {
            first_kept = std::next(at);
        }
    }
    if (first_kept == segments_.begin()) {
        return std::nullopt;
    }
    return Cut{first_kept->first, DroppedBody{.first_index = first_kept->second.first_index,
                                              .hash = first_kept->second.previous,
                                              .ledger = {},
                                              .entries_count = entries_count_,
                                              .keep = keep_,
                                              .carried = carried_}};
}

void Retention::drop_before(std::size_t segment) {
    segments_.erase(segments_.begin(), segments_.lower_bound(segment));
    std::erase_if(incidents_, [&](const auto& one) { return one.second.first_segment < segment; });
}

}  // namespace homeostat::adapters::segment_log
