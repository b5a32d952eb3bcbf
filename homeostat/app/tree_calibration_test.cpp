// Whether the calibration that the program embeds is for the trees that it embeds. Where it is not,
// `homeostat decide` says so and does only what bears little risk; no build should ship that.

#include "homeostat/adapters/llm/model_file.hpp"
#include "homeostat/cases/caution.hpp"
#include "homeostat/cases/tree_ranker.hpp"

#include <doctest/doctest.h>

namespace homeostat::app {

TEST_CASE("the calibration of the program is for the trees of the program") {
    const auto calibration = cases::parse_tree_calibration(cases::shipped_tree_calibration());
    REQUIRE(calibration);
    CHECK(calibration->tree_sha256 == adapters::llm::sha256_of(cases::shipped_tree()));
    CHECK(calibration->harm_sha256 == adapters::llm::sha256_of(cases::shipped_harm_tree()));
}

}  // namespace homeostat::app
