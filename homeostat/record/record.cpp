#include "homeostat/record/record.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/record/redact.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::record {

namespace {

template <class Body>
Entry entry_of(EntryKind kind, const IncidentId& incident, const Body& body) {
    json::value kept = to_json(body);
    redact(kept);  // Before it is hashed: what is in the chain once cannot be taken out.
    return {.kind = kind, .incident = incident, .body = std::move(kept)};
}

/// Cuts before a character of UTF-8 rather than in the middle of one. Redacts first: half of a
/// secret no longer looks like one.
std::string cut(std::string_view whole, std::size_t bytes_max) {
    std::string text = redact(whole);
    constexpr unsigned char lead_mask = 0xC0U;
    constexpr unsigned char continuation = 0x80U;
    if (text.size() > bytes_max) {
        std::size_t end = bytes_max;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & lead_mask) == continuation) {
            --end;
        }
        text.resize(end);
    }
    return text;
}

/// A service may have a thousand versions, and each superstep of a remedy writes its facts.
template <class AnyGrounds>
void cut(std::optional<AnyGrounds>& grounds, const Remedy& remedy) {
    if (!grounds) {
        return;
    }
    const auto* rollback = std::get_if<Rollback>(&remedy);
    for (const Artifact artifact : artifacts_all) {
        const bool is_meant = rollback != nullptr && rollback->artifact == artifact;
        const auto is_beside_the_point = [&](const VersionId& version) {
            return !is_meant || (version != rollback->from && version != rollback->to);
        };
        VersionFacts& versions = grounds->facts.versions[artifact];
        std::erase_if(versions.present, is_beside_the_point);
        std::erase_if(versions.good, is_beside_the_point);
        std::erase_if(versions.parts, [&](const PartInForce& part) {
            return is_beside_the_point(part.version) || is_beside_the_point(part.other);
        });
    }
}

Entry entry_of_switch(EntryKind kind, SwitchBody body) {
    body.by = cut(body.by, name_bytes_max);
    body.because = cut(body.because, because_bytes_max);
    return entry_of(kind, {}, body);
}

}  // namespace

Proposal redacted(Proposal proposal) {
    for (Cause& cause : proposal.diagnosis.causes) {
        cause.because = redact(cause.because);
    }
    for (std::vector<std::string>* lines :
         {&proposal.diagnosis.evidence.lines, &proposal.diagnosis.names,
          &proposal.diagnosis.measured}) {
        for (std::string& line : *lines) {
            line = redact(line);
        }
    }
    for (MenuItem& item : proposal.menu.items) {
        item.because = redact(item.because);
    }
    if (proposal.unseen) {
        proposal.unseen->resize(std::min(proposal.unseen->size(), unseen_max));
        for (std::string& source : *proposal.unseen) {
            source = redact(source);
        }
    }
    proposal.choice.model_trouble = redact(proposal.choice.model_trouble);
    return proposal;
}

std::string words_of_person(std::string_view words) {
    return cut(words, because_bytes_max);
}

Entry started(const StartedBody& body) {
    return entry_of(EntryKind::started, {}, body);
}

Entry opened(const IncidentId& incident, const Proposal& proposal) {
    return entry_of(EntryKind::opened, incident, proposal);
}

Entry proposed(const IncidentId& incident, const Proposal& proposal) {
    return entry_of(EntryKind::proposed, incident, proposal);
}

Entry verdict(const IncidentId& incident, VerdictBody body) {
    cut(body.grounds, body.remedy);
    return entry_of(EntryKind::verdict, incident, body);
}

Entry answered(const IncidentId& incident, AnsweredBody body) {
    body.by = cut(body.by, name_bytes_max);
    body.because = cut(body.because, because_bytes_max);
    return entry_of(EntryKind::answered, incident, body);
}

Entry intent(const IncidentId& incident, IntentBody body) {
    cut(body.grounds, body.remedy);
    return entry_of(EntryKind::intent, incident, body);
}

