#pragma once

// Chance: where the seeds of what may not be foreseen come from. Drawn once, at a start: the core
// gets numbers and draws none itself.

#include <cstdint>

namespace homeostat::app {

/// From the system, by OpenSSL.
[[nodiscard]] std::uint64_t draw_chance();

}  // namespace homeostat::app
