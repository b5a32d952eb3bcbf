#include "homeostat/adapters/kubernetes/slots.hpp"

#include "homeostat/base/rng.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
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

/// Slots in a file of their own.
struct SlotsWorld {
    net::TemporaryDirectory directory;
    std::string path = directory.file("run/slots.json");
    std::uint64_t version{100};

    [[nodiscard]] Slots open(std::uint32_t count = 4) const {
        Result<Slots> slots = Slots::open(pay, count, path);
        REQUIRE_MESSAGE(slots.has_value(), (slots ? "" : slots.error().text));
        return std::move(*slots);
    }
    void take(Slots& slots, const std::vector<PodView>& pods, std::uint32_t replicas) {
        ++version;
        const Result<void> taken = slots.take(pods, replicas, version);
        CHECK_MESSAGE(taken.has_value(), (taken ? "" : taken.error().text));
    }
    [[nodiscard]] std::string bytes() const {
        return os::read_file(path, slots_bytes_max).value_or("");
    }
};

/// "u1,-,u3": who stands where.
std::string standing(const Slots& slots) {
    std::string text;
    for (const Slot& slot : slots.all()) {
        text += (text.empty() ? "" : ",") + (slot.pod ? slot.pod->uid : std::string("-"));
    }
    return text;
}

std::string wanted(const Slots& slots) {
    std::string text;
    for (const Slot& slot : slots.all()) {
        text += slot.is_wanted ? '1' : '0';
    }
    return text;
}

const InstanceId first{"pay-0"};
const EffectId effect{"i-1.e1"};

}  // namespace

TEST_CASE("a pod takes the first free slot and keeps it for its life") {
    SlotsWorld world;
    Slots slots = world.open();
    CHECK(standing(slots) == "-,-,-,-");
    CHECK(wanted(slots) == "0000");
    world.take(slots, {pod_of(2), pod_of(1), pod_of(3)}, 3);
    CHECK(standing(slots) == "u1,u2,u3,-");
    world.take(slots, {pod_of(3)}, 3);
    CHECK(standing(slots) == "-,-,u3,-");
    world.take(slots, {pod_of(3), pod_of(4)}, 3);
    CHECK(standing(slots) == "u4,-,u3,-");
    CHECK(slots.all()[0].instance == first);
    CHECK(slots.find(InstanceId{"pay-9"}) == nullptr);
}

TEST_CASE("as many slots are wanted as hold a pod or ought to") {
    SlotsWorld world;
    Slots slots = world.open();
    world.take(slots, {pod_of(1), pod_of(2), pod_of(1)}, 3);
    CHECK(standing(slots) == "u1,u2,-,-");
    CHECK(wanted(slots) == "1110");
    world.take(slots, {pod_of(1), pod_of(2)}, 0);
    CHECK(wanted(slots) == "1100");
    world.take(slots, {pod_of(2)}, 2);
    CHECK(wanted(slots) == "1100");
    world.take(slots, {}, 9);
    CHECK(wanted(slots) == "1111");
    world.take(slots, {}, 0);
    CHECK(wanted(slots) == "0000");
}

TEST_CASE("a pod that is being deleted or has ended stands nowhere") {
    SlotsWorld world;
    Slots slots = world.open();
    PodView leaving = pod_of(1);
    leaving.is_deleting = true;
    PodView failed = pod_of(2);
    failed.has_ended = true;
    world.take(slots, {leaving, failed, pod_of(3)}, 3);
    CHECK(standing(slots) == "u3,-,-,-");
}

TEST_CASE("pods beyond the last slot are left out, the youngest first") {
    SlotsWorld world;
    Slots slots = world.open(2);
    world.take(slots, {pod_of(4), pod_of(3), pod_of(1), pod_of(2)}, 4);
    CHECK(standing(slots) == "u1,u2");
    CHECK(slots.pods_left_out_count() == 2);
    world.take(slots, {pod_of(4), pod_of(3), pod_of(2)}, 4);
    CHECK(standing(slots) == "u3,u2");
    CHECK(slots.pods_left_out_count() == 1);
}

