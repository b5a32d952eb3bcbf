#include "homeostat/advise/past.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace homeostat::advise {

namespace {

Proposal proposal_of(std::vector<Cause> causes) {
    Proposal proposal;
    proposal.service = ServiceId("payments");
    proposal.diagnosis.causes = std::move(causes);
    return proposal;
}

const Cause overload{CauseKind::overload, 0.85, ""};
const Cause leak{CauseKind::memory_leak, 0.85, ""};

/// A ledger that is told group by group.
struct Told {
    Past past{};
    std::optional<WallTime> since{};

    template <class Body>
    void tell(int second, EntryKind kind, const Body& body, const std::string& id = "i-1") {
        EntryGroup group;
        group.wall_at = WallTime{std::chrono::seconds{second}};
        group.entries.push_back({kind, IncidentId(id), to_json(body)});
        note(past, group, since);
    }
};

}  // namespace

TEST_CASE("the cause of an incident is the heaviest of what was proposed last") {
    Told told;
    told.tell(1, EntryKind::opened, proposal_of({overload}));
    told.tell(2, EntryKind::proposed, proposal_of({leak, {CauseKind::overload, 0.5, ""}}));
    told.tell(3, EntryKind::closed, ClosedBody{});
    REQUIRE(told.past.closed.size() == 1);
    CHECK(told.past.closed[0].cause == leak);
    CHECK(told.past.closed[0].opened_at == WallTime{std::chrono::seconds{1}});
    CHECK(told.past.closed[0].closed_at == WallTime{std::chrono::seconds{3}});
    CHECK(told.past.open.empty());
}

TEST_CASE("a cause that was not believed in is unknown") {
    Told told;
    told.tell(1, EntryKind::opened, proposal_of({{CauseKind::bad_deploy, 0.5, ""}}));
    told.tell(2, EntryKind::closed, ClosedBody{});
    CHECK(told.past.closed.at(0).cause.kind == CauseKind::unknown);
}

TEST_CASE("only what is closed counts, and only what was opened in time") {
    Told told{.since = WallTime{std::chrono::seconds{5}}};
    told.tell(1, EntryKind::opened, proposal_of({leak}));
    told.tell(6, EntryKind::closed, ClosedBody{});
    told.tell(7, EntryKind::opened, proposal_of({leak}), "i-2");
    CHECK(told.past.closed.empty());
    CHECK(told.past.open.size() == 1);
    told.tell(8, EntryKind::closed, ClosedBody{}, "i-2");
    CHECK(told.past.closed.size() == 1);
}

TEST_CASE("a remedy helped where a proof says so, and what cannot be read is passed over") {
    Told told;
    told.tell(1, EntryKind::opened, proposal_of({overload}));
    Proof proof;
    proof.kind = ProofKind::not_helped;
    told.tell(2, EntryKind::proof, ProofBody{Restart{InstanceId("payments-0")}, proof});
    proof.kind = ProofKind::helped;
    told.tell(3, EntryKind::proof, ProofBody{Scale{ServiceId("payments"), 3, 5}, proof});
    told.tell(4, EntryKind::proof, ClosedBody{});
    told.tell(5, EntryKind::proposed, ClosedBody{});
    told.tell(6, EntryKind::closed, ClosedBody{});
    CHECK(told.past.closed.at(0).helped == std::vector{RemedyKind::scale});
    CHECK(told.past.closed.at(0).cause == overload);
}

}  // namespace homeostat::advise
