#pragma once

// ChoiceSentences: what is said of a choice: by whom it was made, what the model and the operator's
// notes had to do with it, and why a person has to agree.
//
// Pure.

#include "homeostat/domain/choice.hpp"

#include <string>
#include <string_view>

namespace homeostat::app {

/// Whoever is set to have a word and was not asked has had none.
[[nodiscard]] std::string_view oracle_of(const Choice& choice);

[[nodiscard]] std::string model_sentence(const Choice& choice);

/// What the operator's notes changed.
[[nodiscard]] std::string notes_sentence(const NotesWord& notes);

/// Why a person has to agree, whatever the autonomy says.
[[nodiscard]] std::string hold_back_sentence(const Choice& choice, const HoldBack& held_back);

}  // namespace homeostat::app
