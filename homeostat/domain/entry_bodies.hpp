#pragma once

// The bodies of ledger entries. An `opened` and a `proposed` entry hold a Proposal, a `change`
// entry a Change; what people say stands in entry_bodies_people.hpp, the others are below. Readers
// (the budget, `explain`, `replay`) parse the same structs that the writers wrote. What is optional
// is absent in older records. Pure; values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ending_bodies.hpp"
#include "homeostat/domain/entry_bodies_people.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/grounds.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/proof.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/domain/step.hpp"
#include "homeostat/domain/verdict.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat {

struct StartedBody {
    std::string version;        ///< Of the program.
    std::string config_digest;  ///< SHA-256 of the configuration file, hex.
    ServiceId service;
    std::int32_t pid{0};
    std::optional<json::value> settings{};  ///< What decisions rest on: heal::DecisionSettings.
    std::optional<Instant> recovered_at{};  ///< When it had read the ledger.

    static void fields(auto& self, auto&& field) {
        field("version", self.version);
        field("config_digest", self.config_digest);
        field("service", self.service);
        field("pid", self.pid);
        field("settings", self.settings);
        field("recovered_at", self.recovered_at);
    }
};

struct VerdictBody {
    Remedy remedy;
    std::optional<Step> step;  ///< Absent when the remedy as a whole was asked for.
    Verdict verdict;
    std::optional<Grounds> grounds{};

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("step", self.step);
        field("verdict", self.verdict);
        field("grounds", self.grounds);
    }
};

struct IntentBody {
    EffectId effect;
    Remedy remedy;
    Step step;
    bool is_reflex{false};
    bool is_undo{false};
    std::uint32_t serving_count{0};       ///< Of the group, when guard looked.
    std::optional<InstanceFacts> target;  ///< The instance as it was; absent for swap_version.
    std::optional<Grounds> grounds{};     ///< Of the permit.
    std::string approved_by{};            ///< Who agreed; empty where nobody had to be asked.

    static void fields(auto& self, auto&& field) {
        field("effect", self.effect);
        field("remedy", self.remedy);
        field("step", self.step);
        field("is_reflex", self.is_reflex);
        field("is_undo", self.is_undo);
        field("serving_count", self.serving_count);
        field("target", self.target);
        field("grounds", self.grounds);
        field("approved_by", self.approved_by, may_be_absent);
    }
};

struct OutcomeBody {
    EffectId effect;
    Outcome outcome;
    bool is_read_back{false};  ///< No reply was to be had: the world was read instead.

    static void fields(auto& self, auto&& field) {
        field("effect", self.effect);
        field("outcome", self.outcome);
        field("is_read_back", self.is_read_back);
    }
};

struct ProofBody {
    Remedy remedy;
    Proof proof;

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("proof", self.proof);
    }
};

struct UndoBody {
    Remedy remedy;          ///< What did not help, or what a person takes back.
    Remedy inverse;         ///< What is done about it.
    std::string by{};       ///< User name of whoever ordered it; empty: verification did.
    std::string because{};  ///< Their words; at most 200 bytes, never decided on.
    std::optional<IncidentId> undoes{};  ///< That did it, and is closed; absent: this one.
    std::optional<SignedLeave> leave{};  ///< Where approvers sign: enough to check it by itself.

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("inverse", self.inverse);
        field("by", self.by, may_be_absent);
        field("because", self.because, may_be_absent);
        field("undoes", self.undoes);
        field("leave", self.leave);
    }
};

struct HeldBody {
    Remedy remedy;
    Instant until{};         ///< Given back then at the latest.
    bool is_residue{false};  ///< Left so by a remedy that was given up, and given back at once.

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("until", self.until);
        field("is_residue", self.is_residue, may_be_absent);
    }
};

struct GivenBackBody {
    Remedy remedy;
    Remedy inverse;
    std::string because;
    std::optional<HoldGrounds> grounds{};

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("inverse", self.inverse);
        field("because", self.because);
        field("grounds", self.grounds);
    }
};

/// The ledger took no entries for a while. What could be kept of that time stands before this.
struct GapBody {
    WallTime since{};         ///< When the first entry was not taken.
    std::string because;      ///< What the ledger said then.
    std::uint64_t groups{0};  ///< Kept meanwhile and recorded late.

    static void fields(auto& self, auto&& field) {
        field("since", self.since);
        field("because", self.because);
        field("groups", self.groups);
    }
};

struct GoodBody {
    VersionId version;
    Duration served_for{};  ///< As the current one, without an incident.
    Artifact artifact{Artifact::deploy};

    static void fields(auto& self, auto&& field) {
        field("version", self.version);
        field("served_for", self.served_for);
        field("artifact", self.artifact, may_be_absent);
    }
};

extern template struct fields_detail::Codec<VerdictBody>;
extern template struct fields_detail::Codec<IntentBody>;

}  // namespace homeostat
