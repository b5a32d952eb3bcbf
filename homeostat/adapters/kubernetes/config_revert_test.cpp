#include "homeostat/adapters/kubernetes/config_revert.hpp"

#include "homeostat/adapters/kubernetes/config_telemetry.hpp"
#include "homeostat/adapters/kubernetes/config_world_for_test.hpp"
#include "homeostat/base/timestamp.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::adapters::kubernetes {

TEST_CASE("what ConfigMaps hold is a version of its own, beside that of the program") {
    ConfigWorld world;
    const RuntimeFacts facts = world.facts();
    CHECK(facts.versions.config.current.text().starts_with("c-"));
    CHECK(facts.versions.config.present == std::vector{facts.versions.config.current});
    CHECK(facts.instances[0].config == facts.versions.config.current);
    CHECK(facts.instances[5].config == facts.versions.config.current);
    world.edit("pool: 2\n");
    const RuntimeFacts later = world.facts();
    CHECK(later.versions.config.current != facts.versions.config.current);
    CHECK(later.versions.config.present.size() == 2);
    CHECK(later.versions.deploy == facts.versions.deploy);
    CHECK(later.instances[0].config == later.versions.config.current);
}

TEST_CASE("pods that read it when they start have what was in force then") {
    ConfigWorld world;
    world.options.configs_restart = true;
    world.come_with_configs();
    const VersionId before = world.config();
    CHECK(world.instance().config == before);
    world.edit("pool: 2\n");
    const VersionId now = world.config();
    CHECK(world.instance().config == before);
    world.clock.pass(std::chrono::seconds{5});
    const Replace step = world.replacement();
    CHECK(world.perform(step).kind == OutcomeKind::done);
    CHECK(world.instance().config == now);
    CHECK(world.instance(1).config == before);
    world.come_with_configs();
    CHECK(world.instance(1).config == before);
    CHECK(world.instance(5).config.empty());
}

TEST_CASE("contents are put back with our mark, and with them the version") {
    ConfigWorld world;
    const VersionId good = world.config();
    world.edit("pool: 2\n");
    at(world.map(), {"data"}).as_object().emplace("more.yaml", "x");
    at(world.map(), {"binaryData", "key"}) = "BBBB";
    world.api.touch(world.map());
    const SwapVersion step = world.back_to(good);
    CHECK(world.runtime->performs(step));
    const Outcome outcome = world.perform(step, "i-7.e2");
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK(world.text() == "pool: 20\n");
    CHECK_FALSE(at(world.map(), {"data"}).as_object().contains("more.yaml"));
    CHECK(text_at(world.map(), {"binaryData", "key"}) == "AAEC");
    CHECK(text_at(world.map(), {"metadata", "annotations", effect_annotation}) ==
          "i-7.e2 " + step.from.text() + " " + good.text());
    CHECK(world.config() == good);
    // Once more finds another version in force.
    CHECK(world.perform(step, "i-7.e3").kind == OutcomeKind::refused);
    // And the other way, of a map that has an annotation by now.
    const SwapVersion undo = world.back_to(step.from);
    CHECK(world.perform(undo, "i-7.e4").kind == OutcomeKind::done);
    CHECK(world.text() == "pool: 2\n");
}

TEST_CASE("a member that was not there is taken away again") {
    ConfigWorld world;
    at(world.map(), {"data"}) = nullptr;
    world.map().as_object().erase("data");
    world.map().as_object().erase("binaryData");
    world.api.touch(world.map());
    const VersionId empty = world.config();
    world.edit("pool: 2\n");
    CHECK(world.perform(world.back_to(empty)).kind == OutcomeKind::done);
    CHECK_FALSE(world.map().as_object().contains("data"));
    CHECK(world.config() == empty);
}

