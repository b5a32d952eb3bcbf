#pragma once

// Obstacles in a diagnosis: what is told of them, and what they make vain.
//
// What keeps a service from serving is known by the word of whatever runs it. Such a word only ever
// takes from the menu: whoever can write it can have a person called, and nothing done.
//
// Pure. Values only.

#include "homeostat/diagnose/look.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/menu.hpp"
#include "homeostat/domain/symptom.hpp"

#include <vector>

namespace homeostat::diagnose {

/// Puts a cause for each of them to the others. ENSURES: the heaviest is in front.
void add_obstacles(std::vector<Cause>& causes, const Look& look);

/// Leaves out what is vain. Where the service in front sends to nobody, though ours are ready,
/// nothing at them brings users back but the labels and ports that they had before; where no new
/// one may be made, what is taken away stays away; where none finds room, more are not to be had
/// and another start of that one finds none either.
void leave_out_vain(Menu& menu, const Look& look, const Symptom& symptom);

}  // namespace homeostat::diagnose
