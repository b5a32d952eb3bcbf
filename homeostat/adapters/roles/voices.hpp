#pragma once

// Voices: what several agents together say of one symptom.
//
// A symptom is there if any agent says so that may speak of it. It has gone only by a word: an
// agent that may speak of it says that it has, and each of those that said it was there has said
// so, too, or may not speak of it any more because its pod has gone. Silence is no word: an agent
// that stops, begins anew or leaves a symptom out has not said that it is well.
//
// The choice not taken: what an agent says counts for some seconds, as its being here does. Then
// the death of the one that sees a fault would let another one end it that cannot see it.
//
// Bounded by the symptoms that are open and the agents that there may be. Pure. Not thread-safe.

#include "homeostat/domain/symptom.hpp"

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

namespace homeostat::adapters::roles {

/// Whether the voice may speak of the symptom now.
using MaySpeak = std::function<bool(const std::string& voice, const Symptom& symptom)>;

class Voices {
  public:
    /// What is not among them any more is forgotten.
    void keep(std::span<const Symptom> open);

    /// The voice sees it. REQUIRES: it may speak of it, and the symptom is open.
    void says_present(const std::string& voice, const Symptom& symptom);

    /// The voice sees it no more. True: nobody is left who says that it is there.
    [[nodiscard]] bool says_gone(const std::string& voice,
                                 const Symptom& symptom,
                                 const MaySpeak& may_speak);

  private:
    /// By what a symptom is the same one.
    using Which = std::pair<SymptomKind, Subject>;

    std::map<Which, std::set<std::string>> present_;  ///< Who said so last.
};

}  // namespace homeostat::adapters::roles