Entry outcome(const IncidentId& incident, const OutcomeBody& body) {
    return entry_of(EntryKind::outcome, incident, body);
}

Entry proof(const IncidentId& incident, const Remedy& remedy, const Proof& proof) {
    return entry_of(EntryKind::proof, incident, ProofBody{remedy, proof});
}

Entry undo(const IncidentId& incident, UndoBody body) {
    body.by = cut(body.by, name_bytes_max);
    body.because = cut(body.because, because_bytes_max);
    return entry_of(EntryKind::undo, incident, body);
}

Entry held(const IncidentId& incident, const HeldBody& body) {
    return entry_of(EntryKind::held, incident, body);
}

Entry given_back(const IncidentId& incident, GivenBackBody body) {
    cut(body.grounds, body.remedy);
    return entry_of(EntryKind::given_back, incident, body);
}

Entry escalated(const IncidentId& incident, EscalatedBody body) {
    body.because = cut(body.because, reason_bytes_max);
    return entry_of(EntryKind::escalated, incident, body);
}

Entry closed(const IncidentId& incident, CloseKind how, const std::vector<Remedy>& tried) {
    return entry_of(EntryKind::closed, incident, ClosedBody{how, tried});
}

Entry closed_by_person(const IncidentId& incident, ClosedBody body) {
    body.how = CloseKind::by_person;
    body.by = cut(body.by, name_bytes_max);
    body.because = cut(body.because, because_bytes_max);
    return entry_of(EntryKind::closed, incident, body);
}

Entry aftermath(const IncidentId& incident, AftermathBody body) {
    for (const Artifact artifact : artifacts_all) {
        VersionFacts& versions = body.facts.versions[artifact];
        versions.present.clear();
        versions.good.clear();
        versions.parts.clear();
    }
    return entry_of(EntryKind::aftermath, incident, body);
}

Entry change(const Change& change) {
    return entry_of(EntryKind::change, {}, change);
}

Entry gap(GapBody body) {
    body.because = cut(body.because, because_bytes_max);
    return entry_of(EntryKind::gap, {}, body);
}

Entry good(const GoodBody& body) {
    return entry_of(EntryKind::good, {}, body);
}

Entry suspended(SwitchBody body) {
    return entry_of_switch(EntryKind::suspended, std::move(body));
}

Entry resumed(SwitchBody body) {
    return entry_of_switch(EntryKind::resumed, std::move(body));
}

Entry demoted(Demotion body) {
    body.by = cut(body.by, name_bytes_max);
    body.because = cut(body.because, reason_bytes_max);
    const IncidentId incident = body.incident;
    return entry_of(EntryKind::demoted, incident, body);
}

Entry promoted(PromotedBody body) {
    body.by = cut(body.by, name_bytes_max);
    body.because = cut(body.because, because_bytes_max);
    return entry_of(EntryKind::promoted, {}, body);
}

Entry pledge(const PledgeBody& body) {
    return entry_of(EntryKind::pledge, {}, body);
}

Entry dimming(const DimmingBody& body) {
    return entry_of(EntryKind::dimming, {}, body);
}

Entry dimmed(DimmedBody body) {
    body.outcome.because = cut(body.outcome.because, because_bytes_max);
    return entry_of(EntryKind::dimmed, {}, body);
}

Entry marking(const MarkingBody& body) {
    return entry_of(EntryKind::marking, {}, body);
}

Entry marked(MarkedBody body) {
    body.outcome.because = cut(body.outcome.because, because_bytes_max);
    return entry_of(EntryKind::marked, {}, body);
}

Entry feed(FeedBody body) {
    body.because = cut(body.because, because_bytes_max);
    return entry_of(EntryKind::feed, {}, body);
}

Entry checkpoint(const IncidentId& incident, json::value state) {
    redact(state);
    return {.kind = EntryKind::checkpoint, .incident = incident, .body = std::move(state)};
}

}  // namespace homeostat::record
