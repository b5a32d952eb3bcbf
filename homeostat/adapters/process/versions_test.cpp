#include "homeostat/adapters/process/versions.hpp"

#include "homeostat/adapters/process/version_telemetry.hpp"
#include "homeostat/adapters/process/world_for_test.hpp"

#include <doctest/doctest.h>

#include <sched.h>
#include <sys/mount.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace homeostat::adapters::process {

namespace {

struct VersionedWorld : World {
    VersionedWorld() {
        options.roots.deploy = path() + "/root";
        make_version("v1");
        make_version("v2");
        deploy("v1");
        std::filesystem::create_directories(options.run_directory);
    }
    [[nodiscard]] std::string link() const {
        return std::filesystem::read_symlink(path() + "/root/current");
    }
    [[nodiscard]] std::size_t links_aside() const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator{path() + "/root"}) {
            count += entry.path().filename().string().starts_with(".current") ? 1 : 0;
        }
        return count;
    }
};

std::vector<Reading> readings(VersionTelemetry& telemetry) {
    Result<std::vector<Reading>> result = run(telemetry.read(Instant::max()));
    REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().text));
    return std::move(*result);
}

}  // namespace

TEST_CASE("a swap moves the link when it points where it should") {
    VersionedWorld world;
    const Outcome outcome = world.swap("i-1.e1", "v1", "v2");
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK(world.link() == "versions/v2");
    CHECK(world.links_aside() == 0);
}

TEST_CASE("a swap is refused and moves nothing when the link points elsewhere") {
    VersionedWorld world;
    world.deploy("v2");
    const Outcome outcome = world.swap("i-1.e1", "v1", "v2");
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(world.link() == "versions/v2");
    CHECK(world.links_aside() == 0);
}

TEST_CASE("a swap to a version that does not exist is refused") {
    VersionedWorld world;
    CHECK(world.swap("i-1.e1", "v1", "v9").kind == OutcomeKind::refused);
    CHECK(world.swap("i-1.e1", "v1", "../v2").kind == OutcomeKind::refused);
    CHECK(world.link() == "versions/v1");
}

TEST_CASE("a deploy in the moment of a swap wins and the swap is refused") {
    VersionedWorld world;
    world.make_version("v3");
    world.options.on_phase_for_test = [&](Phase phase) {
        if (phase == Phase::marked) {
            world.deploy("v3");
        }
    };
    const Outcome outcome = world.swap("i-1.e1", "v1", "v2");
    CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
    CHECK(world.link() == "versions/v3");
    CHECK(world.links_aside() == 0);
}

TEST_CASE("a link that is none, or points out of the versions, is named with the mend") {
    VersionedWorld world;
    const std::string link = world.path() + "/root/current";
    const auto read = [&] { return run(world.runtime()->read(world.soon())); };
    std::filesystem::remove(link);
    CHECK(read().error().fault == Fault::absent);
    std::filesystem::create_directory(link);
    CHECK(read().error().fault == Fault::invalid);
    std::filesystem::remove(link);
    std::filesystem::create_symlink("/etc", link);
    CHECK(read().error().text.contains("versions/NAME"));
    std::filesystem::remove(link);
    std::filesystem::create_symlink(world.path() + "/root/versions/v2/", link);
    CHECK(read().has_value());
}

TEST_CASE("a deploy is told once, with what was current before, and without an effect") {
    VersionedWorld world;
    VersionTelemetry telemetry{world.options, Artifact::deploy, VersionId{}, world.clock};
    CHECK(readings(telemetry).empty());
    const Instant before = world.clock.now();
    world.deploy("v2");
    const std::vector<Reading> told = readings(telemetry);
    REQUIRE(told.size() == 1);
    const Change& change = std::get<ChangeReading>(told.front()).change;
    CHECK(change.kind == ChangeKind::deploy);
    CHECK(change.from.text() == "v1");
    CHECK(change.to.text() == "v2");
    CHECK(change.is_first_hand);
    CHECK(change.reference.empty());
    // The kernel dates files by its tick, which may be 10 ms behind.
    CHECK(change.at >= before - std::chrono::milliseconds{20});
    CHECK(change.at <= world.clock.now());
    CHECK(readings(telemetry).empty());
}

TEST_CASE("a swap of ours names its effect, a later one by hand with the same versions does not") {
    VersionedWorld world;
    VersionTelemetry telemetry{world.options, Artifact::deploy, VersionId{"v1"}, world.clock};
    REQUIRE(world.swap("i-4.e2", "v1", "v2").kind == OutcomeKind::done);
    const std::vector<Reading> ours = readings(telemetry);
    REQUIRE(ours.size() == 1);
    CHECK(std::get<ChangeReading>(ours.front()).change.reference == "i-4.e2");
    world.deploy("v1");
    REQUIRE(readings(telemetry).size() == 1);
    world.deploy("v2");
    const std::vector<Reading> theirs = readings(telemetry);
    REQUIRE(theirs.size() == 1);
    CHECK(std::get<ChangeReading>(theirs.front()).change.reference.empty());
}

