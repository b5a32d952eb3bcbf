#include "homeostat/adapters/kubernetes/switch_object.hpp"

#include "homeostat/adapters/kubernetes/scripted_server_for_test.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;

namespace {

/// A namespace whose ConfigMaps of that name were listed just now: there is none.
struct Namespace {
    Options options;
    ObjectsSeen seen;
    std::optional<Error> trouble;
    WaitedClock clock;
    SwitchObject object{options, KindSeen{&seen, &trouble}, clock};

    Namespace() {
        options.name_space = "shop";
        options.switch_object = "stop";
        hear();
    }
    void hear() {
        seen.resource_version = 7;
        seen.heard_at = clock.now();
    }
    void put(const std::string& members) {
        seen.objects["stop"] = *parse_json(R"({"metadata":{"name":"stop"})" + members + "}");
    }
};

}  // namespace

TEST_CASE("nothing is done while the ConfigMap is there, whatever else it says") {
    Namespace shop;
    CHECK_FALSE(shop.object.is_engaged());
    for (const std::string& members :
         {std::string(), std::string(R"(,"data":{"suspended":"true"})"),
          std::string(R"(,"data":{"suspended":""})"), std::string(R"(,"data":{"suspended":false})"),
          std::string(R"(,"data":{"Suspended":"false"})"), std::string(R"(,"data":"false")")}) {
        CAPTURE(members);
        shop.put(members);
        CHECK(shop.object.is_engaged());
        CHECK(shop.object.reason() == "ConfigMap shop/stop is there");
    }
    shop.put(R"(,"data":{"suspended":"false"})");
    CHECK_FALSE(shop.object.is_engaged());
    shop.seen.objects.clear();
    CHECK_FALSE(shop.object.is_engaged());
}

TEST_CASE("a switch that cannot be read is engaged, also where it was released when it last was") {
    Namespace shop;
    shop.seen.resource_version = 0;
    CHECK(shop.object.reason().contains("not listed yet"));
    shop.trouble = Error{Fault::refused, "403 configmaps is forbidden"};
    CHECK(shop.object.reason().contains("forbidden"));
    shop.hear();
    CHECK_FALSE(shop.object.is_engaged());  // A stream that was cut just now.
    shop.clock.pass_until(shop.clock.now() + 6s);
    CHECK(shop.object.is_engaged());
    shop.trouble.reset();
    CHECK_FALSE(shop.object.is_engaged());  // Followed again; it need not say anything.
    shop.clock.pass_until(shop.clock.now() + 106s);
    CHECK(shop.object.reason().contains("nothing for"));
}

TEST_CASE("the ConfigMap is a person's to change, and the refusal says how") {
    Namespace shop;
    CHECK(shop.object.release());
    const Result<void> engaged = shop.object.engage();
    REQUIRE_FALSE(engaged);
    CHECK(engaged.error().text == "kubectl --namespace shop create configmap stop");
    shop.put("");
    const Result<void> released = shop.object.release();
    REQUIRE_FALSE(released);
    CHECK(released.error().fault == Fault::refused);
    CHECK(released.error().text.contains("delete configmap stop"));
}
