#pragma once

// Heap: what the allocator holds and nobody uses.

namespace homeostat::os {

/// Gives the kernel back what was freed in between as well, which the allocator keeps for the next
/// request. Takes milliseconds for tens of MiB; of no effect where the libc knows of no such call.
void give_back_freed_memory();

}  // namespace homeostat::os