TEST_CASE("a deploy in our absence is told when the last known version is given") {
    VersionedWorld world;
    world.deploy("v2");
    VersionTelemetry telemetry{world.options, Artifact::deploy, VersionId{"v1"}, world.clock};
    const std::vector<Reading> told = readings(telemetry);
    REQUIRE(told.size() == 1);
    CHECK(std::get<ChangeReading>(told.front()).change.from.text() == "v1");
}

TEST_CASE("a clock on the wall that is set by an hour dates no deploy outside two looks at it") {
    class SetClock final : public ports::Clock {
      public:
        explicit SetClock(ports::Clock& real) : real_(real) {}
        [[nodiscard]] Instant now() const override { return real_.now(); }
        [[nodiscard]] WallTime wall_now() const override { return real_.wall_now() + ahead; }
        Task<void> sleep_until(Instant at) override { return real_.sleep_until(at); }
        std::chrono::hours ahead{0};

      private:
        ports::Clock& real_;
    };
    for (const std::chrono::hours ahead : {std::chrono::hours{1}, std::chrono::hours{-1}}) {
        CAPTURE(ahead.count());
        VersionedWorld world;
        SetClock clock(world.clock);
        VersionTelemetry telemetry{world.options, Artifact::deploy, VersionId{}, clock};
        const Instant before = clock.now();
        CHECK(readings(telemetry).empty());
        world.deploy("v2");
        clock.ahead = ahead;
        const std::vector<Reading> told = readings(telemetry);
        REQUIRE(told.size() == 1);
        const Change& change = std::get<ChangeReading>(told.front()).change;
        CHECK(change.at >= before);
        CHECK(change.at <= clock.now());
    }
}

TEST_CASE("a disk without room refuses the swap, says so, and loses nothing") {
    VersionedWorld world;
    // What is mounted from here on is this process's own, and goes with it.
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        MESSAGE("skipped: this user may not mount a file system");
        return;
    }
    for (const std::string& directory : {world.path() + "/root", world.options.run_directory}) {
        CAPTURE(directory);
        std::filesystem::create_directories(directory);
        REQUIRE(::mount("none", directory.c_str(), "tmpfs", 0, "nr_inodes=9") == 0);
        world.make_version("v1");
        world.make_version("v2");
        std::filesystem::remove(world.path() + "/root/current");
        world.deploy("v1");
        int fillers = 0;
        while (std::ofstream(directory + "/filler" + std::to_string(fillers))) {
            REQUIRE(++fillers < 20);
        }
        const Outcome outcome = world.swap("i-1.e1", "v1", "v2");
        CHECK(outcome.kind == OutcomeKind::refused);
        CHECK_MESSAGE(outcome.because.contains("No space left on device"), outcome.because);
        CHECK(world.link() == "versions/v1");
        CHECK(world.links_aside() == 0);
        for (int filler = 0; filler < fillers; ++filler) {
            std::filesystem::remove(directory + "/filler" + std::to_string(filler));
        }
        const Outcome again = world.swap("i-1.e2", "v1", "v2");
        CHECK_MESSAGE(again.kind == OutcomeKind::done, again.because);
        CHECK(world.link() == "versions/v2");
        REQUIRE(::umount(directory.c_str()) == 0);
    }
}

// --- Of the configuration ------------------------------------------------------------------------

namespace {

/// Both artifacts have versions, and both roots have one that is called v1.
struct ConfiguredWorld : VersionedWorld {
    ConfiguredWorld() {
        options.roots.config = path() + "/config";
        make_version("v1", "config");
        make_version("c2", "config");
        deploy("c2", "config");
    }
    [[nodiscard]] std::string config_link() const {
        return std::filesystem::read_symlink(path() + "/config/current");
    }
};

}  // namespace

TEST_CASE("a swap of the configuration moves its link alone, though both roots have the name") {
    ConfiguredWorld world;
    const Outcome outcome = world.swap("i-1.e1", "c2", "v1", Artifact::config);
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK(world.config_link() == "versions/v1");
    CHECK(world.link() == "versions/v1");
    CHECK(world.swap("i-1.e2", "v1", "v2").kind == OutcomeKind::done);
    CHECK(world.config_link() == "versions/v1");
    CHECK(world.link() == "versions/v2");
}

