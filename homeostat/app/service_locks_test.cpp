#include "homeostat/app/service_locks.hpp"

#include "homeostat/net/scripted_peer_for_test.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

using Locks = std::vector<Result<os::LockFile>>;

/// Three services, and whoever has locks of them besides us.
struct LocksWorld {
    net::TemporaryDirectory directory;
    std::array<Config, 3> configs{service("a"), service("b"), service("c")};
    std::vector<std::string> told;
    std::size_t rounds_count{0};
    /// What happens while we wait; false: we are to end.
    std::function<bool()> meanwhile = [] { return true; };

    [[nodiscard]] Config service(const std::string& name) const {
        Config config;
        config.service = ServiceId(name);
        config.run_directory = directory.file(name);
        config.kubernetes.emplace();
        return config;
    }
    [[nodiscard]] Locks lock_as_another(std::size_t index) const {
        const LockWish wish{configs.at(index), [](const std::string&) {}};
        return *lock_services({wish}, [] { return false; });
    }
    std::optional<Locks> lock() {
        std::vector<LockWish> wishes;
        for (const Config& config : configs) {
            wishes.push_back({config, [this](const std::string& text) { told.push_back(text); }});
        }
        return lock_services(wishes, [this] {
            ++rounds_count;
            REQUIRE(rounds_count < 100);
            return meanwhile();
        });
    }
    /// "a-c": of the middle one we have no lock.
    [[nodiscard]] static std::string held(const Locks& locks) {
        std::string text;
        for (std::size_t index = 0; index < locks.size(); ++index) {
            text += locks[index] ? static_cast<char>('a' + index) : '-';
        }
        return text;
    }
};

}  // namespace

TEST_CASE("of three services the one that another guards is left, with a Lease or without one") {
    for (const char* lease : {"", "shop"}) {
        CAPTURE(lease);
        LocksWorld world;
        for (Config& config : world.configs) {
            config.kubernetes->lease = lease;
        }
        const Locks others = world.lock_as_another(1);
        const std::optional<Locks> locks = world.lock();
        REQUIRE(locks);
        CHECK(LocksWorld::held(*locks) == "a-c");
        CHECK(locks->at(1).error().fault == Fault::busy);
        CHECK(locks->at(1).error().text.contains("another agent guards these instances"));
        CHECK(world.rounds_count == rounds_for_some);
        REQUIRE(world.told.size() == 1);
        CHECK(world.told.front().starts_with("standing by: "));
    }
}

TEST_CASE("one that ends just now is waited for, so that none of three is left") {
    LocksWorld world;
    Locks others = world.lock_as_another(1);
    world.meanwhile = [&] {
        others.clear();
        return true;
    };
    const std::optional<Locks> locks = world.lock();
    REQUIRE(locks);
    CHECK(LocksWorld::held(*locks) == "abc");
    CHECK(world.rounds_count == 1);
}

TEST_CASE("whoever waits for a lock holds none") {
    LocksWorld world;
    const Locks others = world.lock_as_another(1);
    world.meanwhile = [&] {
        CHECK(world.lock_as_another(0).front());
        CHECK(world.lock_as_another(2).front());
        return true;
    };
    CHECK(world.lock());
}

TEST_CASE("the twin of a process that has all locks waits for its end, by a Lease alone") {
    LocksWorld world;
    std::vector<Locks> others;
    for (std::size_t index = 0; index < world.configs.size(); ++index) {
        others.push_back(world.lock_as_another(index));
    }
    world.meanwhile = [&] {
        if (world.rounds_count == 10 * rounds_for_some) {
            others.clear();
        }
        return true;
    };
    const std::optional<Locks> without = world.lock();
    REQUIRE(without);
    CHECK(LocksWorld::held(*without) == "---");
    CHECK(world.rounds_count == 0);
    world.configs.back().kubernetes->lease = "shop";
    const std::optional<Locks> with = world.lock();
    REQUIRE(with);
    CHECK(LocksWorld::held(*with) == "abc");
    CHECK(world.rounds_count == 10 * rounds_for_some);
}

TEST_CASE("whoever is to end while it waits takes no lock") {
    LocksWorld world;
    const Locks others = world.lock_as_another(0);
    world.meanwhile = [] { return false; };
    CHECK_FALSE(world.lock());
    CHECK(world.lock_as_another(1).front());
}

}  // namespace homeostat::app
