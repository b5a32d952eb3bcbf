// Slots that somebody else gives: an agent's, whose executor says where pods stand.

#include "homeostat/adapters/kubernetes/slots.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

namespace {

const ServiceId pay{"pay"};

PodView pod_of(int number) {
    PodView pod;
    pod.uid = "u" + std::to_string(number);
    pod.name = "pay-" + std::to_string(number);
    pod.created_at = WallTime{std::chrono::seconds{number}};
    return pod;
}

SlotPlace place(int slot, const std::string& pod, bool is_wanted = true) {
    return {InstanceId("pay-" + std::to_string(slot)), pod, is_wanted};
}

/// "u1,-": who stands where, with a '!' where somebody ought to.
std::string seen(const Slots& slots) {
    std::string text;
    for (const Slot& slot : slots.all()) {
        text += (text.empty() ? "" : ",") + (slot.pod ? slot.pod->uid : std::string("-")) +
                (slot.is_wanted ? "!" : "");
    }
    return text;
}

}  // namespace

TEST_CASE("a pod stands where we are told and nowhere before, whichever view comes first") {
    Result<Slots> slots = Slots::followed(pay, 3);
    REQUIRE(slots);
    CHECK(slots->is_followed());
    CHECK(slots->take({pod_of(1), pod_of(2)}, 2, 100));
    CHECK(seen(*slots) == "-,-,-");
    slots->follow({place(0, "u2"), place(1, ""), place(2, "u1", false)});
    CHECK(seen(*slots) == "u2!,-!,u1");
    // Told of first, and seen later.
    slots->follow({place(0, "u2"), place(1, "u3"), place(2, "u1")});
    CHECK(seen(*slots) == "u2!,-!,u1!");
    CHECK(slots->take({pod_of(1), pod_of(2), pod_of(3)}, 3, 101));
    CHECK(seen(*slots) == "u2!,u3!,u1!");
    // Gone by our view, and still told of.
    CHECK(slots->take({pod_of(1), pod_of(3)}, 3, 102));
    CHECK(seen(*slots) == "-!,u3!,u1!");
}

TEST_CASE("a pod that is being deleted stands nowhere, whatever we are told") {
    Result<Slots> slots = Slots::followed(pay, 1);
    REQUIRE(slots);
    PodView going = pod_of(1);
    going.is_deleting = true;
    slots->follow({place(0, "u1")});
    CHECK(slots->take({going}, 1, 100));
    CHECK(seen(*slots) == "-!");
}

TEST_CASE("places that cannot be are nobody's") {
    Result<Slots> slots = Slots::followed(pay, 2);
    REQUIRE(slots);
    CHECK(slots->take({pod_of(1)}, 2, 100));
    slots->follow(
        {place(9, "u1"), {InstanceId("other-0"), "u1", true}, {InstanceId(), "u1", true}});
    CHECK(seen(*slots) == "-,-");
    slots->follow({});
    CHECK(seen(*slots) == "-,-");
    CHECK_FALSE(Slots::followed(pay, 0));
    CHECK_FALSE(Slots::followed(ServiceId("../pay"), 2));
}

}  // namespace homeostat::adapters::kubernetes
