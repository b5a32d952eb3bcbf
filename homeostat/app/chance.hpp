#pragma once

// Chance: where the seeds of what may not be foreseen come from, and the words that nobody may
// foresee. The core gets numbers and draws none itself.

#include <cstdint>

namespace homeostat::app {

/// From the system, by OpenSSL.
[[nodiscard]] std::uint64_t draw_chance();

}  // namespace homeostat::app
