#include "homeostat/base/fields.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"
#include "homeostat/sim/run/lab_ports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace homeostat::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool holds_intent(const EntryGroup& group) {
    return std::ranges::any_of(group.entries,
                               [](const Entry& entry) { return entry.kind == EntryKind::intent; });
}

/// What a reader of a trace wants to know of it; empty where the kind says all.
std::string gist_of(const Entry& entry) {
    if (entry.kind == EntryKind::opened || entry.kind == EntryKind::proposed) {
        const Result<Proposal> body = from_json<Proposal>(entry.body);
        return body ? fmt::format("{} of {}: {}", to_text(body->symptom.kind),
                                  body->symptom.subject.name, describe(body->choice.remedy))
                    : body.error().text;
    }
    if (entry.kind == EntryKind::verdict) {
        const Result<VerdictBody> body = from_json<VerdictBody>(entry.body);
        return body ? fmt::format("{}: {} ({})", describe(body->remedy),
                                  to_text(body->verdict.kind), body->verdict.rule)
                    : body.error().text;
    }
    if (entry.kind == EntryKind::proof) {
        const Result<ProofBody> body = from_json<ProofBody>(entry.body);
        return body ? fmt::format("{}: {}", describe(body->remedy), to_text(body->proof.kind))
                    : body.error().text;
    }
    if (entry.kind == EntryKind::escalated) {
        const Result<EscalatedBody> body = from_json<EscalatedBody>(entry.body);
        return body ? body->because : body.error().text;
    }
    return {};
}

void tell(Machine& machine, const EntryGroup& group) {
    for (const Entry& entry : group.entries) {
        if (entry.kind == EntryKind::checkpoint) {
            continue;
        }
        machine.say(fmt::format("ledger {}: {} {} {}", group.index, to_text(entry.kind),
                                entry.incident.text(), gist_of(entry)));
        machine.trace().reached(fmt::format("entry {}", to_text(entry.kind)));
    }
}

}  // namespace

Task<Result<ports::Position>> LabLedger::append(EntryGroup group, ports::Durability) {
    LedgerStore& store = machine_.store();
    if (!store.is_open) {
        co_return fail(Fault::full, "no space left on the disk");
    }
    const bool has_intent = holds_intent(group);
    group.boot_id = boot_id_;
    store.in_flight.push_back(std::move(group));
    // In the order of the calls, like the real one.
    const bool is_slow = machine_.meets(Way::ledger, TroubleKind::slow);
    const Duration takes = is_slow ? machine_.draw_duration(milliseconds{50}, seconds{1})
                                   : machine_.draw_duration(Duration{50'000}, milliseconds{3});
    busy_until_ = std::max(clock_.now(), busy_until_) + takes;
    co_await clock_.sleep_until(busy_until_);
    EntryGroup written = std::move(store.in_flight.front());
    store.in_flight.pop_front();
    written.index = store.groups.size();
    machine_.referee().see_durable(written);
    tell(machine_, written);
    store.groups.push_back(std::move(written));
    if (has_intent) {
        machine_.tempt_death();
    }
    co_return ports::Position{store.groups.back().index, {}};
}

Result<void> LabLedger::replay(const std::function<void(const EntryGroup&)>& visit) {
    machine_.referee().see_replay(machine_.store().groups);
    for (const EntryGroup& group : machine_.store().groups) {
        visit(group);
    }
    return {};
}

}  // namespace homeostat::sim
