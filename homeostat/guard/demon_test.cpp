#include "homeostat/base/rng.hpp"
#include "homeostat/guard/demon_for_test.hpp"

#include <doctest/doctest.h>

#include <cstdint>

namespace homeostat::guard {

TEST_CASE("a demon that asks for anything in any world never gets a harmful permit") {
    constexpr std::uint64_t worlds_count = 10'000;
    constexpr int demands_per_world = 12;
    std::uint64_t permits_count = 0;
    for (std::uint64_t seed = 0; seed < worlds_count; ++seed) {
        CAPTURE(seed);
        Rng rng(seed);
        // From worlds that are mostly in order, where most is permitted, to mere noise.
        const std::uint64_t wildness = 1 + seed % 5;
        auto draw = [&rng, wildness](std::size_t count) {
            const bool is_wild = rng.next() % 10 < wildness;
            return is_wild ? static_cast<std::uint32_t>(rng.next() % count) : 0U;
        };
        for_test::Demon demon(draw);
        for (int count = 0; count < demands_per_world; ++count) {
            const std::optional<std::string> wrong = demon.demand();
            REQUIRE_MESSAGE(!wrong, wrong.value_or(""));
        }
        permits_count += demon.permits_count();
    }
    CHECK(permits_count > 1000);  // A guard that refuses everything would pass the rest.
}

}  // namespace homeostat::guard
