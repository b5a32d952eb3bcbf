#include "homeostat/adapters/kubernetes/opt_out.hpp"

#include "homeostat/adapters/kubernetes/resize_world_for_test.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

namespace {

/// The Deployment as it was last seen.
struct Seen {
    Options options{.name_space = "shop", .deployment = "payments"};
    ObjectsSeen objects;
    std::optional<Error> trouble;
    OptOut opt_out{options, KindSeen{&objects, &trouble}};

    void put(const std::string& name, const std::string& metadata) {
        objects.objects[name] = *parse_json(R"({"metadata":)" + metadata + "}");
    }
};

}  // namespace

TEST_CASE("whoever writes the annotation is left alone, and who writes false is not") {
    Seen seen;
    CHECK_FALSE(seen.opt_out.is_engaged());
    struct Case {
        const char* metadata;
        bool is_engaged;
    };
    for (const Case& one : {Case{"{}", false}, Case{R"({"annotations":null})", false},
                            Case{R"({"annotations":{"homeostat.dev/ignore":"false"}})", false},
                            Case{R"({"annotations":{"homeostat.dev/effect":"true"}})", false},
                            Case{R"({"labels":{"homeostat.dev/ignore":"true"}})", false},
                            Case{R"({"annotations":{"homeostat.dev/ignore":"true"}})", true},
                            Case{R"({"annotations":{"homeostat.dev/ignore":""}})", true},
                            Case{R"({"annotations":{"homeostat.dev/ignore":"no"}})", true}}) {
        CAPTURE(one.metadata);
        seen.put("payments", one.metadata);
        CHECK(seen.opt_out.is_engaged() == one.is_engaged);
    }
}

TEST_CASE("what no watch has told yet is read before an effect, and nothing is written") {
    ResizeWorld world;
    world.deploy("crash");
    const std::vector<Step> steps{world.replacement(), world.step(), world.rollback(),
                                  SetPaused{world.options.service, world.current(), true}};
    at(world.deployment(), {"metadata", "annotations", "homeostat.dev/ignore"}) = "true";
    world.api.touch(world.deployment());
    std::size_t writes_count = 0;
    world.api.before_write = [&](const ApiWrite&) { ++writes_count; };
    for (const Step& step : steps) {
        const Outcome outcome = world.perform(step);
        CHECK(outcome.kind == OutcomeKind::refused);
        CHECK_MESSAGE(outcome.because.contains("homeostat.dev/ignore"), outcome.because);
    }
    CHECK(writes_count == 0);
    at(world.deployment(), {"metadata", "annotations", "homeostat.dev/ignore"}) = "false";
    CHECK(world.perform(world.rollback()).kind == OutcomeKind::done);
}

TEST_CASE("what another Deployment's owner wants is not ours to heed") {
    Seen seen;
    seen.put("cart", R"({"annotations":{"homeostat.dev/ignore":"true"}})");
    seen.put("payments", "{}");
    CHECK_FALSE(seen.opt_out.is_engaged());
}

TEST_CASE("the annotation is a person's to change, and the refusal says how") {
    Seen seen;
    CHECK(seen.opt_out.release());
    const Result<void> engaged = seen.opt_out.engage();
    REQUIRE_FALSE(engaged);
    CHECK(engaged.error().text ==
          "kubectl --namespace shop annotate deployment payments homeostat.dev/ignore=true");
    seen.put("payments", R"({"annotations":{"homeostat.dev/ignore":"true"}})");
    const Result<void> released = seen.opt_out.release();
    REQUIRE_FALSE(released);
    CHECK(released.error().fault == Fault::refused);
    CHECK(released.error().text.contains("homeostat.dev/ignore-)"));
}

}  // namespace homeostat::adapters::kubernetes
