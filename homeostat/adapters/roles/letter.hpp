#pragma once

// Letter: what the agent tells the executor when they are two processes, as signed bytes, and back.
//
// A letter is JSON with its signature last, and what is signed begins with words that nothing else
// of ours is signed under. It names the key that signed it, the life of the executor that it is
// for, the *stamp* that the executor gave out last, the agent's own life (*epoch*) and its place in
// it: the desk (letter_desk.hpp) takes each once and in order. A stamp cannot be foreseen and is
// soon worth nothing, so no letter can be written for later, whatever anybody says of the time.
// Reading is strict and everything has a most; nothing in it is believed.
//
// Instants are the executor's: the agent translates, because it alone knows both clocks.
//
// An agent that sees some instances only says which (scope.hpp); without that it speaks of the
// whole, as letters of older agents do.
//
// Pure.

#include "homeostat/adapters/roles/scope.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/proposal.hpp"
#include "homeostat/domain/symptom.hpp"
#include "homeostat/mesh/ed25519.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace homeostat::adapters::roles {

/// Where letters are taken.
constexpr std::string_view letters_path = "/v1/letters";

/// A proposal with a full menu, two rankings and evidence needs a third of it.
constexpr std::size_t letter_bytes_max = std::size_t{64} << 10U;
constexpr std::size_t symptoms_max = 32;
constexpr std::size_t troubles_max = 16;
constexpr std::size_t trouble_bytes_max = 256;
constexpr std::uint64_t number_max = (std::uint64_t{1} << 53U) - 1;  ///< What any JSON keeps.

/// What the agent sees now, and asks how it stands.
struct Look {
    static constexpr std::string_view kind_name = "look";
    std::vector<Symptom> symptoms;
    std::vector<std::string> troubles;  ///< Sources that do not answer, and the like; for people.

    static void fields(auto& self, auto&& field) {
        field("symptoms", self.symptoms);
        field("troubles", self.troubles);
    }
};

struct Submit {
    static constexpr std::string_view kind_name = "submit";
    Proposal proposal;
    /// The incident that wants a second opinion, as far as the agent knows; none: a new one.
    std::optional<IncidentId> answers;

    static void fields(auto& self, auto&& field) {
        field("proposal", self.proposal);
        field("answers", self.answers);
    }
};

struct Clear {
    static constexpr std::string_view kind_name = "clear";
    Symptom symptom;

    static void fields(auto& self, auto&& field) { field("symptom", self.symptom); }
};

struct Note {
    static constexpr std::string_view kind_name = "note";
    Change change;

    static void fields(auto& self, auto&& field) { field("change", self.change); }
};

using LetterBody = std::variant<Look, Submit, Clear, Note>;

struct Letter {
    ServiceId service;
    std::string agent;  ///< Its public key, 64 hex digits.
    std::string life;   ///< Of the executor that it is for; empty: not heard of yet.
    std::string stamp;  ///< Of its last reply; empty: none came yet.
    std::uint64_t epoch{0};
    std::uint64_t sequence{0};
    std::optional<Scope> scope{};  ///< None: it speaks of the whole.
    LetterBody body;

    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("agent", self.agent);
        field("life", self.life);
        field("stamp", self.stamp);
        field("epoch", self.epoch);
        field("sequence", self.sequence);
        field("scope", self.scope);
        field("body", self.body);
    }
};

/// Why a letter was thrown away. Each changes nothing but its own count.
enum class Discard : std::uint8_t {
    oversized,      ///< Nothing of it was read.
    malformed,      ///< No letter, or out of bounds.
    agent_unknown,  ///< The key is not on the list.
    forged,         ///< The signature does not fit.
    misaddressed,   ///< Of another service.
    out_of_scope,   ///< Its key may not speak with that scope, or nobody stands there.
    stale_life,     ///< For an executor that has been started again since, for none yet, or by an
                    ///< agent's life that this one never gave out.
    stale_epoch,    ///< Another process has begun a life with this key since.
    replayed,       ///< We had this one, or a later one, already.
    late,           ///< Its stamp was given out too long ago, or never.
    too_many,       ///< More than an agent has to say.
};

constexpr auto names_of(std::type_identity<Discard>) {
    return std::to_array<std::string_view>({"oversized", "malformed", "agent_unknown", "forged",
                                            "misaddressed", "out_of_scope", "stale_life",
                                            "stale_epoch", "replayed", "late", "too_many"});
}

constexpr std::size_t discards_count = names_of(std::type_identity<Discard>{}).size();

[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);

/// Whose word it is: of one key there may be an agent beside each pod. Each has epochs of its own.
[[nodiscard]] std::string voice_of(const Letter& letter);

/// The part in which the key and the stamp stand as `seal` writes them: who it may be from, at no
/// cost. Nothing says that it is so.
[[nodiscard]] std::string_view head_of(std::string_view bytes);

/// The letter as it is sent, by whoever holds `seed`. ERRORS: invalid: it is out of bounds, by
/// what.
[[nodiscard]] Result<std::string> seal(const Letter& letter, const mesh::SigningSeed& seed);

/// ERRORS: the first four of Discard.
[[nodiscard]] std::expected<Letter, Discard> open(std::string_view bytes,
                                                  std::span<const mesh::PublicKey> agents);

}  // namespace homeostat::adapters::roles