TEST_CASE("a view that is older than what was taken last changes nothing") {
    SlotsWorld world;
    Slots slots = world.open();
    world.take(slots, {pod_of(1), pod_of(2)}, 2);
    CHECK(slots.take({}, 0, world.version - 1));
    CHECK(standing(slots) == "u1,u2,-,-");
    CHECK(wanted(slots) == "1100");
    CHECK(slots.resource_version() == world.version);
    // The same view once more may tell of other replicas.
    CHECK(slots.take({pod_of(1), pod_of(2)}, 3, world.version));
    CHECK(wanted(slots) == "1110");
}

TEST_CASE("whoever takes the slot of a pod that we evicted carries our effect, and nobody after") {
    SlotsWorld world;
    Slots slots = world.open();
    world.take(slots, {pod_of(1), pod_of(2)}, 2);
    CHECK(slots.expect(first, "u1", effect));
    CHECK(slots.find(first)->awaited == effect);
    CHECK(slots.find(first)->effect.empty());
    world.take(slots, {pod_of(2)}, 2);
    CHECK(slots.find(first)->effect.empty());
    world.take(slots, {pod_of(2), pod_of(3)}, 2);
    CHECK(standing(slots) == "u3,u2,-,-");
    CHECK(slots.find(first)->effect == effect);
    CHECK(slots.find(first)->awaited.empty());
    CHECK(slots.find(InstanceId{"pay-1"})->effect.empty());
    world.take(slots, {pod_of(2)}, 2);
    world.take(slots, {pod_of(2), pod_of(4)}, 2);
    CHECK(standing(slots) == "u4,u2,-,-");
    CHECK(slots.find(first)->effect.empty());
}

TEST_CASE("room that we made is taken first, and wanted first, whatever else is free") {
    SlotsWorld world;
    Slots slots = world.open();
    const InstanceId third{"pay-2"};
    world.take(slots, {pod_of(1), pod_of(2), pod_of(3)}, 3);
    world.take(slots, {pod_of(2), pod_of(3)}, 2);
    CHECK(standing(slots) == "-,u2,u3,-");
    CHECK(slots.expect(third, "u3", effect));
    world.take(slots, {pod_of(2)}, 2);
    CHECK(wanted(slots) == "0110");
    world.take(slots, {pod_of(2), pod_of(4)}, 2);
    CHECK(standing(slots) == "-,u2,u4,-");
    CHECK(slots.find(third)->effect == effect);
    world.take(slots, {pod_of(2), pod_of(4), pod_of(5), pod_of(6), pod_of(7)}, 5);
    CHECK(standing(slots) == "u5,u2,u4,u6");
    CHECK(slots.pods_left_out_count() == 1);
}

TEST_CASE("slots and effects are the same for a successor, also between the two pods") {
    SlotsWorld world;
    {
        Slots slots = world.open();
        world.take(slots, {pod_of(1), pod_of(2)}, 2);
        CHECK(slots.expect(first, "u1", effect));
    }
    {
        Slots slots = world.open();
        CHECK(slots.find(first)->awaited == effect);
        world.take(slots, {pod_of(2)}, 2);
    }
    {
        Slots slots = world.open();
        world.take(slots, {pod_of(2), pod_of(3)}, 2);
        CHECK(standing(slots) == "u3,u2,-,-");
    }
    Slots slots = world.open();
    CHECK(slots.find(first)->effect == effect);
    // The one that has it keeps it.
    world.take(slots, {pod_of(2), pod_of(3)}, 2);
    CHECK(slots.find(first)->effect == effect);
}