TEST_CASE("a successor goes back to what its predecessor saw") {
    ConfigWorld world;
    const VersionId good = world.config();
    world.edit("pool: 2\n");
    world.come_with_configs();
    CHECK(world.perform(world.back_to(good)).kind == OutcomeKind::done);
    CHECK(world.text() == "pool: 20\n");
    std::filesystem::remove(world.directory.file("configs.json"));
    world.come_with_configs();
    CHECK(world.facts().versions.config.present == std::vector{good});
}

TEST_CASE("a revert is refused where its preconditions fail, and nothing is written") {
    ConfigWorld world;
    const VersionId good = world.config();
    world.edit("pool: 2\n");
    const SwapVersion step = world.back_to(good);
    SwapVersion other_from = step;
    other_from.from = VersionId{"c-000000000000"};
    SwapVersion unknown_to = step;
    unknown_to.to = VersionId{"c-000000000000"};
    SwapVersion no_change = step;
    no_change.to = step.from;
    SwapVersion of_another = step;
    of_another.service = ServiceId{"cart"};
    for (const SwapVersion& one : {other_from, unknown_to, no_change, of_another}) {
        const Outcome outcome = world.perform(one);
        CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
    }
    at(world.map(), {"immutable"}) = true;
    world.api.touch(world.map());
    const Outcome fixed = world.perform(step);
    CHECK(fixed.kind == OutcomeKind::refused);
    CHECK_MESSAGE(fixed.because.contains("immutable"), fixed.because);
    CHECK(world.facts().versions.config.present == std::vector{step.from});
    CHECK(world.text() == "pool: 2\n");
    RuntimeWorld without;
    CHECK_FALSE(without.runtime->performs(step));
}

TEST_CASE("whoever edits the ConfigMap between our look and the write is not written over") {
    for (const bool is_at_rehearsal : {true, false}) {
        CAPTURE(is_at_rehearsal);
        ConfigWorld world;
        const VersionId good = world.config();
        world.edit("pool: 2\n");
        const SwapVersion step = world.back_to(good);
        world.api.before_write = [&](const ApiWrite& write) {
            if (write.is_dry_run == is_at_rehearsal) {
                at(world.map(), {"data", "app.yaml"}) = "pool: 3\n";
                world.api.touch(world.map());
            }
        };
        CHECK(world.perform(step).kind == OutcomeKind::refused);
        CHECK(world.text() == "pool: 3\n");
    }
    ConfigWorld world;
    const VersionId good = world.config();
    world.edit("pool: 2\n");
    const SwapVersion step = world.back_to(good);
    world.api.before_write = [&](const ApiWrite&) {
        at(world.map(), {"metadata", "uid"}) = "made-anew";
    };
    CHECK(world.perform(step).kind == OutcomeKind::refused);
    CHECK(world.text() == "pool: 2\n");
}

TEST_CASE("of two ConfigMaps one is put back, and never both in two writes") {
    ConfigWorld world({"pay-config", "pay-flags"});
    const VersionId first = world.config();
    world.edit("flags: 2\n", "pay-flags");
    const VersionId second = world.config();
    world.edit("pool: 2\n");
    // One write away is only what it was a moment ago.
    CHECK(world.facts().versions.config.present.size() == 2);
    const SwapVersion two_writes{world.options.service, world.config(), first, Artifact::config};
    const Outcome outcome = world.perform(two_writes);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK_MESSAGE(outcome.because.contains("not one write"), outcome.because);
    CHECK(world.perform(world.back_to(second)).kind == OutcomeKind::done);
    CHECK(world.text() == "pool: 20\n");
    CHECK(world.text("pay-flags") == "flags: 2\n");
    CHECK(world.perform(world.back_to(first)).kind == OutcomeKind::done);
    CHECK(world.text("pay-flags") == "pool: 20\n");
}

TEST_CASE("a ConfigMap that is gone leaves no version and nothing to go back to") {
    ConfigWorld world;
    const VersionId good = world.config();
    world.edit("pool: 2\n");
    const SwapVersion step = world.back_to(good);
    world.api.remove(world.maps + "/pay-config");
    const RuntimeFacts facts = world.facts();
    CHECK(facts.versions.config == VersionFacts{});
    CHECK(count_of(facts, &RuntimeInstance::is_answering) == 3);
    CHECK(world.perform(step).kind == OutcomeKind::refused);
}

