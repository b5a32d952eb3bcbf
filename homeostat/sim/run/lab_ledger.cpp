#include "homeostat/base/fields.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"
#include "homeostat/sim/run/lab_ports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace homeostat::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool holds(const EntryGroup& group, EntryKind kind) {
    return std::ranges::any_of(group.entries,
                               [&](const Entry& entry) { return entry.kind == kind; });
}

/// " intent, verdict"; a checkpoint goes with every group.
std::string kinds_in(const EntryGroup& group) {
    std::string kinds;
    for (const Entry& entry : group.entries) {
        if (entry.kind != EntryKind::checkpoint) {
            kinds += fmt::format("{} {}", kinds.empty() ? "" : ",", to_text(entry.kind));
        }
    }
    return kinds;
}

template <class Body, class F>
std::string told_of(const Entry& entry, F&& tell) {
    const Result<Body> body = from_json<Body>(entry.body);
    return body ? tell(*body) : body.error().text;
}

std::string gist_of_outcome(const OutcomeBody& body) {
    return fmt::format("{}: {}{}", body.effect.text(), to_text(body.outcome.kind),
                       body.is_read_back ? ", read back" : "");
}

/// What a reader of a trace wants to know of it; empty where the kind says all.
std::string gist_of(const Entry& entry) {
    switch (entry.kind) {
        case EntryKind::opened:
        case EntryKind::proposed:
            return told_of<Proposal>(entry, [](const Proposal& body) {
                return fmt::format("{} of {}: {}", to_text(body.symptom.kind),
                                   body.symptom.subject.name, describe(body.choice.remedy));
            });
        case EntryKind::verdict:
            return told_of<VerdictBody>(entry, [](const VerdictBody& body) {
                return fmt::format("{}: {} ({})", describe(body.remedy), to_text(body.verdict.kind),
                                   body.verdict.rule);
            });
        case EntryKind::intent:
            return told_of<IntentBody>(entry, [](const IntentBody& body) {
                return fmt::format("{}: {}", body.effect.text(), describe(body.step));
            });
        case EntryKind::outcome:
            return told_of<OutcomeBody>(entry, gist_of_outcome);
        case EntryKind::proof:
            return told_of<ProofBody>(entry, [](const ProofBody& body) {
                return fmt::format("{}: {}", describe(body.remedy), to_text(body.proof.kind));
            });
        case EntryKind::escalated:
            return told_of<EscalatedBody>(entry,
                                          [](const EscalatedBody& body) { return body.because; });
        default:
            return {};
    }
}

void tell(Machine& machine, const EntryGroup& group) {
    for (const Entry& entry : group.entries) {
        if (entry.kind == EntryKind::checkpoint) {
            continue;
        }
        const std::string gist = gist_of(entry);
        machine.say(fmt::format("ledger {}: {} {} {}", group.index, to_text(entry.kind),
                                entry.incident.text(), gist));
        machine.trace().reached(fmt::format("entry {}", to_text(entry.kind)));
        if (entry.kind == EntryKind::escalated && gist.contains("when that was chosen")) {
            machine.trace().reached("nothing chosen for want of sight");
        }
    }
}

}  // namespace

Result<void> LabLedger::open() {
    if (writer_) {
        return {};
    }
    Result<segment_log::SegmentWriter> opened =
        segment_log::SegmentWriter::open({.directory = LedgerDisk::directory,
                                          .boot_id = machine_.boot_id(),
                                          .segment_bytes_max = LedgerDisk::segment_bytes_max,
                                          .probe = {},
                                          .disk = &machine_.disk().calls()});
    if (!opened) {
        return std::unexpected<Error>(opened.error());
    }
    writer_.emplace(std::move(*opened));
    return {};
}

/// Of what a predecessor sent, wrote and was told of.
void LabLedger::mark_what_was_found(std::size_t groups_count, const segment_log::LedgerEnd& end) {
    LedgerProgress& progress = machine_.ledger();
    Trace& trace = machine_.trace();
    if (groups_count > progress.answered_count) {
        trace.reached("a record arrived and nobody was told");
    }
    if (groups_count < progress.written_count) {
        trace.reached("a power loss took what was written");
    } else if (groups_count < progress.sent_count) {
        trace.reached("a record was lost on its way");
    }
    if (end.torn_tail_bytes > 0) {
        trace.reached("a torn record was cut off");
    }
    if (end.segments_count > 1) {
        trace.reached("the ledger has several segments");
    }
    progress = {groups_count, groups_count, groups_count};
}