TEST_CASE("a pod that was not evicted after all leaves nothing of ours behind") {
    SlotsWorld world;
    {
        Slots slots = world.open();
        world.take(slots, {pod_of(1)}, 1);
        CHECK(slots.expect(first, "u1", effect));
        world.take(slots, {pod_of(1)}, 1);
        CHECK(slots.find(first)->effect.empty());
        CHECK(slots.withdraw(first));
        CHECK(slots.withdraw(InstanceId{"pay-9"}));
    }
    Slots slots = world.open();
    world.take(slots, {pod_of(2)}, 1);
    CHECK(slots.find(first)->effect.empty());
    // Once it is gone there is nothing to withdraw.
    CHECK(slots.expect(first, "u2", effect));
    world.take(slots, {}, 1);
    CHECK(slots.withdraw(first));
    world.take(slots, {pod_of(3)}, 1);
    CHECK(slots.find(first)->effect == effect);
    CHECK(slots.withdraw(first));
    CHECK(slots.find(first)->effect == effect);
}

TEST_CASE("only of the pod in the slot can another be expected") {
    SlotsWorld world;
    Slots slots = world.open();
    world.take(slots, {pod_of(1)}, 1);
    for (const auto& [instance, uid] :
         std::map<std::string, std::string>{{"pay-0", "u2"}, {"pay-1", "u1"}, {"pay-9", "u1"}}) {
        CAPTURE(instance);
        const Result<void> noted = slots.expect(InstanceId{instance}, uid, effect);
        REQUIRE_FALSE(noted);
        CHECK(noted.error().fault == Fault::absent);
    }
    CHECK_FALSE(world.bytes().contains("i-1.e1"));
}

TEST_CASE("a view that moves nobody is not written again") {
    SlotsWorld world;
    Slots slots = world.open();
    world.take(slots, {pod_of(1)}, 1);
    world.take(slots, {pod_of(1), pod_of(2)}, 2);
    const os::FileIdentity before = os::identify_file(world.path).value();
    PodView ready = pod_of(1);
    ready.is_ready = true;
    world.take(slots, {ready, pod_of(2)}, 3);
    CHECK(slots.find(first)->pod->is_ready);
    CHECK(os::identify_file(world.path).value().is_same_as(before));
    Slots successor = world.open();
    world.take(successor, {ready, pod_of(2)}, 3);
    CHECK(os::identify_file(world.path).value().is_same_as(before));
}

TEST_CASE("what cannot be kept is not expected, and what was taken counts all the same") {
    SlotsWorld world;
    Slots slots = world.open();
    world.take(slots, {pod_of(1)}, 1);
    // A directory in the file's place cannot be renamed over, whoever we are.
    std::filesystem::remove(world.path);
    std::filesystem::create_directories(world.path + "/in the way");
    const Result<void> noted = slots.expect(first, "u1", effect);
    REQUIRE_FALSE(noted);
    CHECK(slots.find(first)->awaited.empty());
    CHECK_FALSE(slots.take({pod_of(2)}, 1, ++world.version));
    CHECK(standing(slots) == "u2,-,-,-");
    std::filesystem::remove_all(world.path);
    world.take(slots, {pod_of(2)}, 1);
    CHECK(world.bytes().contains("u2"));
}

