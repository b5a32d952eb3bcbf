#pragma once

// Matter: what a person is shown before they say yes or no.
//
// Sentences of ours and numbers; whoever shows them escapes them all the same.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/ids.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::console {

/// One remedy of the menu.
struct Option {
    std::string remedy;
    std::string because;
    double weight{0};  ///< 0…1, as the rules have it.
    bool is_asked_for{false};
};

struct Matter {
    ServiceId service;
    IncidentId incident;
    std::string question;              ///< Its id.
    std::string asks;                  ///< "May I restart payments-0?"
    std::string symptom;               ///< What is wrong, with its numbers.
    std::vector<std::string> touches;  ///< The blast radius, a sentence each.
    std::vector<std::string> causes;
    std::vector<std::string> measured;
    std::vector<Option> options;
    std::string exactly;  ///< The bytes that a yes is about: remedy and preconditions.
    WallTime until{};     ///< Silence then is no.
    /// A link is enough for a yes. Where approvers sign, it is not: a link is no signature.
    bool takes_yes{true};
    std::string command;               ///< How to say yes elsewhere, where it is not.
    std::vector<std::string> signers;  ///< Whose signature is in.
    std::uint32_t signers_needed{0};
};

/// What a person may take back, and what they are shown before they do.
struct UndoMatter {
    ServiceId service;
    IncidentId incident;
    std::string act;                   ///< Names just this act; a plain name (see is_for_undo).
    std::string did;                   ///< "rollback payments from v2 to v1"
    std::string undoes;                ///< What is done about it: "rollback payments from v1 to v2"
    std::vector<std::string> touches;  ///< The blast radius of that, a sentence each.
    bool is_held{false};               ///< It is in force,
    bool ends_by_clock{true};          ///< and ends by itself after a time.
    WallTime until{};                  ///< It may be taken back no later.
    /// Where approvers sign a link takes nothing back: it is no signature.
    bool takes_it{true};
    std::string command;  ///< How to take it back elsewhere.
};

/// How a question was answered that is over.
struct Answered {
    PersonSays says{PersonSays::denied};
    std::string by;
};

}  // namespace homeostat::console