TEST_CASE("without the right to read it all else is seen, and without a server nothing is") {
    ConfigWorld world;
    const VersionId good = world.config();
    world.edit("pool: 2\n");
    const SwapVersion step = world.back_to(good);
    world.api.get_troubles.resize(3);  // Deployment, pods and ReplicaSets.
    world.api.get_troubles.emplace_back(answered(403));
    const RuntimeFacts facts = world.facts();
    CHECK(facts.versions.config == VersionFacts{});
    CHECK(count_of(facts, &RuntimeInstance::is_answering) == 3);
    for (const Trouble& trouble : {answered(500), answered(429), lost(Fault::late, false)}) {
        world.api.get_troubles.resize(3);
        world.api.get_troubles.emplace_back(trouble);
        CHECK_FALSE(world.try_read());
    }
    world.api.get_troubles.clear();
    world.api.get_troubles.resize(1);  // The Deployment, whose owner may want it left alone.
    world.api.get_troubles.emplace_back(answered(403));
    CHECK(world.perform(step).kind == OutcomeKind::refused);
    CHECK(world.text() == "pool: 2\n");
}

TEST_CASE("a Deployment whose owner wants it left alone keeps its configuration, too") {
    ConfigWorld world;
    const VersionId good = world.config();
    world.edit("pool: 2\n");
    const SwapVersion step = world.back_to(good);
    at(world.deployment(), {"metadata", "annotations", "homeostat.dev/ignore"}) = "true";
    world.api.touch(world.deployment());
    const Outcome outcome = world.perform(step);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK_MESSAGE(outcome.because.contains("homeostat.dev/ignore"), outcome.because);
    CHECK(world.text() == "pool: 2\n");
    world.api.get_troubles.emplace_back(answered(500));
    CHECK(world.perform(step).kind == OutcomeKind::refused);
    CHECK(world.text() == "pool: 2\n");
    at(world.deployment(), {"metadata", "annotations"}) = json::object{};
    world.api.touch(world.deployment());
    CHECK(world.perform(step).kind == OutcomeKind::done);
}

TEST_CASE("what the server answers to a revert decides what became of it") {
    struct Case {
        std::string_view name;
        std::optional<Trouble> at_rehearsal;
        std::optional<Trouble> trouble;
        OutcomeKind kind;
        bool is_back;
    };
    ApiReply other{.status = 200};
    at(other.body, {"metadata", "name"}) = "pay-config";
    at(other.body, {"metadata", "uid"}) = "u";
    const std::vector<Case> cases{
        {"forbidden", answered(403), std::nullopt, OutcomeKind::refused, false},
        {"other contents", Trouble{.answer = other}, std::nullopt, OutcomeKind::refused, false},
        {"a conflict", std::nullopt, answered(409), OutcomeKind::refused, false},
        {"no server", std::nullopt, lost(Fault::unreachable, false), OutcomeKind::refused, false},
        {"500", std::nullopt, answered(500), OutcomeKind::unknown, false},
        {"lost after its effect", std::nullopt, lost(Fault::broken, true), OutcomeKind::unknown,
         true},
    };
    for (const Case& one : cases) {
        CAPTURE(one.name);
        ConfigWorld world;
        const VersionId good = world.config();
        world.edit("pool: 2\n");
        const SwapVersion step = world.back_to(good);
        world.api.write_troubles = {one.at_rehearsal, one.trouble};
        const Outcome outcome = world.perform(step);
        CHECK_MESSAGE(outcome.kind == one.kind, outcome.because);
        CHECK((world.text() == "pool: 20\n") == one.is_back);
        CHECK((world.config() == good) == one.is_back);
    }
}

