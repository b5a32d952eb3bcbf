#include "homeostat/app/service_run.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

namespace homeostat::app {

namespace {

class ThrowingRun final : public ServiceRun {
  public:
    Result<void> prepare() override { return {}; }
    Result<void> begin() override { throw std::runtime_error("no such address"); }
    Task<void> stop() override { co_return; }
};

}  // namespace

TEST_CASE("a service that throws when it is begun has failed, and nobody else has") {
    ThrowingRun run;
    const Result<void> begun = begin_or_fail(run);
    REQUIRE_FALSE(begun);
    CHECK(begun.error().fault == Fault::broken);
    CHECK(begun.error().text.contains("no such address"));
}

}  // namespace homeostat::app
