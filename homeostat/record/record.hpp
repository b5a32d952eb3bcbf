#pragma once

// record: any of the nouns → ledger entry. The front door of the stage.
//
// One function per kind of entry, so that nobody writes a kind by hand next to a body that does not
// fit it. The bodies and their fields stand in domain/entry_bodies.hpp; texts from people and facts
// are cut here to what a record may hold, and every text is redacted (redact.hpp).
//
// Pure.

#include "homeostat/base/json.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/demotion.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/entry_bodies_feeds.hpp"
#include "homeostat/domain/entry_bodies_pledges.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/proof.hpp"
#include "homeostat/domain/proposal.hpp"
#include "homeostat/domain/remedy.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::record {

constexpr std::size_t because_bytes_max = 200;  ///< Of what a person said to us.
constexpr std::size_t reason_bytes_max = 1000;  ///< Of our own reason for an escalation.

/// Its texts without secrets. For a state that is kept by other means than an entry's body.
[[nodiscard]] Proposal redacted(Proposal proposal);

/// What a person said, cut to `because_bytes_max` and without secrets.
[[nodiscard]] std::string words_of_person(std::string_view words);

[[nodiscard]] Entry started(const StartedBody& body);
[[nodiscard]] Entry opened(const IncidentId& incident, const Proposal& proposal);
[[nodiscard]] Entry proposed(const IncidentId& incident, const Proposal& proposal);
[[nodiscard]] Entry verdict(const IncidentId& incident, VerdictBody body);
[[nodiscard]] Entry answered(const IncidentId& incident, AnsweredBody body);
[[nodiscard]] Entry intent(const IncidentId& incident, IntentBody body);
[[nodiscard]] Entry outcome(const IncidentId& incident, const OutcomeBody& body);
[[nodiscard]] Entry proof(const IncidentId& incident, const Remedy& remedy, const Proof& proof);
[[nodiscard]] Entry undo(const IncidentId& incident, UndoBody body);
[[nodiscard]] Entry held(const IncidentId& incident, const HeldBody& body);
[[nodiscard]] Entry given_back(const IncidentId& incident, GivenBackBody body);
[[nodiscard]] Entry escalated(const IncidentId& incident, EscalatedBody body);
[[nodiscard]] Entry closed(const IncidentId& incident,
                           CloseKind how,
                           const std::vector<Remedy>& tried);
[[nodiscard]] Entry closed_by_person(const IncidentId& incident, ClosedBody body);
[[nodiscard]] Entry aftermath(const IncidentId& incident, AftermathBody body);
[[nodiscard]] Entry change(const Change& change);
[[nodiscard]] Entry good(const GoodBody& body);
[[nodiscard]] Entry gap(GapBody body);
[[nodiscard]] Entry suspended(SwitchBody body);
[[nodiscard]] Entry resumed(SwitchBody body);
[[nodiscard]] Entry demoted(Demotion body);
[[nodiscard]] Entry promoted(PromotedBody body);
[[nodiscard]] Entry pledge(const PledgeBody& body);
[[nodiscard]] Entry dimming(const DimmingBody& body);
[[nodiscard]] Entry dimmed(DimmedBody body);
[[nodiscard]] Entry marking(const MarkingBody& body);
[[nodiscard]] Entry marked(MarkedBody body);
[[nodiscard]] Entry feed(FeedBody body);
/// The state of a graph thread, as the graph wrote it.
[[nodiscard]] Entry checkpoint(const IncidentId& incident, json::value state);

}  // namespace homeostat::record