TEST_CASE("a swap of the configuration to what only the program's root has is refused") {
    ConfiguredWorld world;
    CHECK(world.swap("i-1.e1", "c2", "v2", Artifact::config).kind == OutcomeKind::refused);
    CHECK(world.swap("i-1.e1", "v1", "c2").kind == OutcomeKind::refused);
    CHECK(world.swap("i-1.e1", "v1", "c2", Artifact::config).kind == OutcomeKind::refused);
    CHECK(world.config_link() == "versions/c2");
    CHECK(world.link() == "versions/v1");
}

TEST_CASE("a service without versions of its configuration has none to swap") {
    VersionedWorld world;
    CHECK(world.swap("i-1.e1", "v1", "v2", Artifact::config).kind == OutcomeKind::refused);
    CHECK(world.link() == "versions/v1");
}

TEST_CASE("a torn link of the configuration fails the reading and starts nothing") {
    ConfiguredWorld world;
    const std::string link = world.path() + "/config/current";
    std::filesystem::remove(link);
    CHECK(run(world.runtime()->read(world.soon())).error().fault == Fault::absent);
    CHECK(!run(world.runtime()->adopt_or_start(world.soon())));
    std::filesystem::create_symlink("/etc", link);
    CHECK(run(world.runtime()->read(world.soon())).error().text.contains("versions/NAME"));
    CHECK(!run(world.runtime()->adopt_or_start(world.soon())));
    CHECK(world.instances_alive().empty());
}

TEST_CASE("a process counts as running the configuration that it was started with") {
    ConfiguredWorld world;
    REQUIRE(run(world.runtime()->adopt_or_start(world.soon())).has_value());
    CHECK(world.facts().version.text() == "v1");
    CHECK(world.facts().config.text() == "c2");
    REQUIRE(world.swap("i-1.e1", "c2", "v1", Artifact::config).kind == OutcomeKind::done);
    CHECK(world.facts().config.text() == "c2");  // The link has moved, the process has not.
    const ProcessIdentity identity = world.facts().identity;
    CHECK(world.replace("i-1.e2", identity, "v1", "c9").kind == OutcomeKind::refused);
    CHECK(world.replace("i-1.e2", identity, "v1", "").kind == OutcomeKind::refused);
    CHECK(world.facts().identity == identity);
    CHECK(world.replace("i-1.e2", identity, "v1", "v1").kind == OutcomeKind::done);
    CHECK(world.facts().config.text() == "v1");
}

TEST_CASE("the directory of the configuration reaches the program") {
    ConfiguredWorld world;
    world.options.command = {"/bin/sh", "-c", "echo \"$0\" > seen && exec sleep 1000",
                             "{config_dir}"};
    REQUIRE(run(world.runtime()->adopt_or_start(world.soon())).has_value());
    const std::string seen = world.path() + "/root/versions/v1/seen";
    const std::string wanted = world.path() + "/config/versions/c2\n";
    CHECK(eventually([&] { return os::read_file(seen, 4096).value_or("") == wanted; }));
}

TEST_CASE("a change of the configuration is told as one, and no deploy is") {
    ConfiguredWorld world;
    VersionTelemetry deploys{world.options, Artifact::deploy, VersionId{"v1"}, world.clock};
    VersionTelemetry configs{world.options, Artifact::config, VersionId{"c2"}, world.clock};
    world.deploy("v1", "config");
    CHECK(readings(deploys).empty());
    const std::vector<Reading> told = readings(configs);
    REQUIRE(told.size() == 1);
    const Change& change = std::get<ChangeReading>(told.front()).change;
    CHECK(change.kind == ChangeKind::config);
    CHECK(change.from.text() == "c2");
    CHECK(change.to.text() == "v1");
    CHECK(change.is_first_hand);
}

TEST_CASE("each artifact has a mark of its own: a swap of one leaves the other's swap ours") {
    ConfiguredWorld world;
    VersionTelemetry deploys{world.options, Artifact::deploy, VersionId{"v1"}, world.clock};
    VersionTelemetry configs{world.options, Artifact::config, VersionId{"c2"}, world.clock};
    REQUIRE(world.swap("i-1.e1", "v1", "v2").kind == OutcomeKind::done);
    REQUIRE(world.swap("i-2.e1", "c2", "v1", Artifact::config).kind == OutcomeKind::done);
    CHECK(std::get<ChangeReading>(readings(deploys).at(0)).change.reference == "i-1.e1");
    CHECK(std::get<ChangeReading>(readings(configs).at(0)).change.reference == "i-2.e1");
}

TEST_CASE("one root for both artifacts is refused") {
    ConfiguredWorld world;
    world.options.roots.config = world.options.roots.deploy;
    const Result<std::unique_ptr<Runtime>> made = Runtime::make(world.options, world.clock);
    REQUIRE(!made);
    CHECK(made.error().fault == Fault::invalid);
}

}  // namespace homeostat::adapters::process
