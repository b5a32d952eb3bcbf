// Containers that were ended for reaching the limit of their memory, as whoever runs them says.

#include "homeostat/diagnose/diagnose.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::diagnose {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
const Instant began_at{1h};
const Subject pod_1{SubjectKind::instance, "payments-1"};
const Remedy grow = Resize{InstanceId("payments-1"), 64 * mebibyte, 96 * mebibyte};

Inventory pods() {
    Inventory inventory;
    inventory.service = ServiceId("payments");
    inventory.instances = {InstanceId("payments-0"), InstanceId("payments-1"),
                           InstanceId("payments-2")};
    inventory.is_orchestrated = true;
    inventory.has_versions = true;
    inventory.memory_bytes_max = 128 * mebibyte;
    return inventory;
}

struct Past {
    State state;

    void say(SignalKind kind, const Subject& subject, double value, Instant at) {
        Signal signal;
        signal.kind = kind;
        signal.observer = Observer::process;
        signal.subject = subject;
        signal.value = value;
        signal.at = at;
        observe(state, std::vector<Signal>{signal}, at);
    }
    void limit(std::uint64_t mib) {
        for (const InstanceId& instance : pods().instances) {
            say(SignalKind::memory_limit_bytes, {SubjectKind::instance, instance.text()},
                static_cast<double>(mib * mebibyte), began_at);
        }
    }
    /// So long before the symptom began.
    void killed(const Subject& subject, Duration before = 2s) {
        say(SignalKind::memory_killed_seconds, subject, to_seconds(before), began_at);
    }
    void deployed() {
        Change change;
        change.id = ChangeId("change-1");
        change.service = ServiceId("payments");
        change.from = VersionId("v1");
        change.to = VersionId("v2");
        change.is_first_hand = true;
        change.at = began_at - 4s;
        note(state, change);
    }
    [[nodiscard]] std::string cause(SymptomKind kind) const {
        const Symptom symptom{kind, pod_1, Observer::process, 1, 1, began_at, began_at};
        return diagnose(state, symptom, pods(), {}, {}).diagnosis.causes.front().because;
    }
    [[nodiscard]] Menu menu(const Inventory& inventory = pods(),
                            const Subject& subject = pod_1,
                            SymptomKind kind = SymptomKind::instance_down) const {
        const Symptom symptom{kind, subject, Observer::process, 1, 1, began_at, began_at};
        return diagnose(state, symptom, inventory, {}, {}).menu;
    }
};

Past starved() {
    Past past;
    past.limit(64);
    past.killed(pod_1);
    return past;
}

bool offers(const Menu& menu, const Remedy& remedy) {
    return std::ranges::any_of(menu.items,
                               [&](const MenuItem& item) { return item.remedy == remedy; });
}

bool offers_any(const Menu& menu) {
    return std::ranges::any_of(menu.items, [](const MenuItem& item) {
        return kind_of(item.remedy) == RemedyKind::resize;
    });
}

}  // namespace

TEST_CASE("one that was ended for want of memory is offered more, before a restart") {
    const Menu menu = starved().menu();
    CHECK(menu.items.front().remedy == grow);
    CHECK(offers(menu, Restart{InstanceId("payments-1")}));
    CHECK(offers(starved().menu(pods(), pod_1, SymptomKind::instance_not_answering), grow));
    CHECK(offers(starved().menu(pods(), {SubjectKind::service, "payments"}, SymptomKind::errors),
                 grow));
}

TEST_CASE("the first cause says who reached which limit") {
    for (const SymptomKind kind :
         {SymptomKind::instance_down, SymptomKind::instance_not_answering}) {
        CHECK(starved().cause(kind) ==
              "payments-1 was ended for reaching its limit of 64 MiB of memory");
    }
}

TEST_CASE("nothing is offered without the kernel's word, a known limit, room, or the leave to") {
    Past unhurt;
    unhurt.limit(64);
    CHECK_FALSE(offers_any(unhurt.menu()));
    Past unlimited;
    unlimited.killed(pod_1);
    CHECK_FALSE(offers_any(unlimited.menu()));
    Past full;
    full.limit(128);
    full.killed(pod_1);
    CHECK_FALSE(offers_any(full.menu()));
    Inventory untouched = pods();
    untouched.memory_bytes_max = 0;
    CHECK_FALSE(offers_any(starved().menu(untouched)));
    Past another;
    another.limit(64);
    another.killed({SubjectKind::instance, "payments-2"});
    CHECK_FALSE(offers_any(another.menu()));
    Past long_ago;
    long_ago.limit(64);
    long_ago.killed(pod_1, 6min);
    CHECK_FALSE(offers_any(long_ago.menu()));
}

TEST_CASE("an end for a limit that is no more, or of a pod that is gone, is no reason for more") {
    Past raised = starved();
    raised.limit(96);  // The next reading, which tells of no such end.
    CHECK_FALSE(offers_any(raised.menu()));
    raised.killed(pod_1);  // For this limit, too.
    CHECK(offers_any(raised.menu()));
}

TEST_CASE("after a rollout its version is the likelier fault") {
    Past past = starved();
    past.deployed();
    const Menu menu = past.menu();
    CHECK(menu.items.front().remedy ==
          Remedy(Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")}));
    CHECK(offers(menu, grow));
}

TEST_CASE("what is near the bound is raised to it and no further") {
    Past past;
    past.limit(100);
    past.killed(pod_1);
    CHECK(offers(past.menu(), Resize{InstanceId("payments-1"), 100 * mebibyte, 128 * mebibyte}));
}

}  // namespace homeostat::diagnose