TEST_CASE("a file that is not known is refused with the mend, and left as it is") {
    SlotsWorld world;
    const std::string good = slots_text(pay, {SlotRecord{.instance = first, .pod = "u1"}});
    CHECK(good == R"({"version":1,"service":"pay","slots":[{"instance":"pay-0","pod":"u1",)"
                  R"("effect":"","awaited":""}]})"
                  "\n");
    const auto with = [&](const std::string& old, const std::string& fresh) {
        std::string text = good;
        return text.replace(text.find(old), old.size(), fresh);
    };
    const std::vector<std::string> unknown{
        "",
        "{}",
        "[]",
        "null",
        good + "x",
        good.substr(0, good.size() / 2),
        with("\"version\":1", "\"version\":2"),
        with("\"version\":1", "\"version\":\"1\""),
        with("\"service\":\"pay\"", "\"service\":\"fraud\""),
        with("pay-0", "fraud-0"),
        with("pay-0", "pay-64"),
        with("\"u1\"", "\"../u1\""),
        with("\"u1\"", "1"),
        with("\"awaited\":\"\"", "\"awaited\":\"\",\"more\":1"),
        with(",\"awaited\":\"\"", ""),
        with("\"effect\":\"\"", "\"effect\":\"a b\""),
        with("\"u1\",\"effect\":\"\"", "\"\",\"effect\":\"i-1.e1\""),
        with("}]}", "},{\"instance\":\"pay-0\",\"pod\":\"\",\"effect\":\"\",\"awaited\":\"\"}]}"),
        with("}]}", "},{\"instance\":\"pay-1\",\"pod\":\"u1\",\"effect\":\"\",\"awaited\":\"\"}]}"),
        std::string(slots_bytes_max + 1, ' ')};
    std::filesystem::create_directories(world.directory.file("run"));
    for (const std::string& text : unknown) {
        CAPTURE(text.substr(0, 200));
        REQUIRE(os::write_file_atomically(world.path, text));
        const Result<Slots> slots = Slots::open(pay, 4, world.path);
        REQUIRE_FALSE(slots);
        CHECK_MESSAGE(slots.error().text.contains(world.path), slots.error().text);
        const bool is_kept = text.size() > slots_bytes_max || world.bytes() == text;
        CHECK(is_kept);
    }
    REQUIRE(os::write_file_atomically(world.path, good));
    CHECK(Slots::open(pay, 4, world.path));
}

TEST_CASE("fewer slots than before forget those above, and impossible counts are refused") {
    SlotsWorld world;
    {
        Slots slots = world.open(3);
        world.take(slots, {pod_of(1), pod_of(2), pod_of(3)}, 3);
    }
    Slots slots = world.open(2);
    world.take(slots, {pod_of(1), pod_of(2), pod_of(3)}, 3);
    CHECK(standing(slots) == "u1,u2");
    CHECK_FALSE(Slots::open(pay, 0, world.path));
    CHECK_FALSE(Slots::open(pay, slots_max + 1, world.path));
    CHECK_FALSE(Slots::open(ServiceId{"../pay"}, 2, world.path));
    CHECK_FALSE(Slots::open(ServiceId{std::string(64, 'a')}, 2, world.path));
}

// --- Whatever the order of views -----------------------------------------------------------------

namespace {

/// Pods that come and go at random, views of them that are late, evictions of ours, and restarts.
class RandomLife {
  public:
    explicit RandomLife(std::uint64_t seed) : rng_(seed) { slots_ = world_.open(count_max); }

    void step() {
        switch (rng_.between(0, 5)) {
            case 0:
                pods_.push_back(pod_of(++pods_count_));
                break;
            case 1:
                leave();
                break;
            case 2:
                replicas_ = static_cast<std::uint32_t>(rng_.between(0, count_max + 1));
                break;
            case 3:
                expect();
                break;
            case 4:
                slots_ = world_.open(count_max);
                is_open_anew_ = true;
                break;
            default:
                take_late();
                break;
        }
        if (rng_.between(0, 2) > 0) {
            take();
        }
    }

  private:
    static constexpr std::uint32_t count_max = 4;

    void leave() {
        if (!pods_.empty()) {
            pods_.erase(pods_.begin() + rng_.between(0, std::int64_t(pods_.size()) - 1));
        }
    }

    void expect() {
        std::vector<const Slot*> occupied;
        for (const Slot& slot : slots_->all()) {
            if (slot.pod) {
                occupied.push_back(&slot);
            }
        }
        if (occupied.empty()) {
            return;
        }
        const auto index = static_cast<std::size_t>(
            rng_.between(0, static_cast<std::int64_t>(occupied.size()) - 1));
        const InstanceId instance = occupied[index]->instance;
        const std::string uid = occupied[index]->pod->uid;
        const EffectId ours{"i-1.e" + std::to_string(++effects_count_)};
        REQUIRE(slots_->expect(instance, uid, ours));
        awaited_[instance] = {uid, ours};
    }