// --- Telemetry -----------------------------------------------------------------------------------

namespace {

/// What watches of one ConfigMap would have been told of by now.
struct WatchedConfigs {
    std::optional<Error> trouble{};
    ObjectsSeen seen{};
    std::optional<Configs> configs;

    explicit WatchedConfigs(ConfigWorld& world) {
        configs.emplace(world.options, std::vector<KindSeen>{{&seen, &trouble}}, *world.history,
                        world.clock);
    }
    void hear(ConfigWorld& world) {
        seen.objects.clear();
        seen.objects["pay-config"] = world.map();
        seen.resource_version = std::stoull(text_at(world.map(), {"metadata", "resourceVersion"}));
        seen.heard_at = world.clock.now();
    }
};

std::vector<Reading> read(ConfigTelemetry& telemetry) {
    return run_at_once(telemetry.read(Instant::max())).value();
}

}  // namespace

TEST_CASE("an edit in place is a change, first-hand, and ours where the mark says so") {
    ConfigWorld world;
    WatchedConfigs watched(world);
    ConfigTelemetry telemetry(*watched.configs, world.options.service, VersionId{}, world.clock);
    CHECK_FALSE(run_at_once(telemetry.read(Instant::max())));
    watched.hear(world);
    CHECK(read(telemetry).empty());
    const VersionId good = world.config();
    world.edit("pool: 2\n");
    watched.hear(world);
    const std::vector<Reading> readings = read(telemetry);
    REQUIRE(readings.size() == 1);
    const Change& change = std::get<ChangeReading>(readings.front()).change;
    CHECK(change.kind == ChangeKind::config);
    CHECK(change.from == good);
    CHECK(change.to == world.config());
    CHECK(change.is_first_hand);
    CHECK(change.reference.empty());
    CHECK(change.at <= world.clock.now());
    CHECK(read(telemetry).empty());
    CHECK(world.perform(world.back_to(good), "i-7.e2").kind == OutcomeKind::done);
    watched.hear(world);
    const std::vector<Reading> ours = read(telemetry);
    REQUIRE(ours.size() == 1);
    CHECK(std::get<ChangeReading>(ours.front()).change.reference == "i-7.e2");
}

TEST_CASE("an edit that nobody could see is dated when it was made, as far as the server says") {
    struct Row {
        std::string field;          ///< Of whoever wrote last.
        std::chrono::seconds from;  ///< Its note of when that was, against the edit.
        std::chrono::seconds dated;
    };
    using std::chrono::seconds;
    constexpr seconds blind_for{40};  // The edit comes ten seconds into it.
    for (const Row& row :
         {Row{"f:data", seconds{0}, seconds{0}}, Row{"f:binaryData", seconds{0}, seconds{0}},
          Row{"f:metadata", seconds{0}, seconds{30}},   // Of something else.
          Row{"f:data", seconds{-60}, seconds{-10}},    // Before it was known.
          Row{"f:data", seconds{600}, seconds{30}}}) {  // Yet to come.
        CAPTURE(row.field);
        CAPTURE(row.from.count());
        ConfigWorld world;
        WatchedConfigs watched(world);
        ConfigTelemetry telemetry(*watched.configs, world.options.service, VersionId{},
                                  world.clock);
        watched.hear(world);
        CHECK(read(telemetry).empty());
        watched.trouble = Error{Fault::unreachable, "cut"};
        world.clock.pass(seconds{10});
        const Instant edited_at = world.clock.now();
        const std::string noted_at = to_timestamp(world.clock.wall_now() + row.from);
        world.clock.pass(blind_for - seconds{10});
        CHECK_FALSE(run_at_once(telemetry.read(Instant::max())));
        at(world.map(), {"data", "app.yaml"}) = "pool: 2\n";
        world.api.touch(world.map());
        json::value entry;
        at(entry, {"time"}) = noted_at;
        at(entry, {"fieldsV1", row.field}) = json::object{};
        at(world.map(), {"metadata", "managedFields"}) = json::array{entry, 7, "odd"};
        watched.trouble.reset();
        watched.hear(world);
        const std::vector<Reading> readings = read(telemetry);
        REQUIRE(readings.size() == 1);
        const Instant dated_at = std::get<ChangeReading>(readings.front()).change.at;
        CHECK(dated_at <= edited_at + row.dated);
        CHECK(dated_at > edited_at + row.dated - seconds{1});  // To a second.
    }
}

