#include "homeostat/os/interrupts.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <initializer_list>

namespace homeostat::os {

TEST_CASE("an interrupt is noted once, and the next one has its usual effect") {
    for (const int signal : {SIGINT, SIGTERM}) {
        note_interrupts();
        CHECK_FALSE(is_interrupted());
        REQUIRE(std::raise(signal) == 0);
        CHECK(is_interrupted());
        CHECK((std::signal(signal, SIG_DFL) == SIG_DFL));
    }
    note_interrupts();
    CHECK_FALSE(is_interrupted());
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
}

}  // namespace homeostat::os
