#pragma once

// EvidencePack: what a person who takes an incident over has to know, gathered from the ledger:
// what was seen, what was tried and came of it, what is in force for now, what was refused and why,
// what may be half done, and what to do next. The end of `explain` for an incident that was
// escalated.
//
// Texts come from the ledger as they stand there; whoever prints them escapes them.
//
// Pure.

#include "homeostat/domain/entry.hpp"

#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

/// A command that a person may type, and what it is good for.
struct Advice {
    std::string command;
    std::string because;

    static void fields(auto& self, auto&& field) {
        field("command", self.command);
        field("because", self.because);
    }
};

struct EvidencePack {
    std::string because;               ///< Of the last escalation.
    std::vector<std::string> seen;     ///< Symptom and causes, as last proposed.
    std::vector<std::string> tried;    ///< Each remedy with its proof, each undo and give-back.
    std::vector<std::string> held;     ///< What stays in force for now, until it is given back.
    std::vector<std::string> refused;  ///< Each verdict that was no permit, with its rule.
    std::vector<std::string> left;     ///< Remedies of the last menu that were never tried.
    std::vector<std::string> open;     ///< Effects of which nobody knows whether they happened.
    std::vector<Advice> next;

    static void fields(auto& self, auto&& field) {
        field("because", self.because);
        field("seen", self.seen);
        field("tried", self.tried);
        field("held", self.held);
        field("refused", self.refused);
        field("left", self.left);
        field("open", self.open);
        field("next", self.next);
    }
};

/// Nothing for an incident that was never handed to a person.
[[nodiscard]] std::optional<EvidencePack> evidence_pack(const std::vector<EntryGroup>& groups,
                                                        const IncidentId& incident);

/// For a terminal.
[[nodiscard]] std::string to_lines(const EvidencePack& pack);

}  // namespace homeostat::app