TEST_CASE("a ConfigMap whose watch is refused has no version, and whoever tells of it says why") {
    ConfigWorld world;
    WatchedConfigs watched(world);
    ConfigTelemetry telemetry(*watched.configs, world.options.service, VersionId{}, world.clock);
    watched.hear(world);
    CHECK(read(telemetry).empty());
    REQUIRE(watched.configs->look().value()->version == world.config());
    watched.trouble = Error{Fault::refused, "403 Forbidden"};
    world.clock.pass(std::chrono::seconds{6});
    REQUIRE(watched.configs->look());
    CHECK(watched.configs->look().value()->version.empty());
    const Result<std::vector<Reading>> readings = run_at_once(telemetry.read(Instant::max()));
    REQUIRE_FALSE(readings);
    CHECK(readings.error().text.contains("403 Forbidden"));
    watched.trouble.reset();
    watched.hear(world);
    CHECK(read(telemetry).empty());
    CHECK(watched.configs->look().value()->version == world.config());
}

TEST_CASE("of two watches one that is behind takes nothing back, however new the other is") {
    ConfigWorld world({"pay-config", "pay-flags"});
    std::optional<Error> trouble;
    std::vector<ObjectsSeen> seen(2);
    const auto hear = [&](std::size_t index, bool has_heard_of_it) {
        const std::string& name = world.options.configs[index];
        if (has_heard_of_it) {
            seen[index].objects[name] = world.map(name);
        }
        world.api.touch(world.map("pay-config"));  // Only for a version that is later still.
        seen[index].resource_version =
            std::stoull(text_at(world.map("pay-config"), {"metadata", "resourceVersion"}));
        seen[index].heard_at = world.clock.now();
    };
    hear(0, true);
    hear(1, true);
    Configs configs(world.options, {{&seen[0], &trouble}, {&seen[1], &trouble}}, *world.history,
                    world.clock);
    world.runtime->know(configs);
    REQUIRE(configs.look());
    world.edit("pool: 2\n", "pay-flags");  // Read first-hand.
    const VersionId now = world.config();
    REQUIRE(world.history->versions().back().version == now);
    const std::size_t count = world.history->versions().size();
    hear(0, true);  // A bookmark; of the flags nothing was told yet.
    REQUIRE(configs.look());
    CHECK(world.history->versions().size() == count);
    CHECK(world.history->versions().back().version == now);
    hear(1, true);
    REQUIRE(configs.look());
    CHECK(world.history->versions().back().version == now);
}

TEST_CASE("an edit that came while nobody looked is a change, too; an annotation is none") {
    ConfigWorld world;
    WatchedConfigs watched(world);
    const VersionId good = world.config();
    world.edit("pool: 2\n");
    watched.hear(world);
    ConfigTelemetry telemetry(*watched.configs, world.options.service, good, world.clock);
    CHECK(read(telemetry).size() == 1);
    at(world.map(), {"metadata", "annotations", "owner"}) = "us";
    world.api.touch(world.map());
    watched.hear(world);
    CHECK(read(telemetry).empty());
    watched.seen.objects.clear();
    watched.seen.resource_version += 1;
    CHECK(read(telemetry).empty());
    watched.trouble = Error{Fault::unreachable, "cut"};
    world.clock.pass(std::chrono::minutes{1});
    CHECK_FALSE(run_at_once(telemetry.read(Instant::max())));
}

}  // namespace homeostat::adapters::kubernetes