    /// What was true before: nothing may change by it.
    void take_late() {
        if (is_open_anew_ || world_.version <= 100) {
            return;
        }
        const std::string before = standing(*slots_) + wanted(*slots_);
        CHECK(slots_->take({pod_of(1000)}, 1, world_.version - 1));
        CHECK(standing(*slots_) + wanted(*slots_) == before);
    }

    void take() {
        const std::map<std::string, InstanceId> before = places_;
        world_.take(*slots_, pods_, replicas_);
        is_open_anew_ = false;
        places_.clear();
        std::uint32_t standing_count = 0;
        std::uint32_t wanted_count = 0;
        for (const Slot& slot : slots_->all()) {
            wanted_count += slot.is_wanted ? 1 : 0;
            if (!slot.pod) {
                CHECK(slot.effect.empty());
                continue;
            }
            ++standing_count;
            CHECK(slot.is_wanted);
            CHECK(places_.emplace(slot.pod->uid, slot.instance).second);
            check_effect(slot, before);
        }
        CHECK(standing_count == std::min<std::size_t>(pods_.size(), count_max));
        CHECK(slots_->pods_left_out_count() == pods_.size() - standing_count);
        CHECK(wanted_count ==
              std::max(standing_count, std::min<std::uint32_t>(replicas_, count_max)));
        for (const PodView& pod : pods_) {
            const auto place = before.find(pod.uid);
            const bool is_kept =
                place == before.end() || places_.find(pod.uid)->second == place->second;
            CHECK_MESSAGE(is_kept, pod.uid);
        }
    }

    /// A pod that is new there carries what was expected of the one before it, and nothing else.
    void check_effect(const Slot& slot, const std::map<std::string, InstanceId>& before) {
        if (!before.contains(slot.pod->uid)) {
            const auto expected = awaited_.find(slot.instance);
            effects_[slot.pod->uid] =
                expected == awaited_.end() ? EffectId{} : expected->second.second;
            awaited_.erase(slot.instance);
        }
        CHECK(slot.effect == effects_[slot.pod->uid]);
    }

    Rng rng_;
    SlotsWorld world_;
    std::optional<Slots> slots_;
    std::vector<PodView> pods_;
    std::uint32_t replicas_{0};
    int pods_count_{0};
    int effects_count_{0};
    bool is_open_anew_{true};
    std::map<std::string, InstanceId> places_;  ///< By uid, after the last view.
    std::map<InstanceId, std::pair<std::string, EffectId>> awaited_;
    std::map<std::string, EffectId> effects_;  ///< By uid.
};

}  // namespace

TEST_CASE("a pod that is asked for comes where it is expected, and only there") {
    SlotsWorld world;
    Slots slots = world.open();
    REQUIRE(slots.take({}, 0, 1));
    const EffectId asked{"i-7.e2"};
    const InstanceId second = slots.all()[1].instance;
    REQUIRE(slots.expect_new(second, asked));
    REQUIRE(slots.take({}, 1, 2));
    CHECK(slots.all()[1].is_wanted);
    CHECK_FALSE(slots.all()[0].is_wanted);
    // Where one is wanted it is too late, both to ask and to take it back.
    CHECK_FALSE(slots.expect_new(second, EffectId{"i-8.e1"}));
    REQUIRE(slots.withdraw_new(second));
    CHECK(slots.all()[1].awaited == asked);
    CHECK_FALSE(slots.expect_new(InstanceId{"fraud-0"}, asked));
    const InstanceId other = slots.all()[0].instance;
    REQUIRE(slots.expect_new(other, EffectId{"i-9.e1"}));
    REQUIRE(slots.withdraw_new(other));
    CHECK(slots.all()[0].awaited.empty());
    CHECK(world.open().all()[1].awaited == asked);
    CHECK(world.open().all()[0].awaited.empty());
}

TEST_CASE("whatever comes and goes, a pod keeps its slot, alone, and effects go to who follows") {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        CAPTURE(seed);
        RandomLife life(seed);
        for (int step = 0; step < 60; ++step) {
            CAPTURE(step);
            life.step();
        }
    }
}

}  // namespace homeostat::adapters::kubernetes
