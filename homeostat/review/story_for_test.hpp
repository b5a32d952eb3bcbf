#pragma once

// Told: a made-up ledger, entry by entry, a second or more apart, and what a review makes of it.
//
// Pure. For tests only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"
#include "homeostat/review/past.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace homeostat::review::for_test {

inline const ServiceId payments("payments");
inline const InstanceId payments_0("payments-0");
inline const Remedy rollback = Rollback{payments, VersionId("v2"), VersionId("v1")};
inline const Remedy restart_0 = Restart{payments_0};

/// Three that serve v2 behind an edge, with a circuit and a route.
inline Facts serving_facts() {
    Facts facts;
    facts.service = payments;
    facts.has_edge = true;
    facts.is_complete = true;
    facts.versions.deploy.current = VersionId("v2");
    for (int number = 0; number < 3; ++number) {
        InstanceFacts instance;
        instance.runtime.instance = InstanceId("payments-" + std::to_string(number));
        instance.runtime.is_alive = true;
        instance.runtime.identity = {100 + number, 1};
        instance.rotation = Rotation::in;
        facts.instances.push_back(std::move(instance));
    }
    facts.circuits.push_back({.neighbour = ServiceId("fraud")});
    facts.routes.push_back({.cache = CacheId("quotes")});
    return facts;
}

inline void replace(Facts& facts, std::size_t index) {
    facts.instances[index].runtime.identity.pid += 1000;
}

struct Told {
    Past past{};
    std::uint64_t index{0};
    int second{0};  ///< Of the latest entry.

    template <class Body>
    void tell(EntryKind kind, const Body& body, const std::string& id = "i-1") {
        EntryGroup group;
        group.index = index++;
        group.wall_at = WallTime{std::chrono::seconds{second}};
        group.at = instant_of_ns(0) + std::chrono::seconds{1000 + second};
        group.entries.push_back({kind, IncidentId(id), to_json(body)});
        note(past, group);
    }

    void wait(int seconds) { second += seconds; }

    /// The symptom began two seconds before.
    void open(const Remedy& remedy,
              const std::string& id = "i-1",
              SymptomKind symptom = SymptomKind::errors) {
        Proposal proposal;
        proposal.service = payments;
        proposal.symptom.kind = symptom;
        proposal.symptom.began_at = instant_of_ns(0) + std::chrono::seconds{1000 + second - 2};
        proposal.choice.remedy = remedy;
        tell(EntryKind::opened, proposal, id);
    }

    void refuse_by_autonomy(const Remedy& remedy, const Facts& facts, const std::string& id) {
        Grounds grounds;
        grounds.facts = facts;
        tell(EntryKind::verdict,
             VerdictBody{remedy,
                         std::nullopt,
                         {.kind = VerdictKind::refusal,
                          .rule = std::string(autonomy_rule),
                          .because = "rollback stands at watch"},
                         grounds},
             id);
    }

    void ask(const Remedy& remedy, const std::string& id = "i-1") {
        tell(EntryKind::verdict,
             VerdictBody{remedy,
                         std::nullopt,
                         {.kind = VerdictKind::question, .rule = "a person has agreed"},
                         std::nullopt},
             id);
    }

    void answer(const Remedy& remedy, PersonSays says, const std::string& id = "i-1") {
        AnsweredBody body;
        body.remedy = remedy;
        body.says = says;
        body.by = "alice";
        tell(EntryKind::answered, body, id);
    }

    void begin(const Remedy& remedy, const std::string& by = "", const std::string& id = "i-1") {
        IntentBody body;
        body.effect = EffectId(id + ".e1");
        body.remedy = remedy;
        body.step = Drain{payments_0};
        body.approved_by = by;
        tell(EntryKind::intent, body, id);
    }

    void prove(const Remedy& remedy, ProofKind kind, const std::string& id = "i-1") {
        ProofBody body{remedy, {}};
        body.proof.kind = kind;
        tell(EntryKind::proof, body, id);
    }

    void close(CloseKind how, const std::string& id = "i-1") {
        ClosedBody body;
        body.how = how;
        tell(EntryKind::closed, body, id);
    }

    /// A whole incident that was only watched, for so many seconds; `after`: null: not recorded.
    void watch(const Remedy& remedy, const Facts* after, const std::string& id, int seconds = 30) {
        open(remedy, id);
        refuse_by_autonomy(remedy, serving_facts(), id);
        wait(seconds);
        if (after != nullptr) {
            tell(EntryKind::aftermath, AftermathBody{*after}, id);
        }
        close(CloseKind::passed, id);
    }

    /// A whole incident in which it was done, and how that was proven.
    void act(const Remedy& remedy,
             ProofKind proof,
             const std::string& id,
             const std::string& by = "",
             int seconds = 5) {
        open(remedy, id);
        if (!by.empty()) {
            ask(remedy, id);
            answer(remedy, PersonSays::approved, id);
        }
        wait(seconds);
        begin(remedy, by, id);
        prove(remedy, proof, id);
        wait(60);
        close(proof == ProofKind::helped ? CloseKind::healed : CloseKind::passed, id);
    }
};

}  // namespace homeostat::review::for_test
