#pragma once

// OwnMemory: our memory holds every secret that a configuration names, and nobody reads it but us.
//
// A process that is kept so leaves no core dump, also where the kernel pipes dumps to a program and
// asks no limit, and no other process of the same user traces it or looks into it: the kernel gives
// its files below /proc to root. Root still may. What anybody may read of any process (`stat`,
// `status`, `cmdline`) stays so.
//
// A program that we start is none of ours: exec ends the one, and `spawn` gives the other back.
//
// Thread-safe.

namespace homeostat::os {

/// From here on, until exec. Never fails where there is a Linux.
void keep_memory_to_ourselves();

/// The core limit as it was when this process began, for the program that a child becomes. Safe
/// between fork and exec.
void give_back_core_limit();

}  // namespace homeostat::os
