#include "homeostat/os/interrupts.hpp"

#include <csignal>

namespace homeostat::os {

namespace {

/// A handler may write nothing else.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see above.
volatile std::sig_atomic_t noted = 0;

void note_it(int signal) {
    noted = 1;
    std::signal(signal, SIG_DFL);
}

}  // namespace

void note_interrupts() {
    noted = 0;
    std::signal(SIGINT, note_it);
    std::signal(SIGTERM, note_it);
}

bool is_interrupted() noexcept {
    return noted != 0;
}

}  // namespace homeostat::os
