#include "cell_ledger.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/heal/entry_line_for_test.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace homeostat::matrix {

namespace {

namespace segment_log = adapters::segment_log;
using namespace std::chrono_literals;

bool asks_a_person(const Entry& entry) {
    const auto body = from_json<VerdictBody>(entry.body);
    return body && body->verdict.kind == VerdictKind::question;
}

}  // namespace

/// What is on its way to the ledger says how far an incident is.
void CellLedger::tell_phases(const EntryGroup& group) {
    for (const Entry& entry : group.entries) {
        switch (entry.kind) {
            case EntryKind::change:
                stage_.enter(Phase::menu);
                break;
            case EntryKind::opened:
                stage_.enter(Phase::guard);
                break;
            case EntryKind::intent:
                stage_.enter(Phase::intent);
                break;
            case EntryKind::outcome:
                stage_.enter(Phase::outcome);
                break;
            case EntryKind::undo:
                stage_.enter(Phase::undo);
                break;
            case EntryKind::verdict:
                if (asks_a_person(entry)) {
                    stage_.enter(Phase::approve);
                }
                break;
            default:
                break;
        }
    }
}

Task<Result<ports::Position>> CellLedger::append(EntryGroup group, ports::Durability durability) {
    tell_phases(group);
    // In the order of the calls, like the real one.
    busy_until_ = std::max(stage_.clock.now(), busy_until_) + 1ms;
    const Instant ready_at = busy_until_;
    co_await stage_.clock.sleep_until(ready_at);
    const Result<segment_log::Written> written = writer_->append(std::move(group), durability);
    if (!written) {
        co_return std::unexpected(written.error());
    }
    const EntryGroup& taken = written->stored.group;
    stage_.witness.see_group(taken, durability);
    stage_.sink.note(written->position);
    for (const Entry& entry : taken.entries) {
        if (entry.kind != EntryKind::checkpoint) {
            stage_.say("ledger: " + heal::line_for_test(entry));
        }
    }
    co_return written->position;
}

Result<void> CellLedger::replay(const std::function<void(const EntryGroup&)>& visit) {
    Result<segment_log::SegmentWriter> opened =
        segment_log::SegmentWriter::open({.directory = directory,
                                          .boot_id = "boot-1",
                                          .segment_bytes_max = std::size_t{1} << 20U,
                                          .probe = {},
                                          .disk = &stage_.disk});
    if (!opened) {
        return std::unexpected(opened.error());
    }
    writer_.emplace(std::move(*opened));
    std::vector<EntryGroup> groups;
    const Result<segment_log::LedgerEnd> end =
        writer_->read([&](const segment_log::FoundGroup& found) -> Result<void> {
            groups.push_back(found.stored.group);
            return {};
        });
    if (!end) {
        return std::unexpected(end.error());
    }
    std::ranges::for_each(groups, visit);
    return writer_->go_on_after(*end);
}

}  // namespace homeostat::matrix
