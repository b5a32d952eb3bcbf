#pragma once

// ensure: an assertion about our own code that stays on in release.
//
// Never used on input, replies, configuration or model text: those return a Result. A broken
// invariant stops the process at once, because a restart is cheap (the state is durable) and a
// wrong effect is not.

#include <source_location>
#include <string_view>

namespace homeostat {

/// Writes the sentence and its place to stderr and aborts.
[[noreturn]] void stop_on_broken_invariant(std::string_view says, std::source_location where);

/// Stops the process unless `holds`. `says` is the invariant as a sentence.
inline void ensure(bool holds,
                   std::string_view says,
                   std::source_location where = std::source_location::current()) {
    if (!holds) [[unlikely]] {
        stop_on_broken_invariant(says, where);
    }
}

}  // namespace homeostat
