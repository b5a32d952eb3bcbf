#pragma once

// Interrupts: SIGINT and SIGTERM noted, so that a command ends at a place of its own choosing.
//
// For commands that run to an end. Whoever serves waits for signals on its own strand instead.

namespace homeostat::os {

/// From now on the first of them is noted, and a second one ends the process at once, for whoever
/// waits for something that never comes. What was noted before is forgotten.
void note_interrupts();

[[nodiscard]] bool is_interrupted() noexcept;

}  // namespace homeostat::os