Result<void> LabLedger::recover(std::vector<EntryGroup>& groups) {
    const Result<segment_log::LedgerEnd> end =
        writer_->read([&](const segment_log::FoundGroup& found) -> Result<void> {
            groups.push_back(found.stored.group);
            return {};
        });
    if (!end) {
        return std::unexpected<Error>(end.error());
    }
    machine_.referee().see_replay(groups);
    if (Result<void> ready = writer_->go_on_after(*end); !ready) {
        return ready;
    }
    next_index_ = end->chain.next_index;
    mark_what_was_found(groups.size(), *end);
    machine_.referee().see_bytes_lost(machine_.disk().what_is_lost());
    machine_.disk().remember_written();
    machine_.disk().remember_synced();
    machine_.referee().see_synced();
    machine_.referee().see_ledger(true);
    return {};
}

Result<void> LabLedger::replay(const std::function<void(const EntryGroup&)>& visit) {
    std::vector<EntryGroup> groups;
    Result<void> done = open();
    done = done ? recover(groups) : done;
    if (done) {
        std::ranges::for_each(groups, visit);
    }
    return done;
}

Duration LabLedger::draw_time() {
    return machine_.meets(Way::ledger, TroubleKind::slow)
               ? machine_.draw_duration(milliseconds{50}, seconds{1})
               : machine_.draw_duration(Duration{50'000}, milliseconds{3});
}

void LabLedger::note_failure(const Error& error) {
    machine_.referee().see_ledger(false);
    if (!std::exchange(is_failure_told_, true)) {
        machine_.say("the ledger does not take it: " + error.text);
        machine_.trace().reached(error.fault == Fault::full ? "ledger full" : "ledger broken");
    }
    if (writer_->poisoned_by() && !std::exchange(is_broken_told_, true)) {
        machine_.ledger_is_broken();
    }
}

Result<ports::Position> LabLedger::write(EntryGroup group) {
    // As the writer will.
    group.index = next_index_;
    group.boot_id = machine_.boot_id();
    machine_.referee().see_sent(group);
    machine_.kill_points().be_about(kinds_in(group));
    const Result<segment_log::Written> written = writer_->append(group, ports::Durability::written);
    machine_.kill_points().be_about({});
    if (!written) {
        return std::unexpected<Error>(written.error());
    }
    next_index_ += 1;
    machine_.ledger().written_count = next_index_;
    machine_.disk().remember_written();
    machine_.referee().see_taken(group);
    tell(machine_, group);
    return written->position;
}

Result<void> LabLedger::sync() {
    const Result<void> done = writer_->sync();
    if (done) {
        machine_.disk().remember_synced();
        machine_.referee().see_synced();
    }
    return done;
}

Task<Result<ports::Position>> LabLedger::append(EntryGroup group, ports::Durability durability) {
    // In the order of the calls, like the real one.
    const Instant begins_at = std::max(clock_.now(), busy_until_);
    const Duration takes = draw_time();
    busy_until_ = begins_at + takes;
    machine_.ledger().sent_count += 1;
    co_await clock_.sleep_until(begins_at + takes / 4);
    const bool has_intent = holds(group, EntryKind::intent);
    const bool ends_a_gap = holds(group, EntryKind::gap);
    Result<ports::Position> position = write(std::move(group));
    if (position && durability == ports::Durability::synced) {
        co_await clock_.sleep_until(begins_at + takes / 2);
        if (const Result<void> synced = sync(); !synced) {
            position = std::unexpected<Error>(synced.error());
        }
    }
    if (position && has_intent) {
        machine_.tempt_death();
    }
    // It is there, or not, and we are not told yet.
    co_await clock_.sleep_until(begins_at + takes);
    if (!position) {
        note_failure(position.error());
    } else {
        machine_.ledger().answered_count = position->index + 1;
        if (ends_a_gap) {
            is_failure_told_ = false;
            machine_.say("the ledger has room again");
            machine_.trace().reached("ledger has room again");
            machine_.referee().see_ledger(true);
        }
    }
    co_return position;
}

}  // namespace homeostat::sim
