#include "homeostat/adapters/flagd/flag_revert.hpp"

#include "homeostat/adapters/flagd/flag_world_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace homeostat::adapters::flagd {

namespace {

const EffectId effect{"i-1.e1"};

Result<FlagRevert> revert(Flags& flags, const VersionId& from, const VersionId& to) {
    const Result<const FlagFile*> file = flags.look();
    REQUIRE(file.has_value());
    return revert_of(swap(from, to), effect, **file, flags.history());
}

VersionFacts facts(Flags& flags) {
    const Result<const FlagFile*> file = flags.look();
    REQUIRE(file.has_value());
    return facts_of(**file, flags.history());
}

}  // namespace

TEST_CASE("a change taken back is the version of before, with our mark in it") {
    FlagWorld world;
    Flags flags = world.flags();
    const VersionId before = world.edit(flags, two("off", "off"));
    const VersionId after = world.edit(flags, two("on", "off"));
    const Result<FlagRevert> back = revert(flags, after, before);
    REQUIRE_MESSAGE(back.has_value(), (back ? "" : back.error().text));
    const FlagFile file = parsed(back->text);
    CHECK(file.version == before);
    CHECK(effect_of(file) == effect);
    CHECK(file.mark == fmt::format("i-1.e1 {} {}", after.text(), before.text()));
}

TEST_CASE("what others have edited since stays as they left it") {
    FlagWorld world;
    Flags flags = world.flags();
    const VersionId before = world.edit(flags, two("off", "off"));
    const VersionId after = world.edit(flags, two("on", "off"));
    const std::string later = file_of(R"("checkout":)" + flag("on") + R"(,"banner":)" + flag("on") +
                                      R"(,"new":{"x":1.5,"y":[1,{"z":null}]})");
    world.edit(flags, later);
    const Result<FlagRevert> back = revert(flags, after, before);
    REQUIRE_MESSAGE(back.has_value(), (back ? "" : back.error().text));
    const FlagFile file = parsed(back->text);
    const FlagFile left = parsed(later);
    for (const std::string name : {"banner", "new"}) {
        CHECK(is_same(find(file.definitions, DefinitionKind::flag, name),
                      find(left.definitions, DefinitionKind::flag, name)));
    }
    const Definition* restored = find(file.definitions, DefinitionKind::flag, "checkout");
    REQUIRE(restored != nullptr);
    CHECK(restored->text == flag("off"));
    CHECK(effect_of(file) == effect);
}

TEST_CASE("a flag that is no longer what the change made of it is left alone") {
    FlagWorld world;
    Flags flags = world.flags();
    const VersionId before = world.edit(flags, two("off", "off"));
    const VersionId after = world.edit(flags, two("on", "on"));
    for (const std::string& later :
         {two("on", "off"), file_of(R"("checkout":)" + flag("on")),
          file_of(R"("checkout":)" + flag("on", "DISABLED") + R"(,"banner":)" + flag("on"))}) {
        world.edit(flags, later);
        const Result<FlagRevert> back = revert(flags, after, before);
        REQUIRE(!back.has_value());
        CHECK(back.error().fault == Fault::refused);
        CHECK(back.error().text.find("is no longer what " + after.text()) != std::string::npos);
        CHECK(!facts(flags).is_in_force(after, before));
    }
}

TEST_CASE("members keep their order, a new flag goes, and one that was taken away comes back") {
    FlagWorld world;
    Flags flags = world.flags();
    const auto text = [](std::string_view flags_text) {
        return fmt::format(R"({{"metadata":{{"team":"pay"}},"flags":{{{}}},"extra":[3,2.5,"é"]}})",
                           flags_text);
    };
    const VersionId before =
        world.edit(flags, text(R"("z":)" + flag("on") + R"(,"old":{"k":1},"a":)" + flag("off")));
    const VersionId after = world.edit(flags, text(R"("z":)" + flag("off") + R"(,"a":)" +
                                                   flag("off") + R"(,"new":)" + flag("on")));
    const Result<FlagRevert> back = revert(flags, after, before);
    REQUIRE(back.has_value());
    CHECK(to_text(parsed(back->text).document) ==
          fmt::format(R"({{"metadata":{{"team":"pay","homeostat.dev/effect":"i-1.e1 {} {}"}},)"
                      R"("flags":{{"z":{},"a":{},"old":{{"k":1}}}},"extra":[3,2.5,"é"]}})",
                      after.text(), before.text(), flag("on"), flag("off")));
    REQUIRE(back->removed.size() == 1);
    CHECK(back->removed.front() == "new");
}

TEST_CASE("what several flags share goes back as a flag does") {
    FlagWorld world;
    Flags flags = world.flags();
    const auto text = [](std::string_view shared) {
        return fmt::format(R"({{"flags":{{"a":{}}},"$evaluators":{{{}}}}})", flag("on"), shared);
    };
    const VersionId before = world.edit(flags, text(R"("staff":{"in":[1,2]})"));
    const VersionId after = world.edit(flags, text(R"("staff":{"in":[1]},"all":{"==":[1,1]})"));
    const Result<FlagRevert> back = revert(flags, after, before);
    REQUIRE(back.has_value());
    CHECK(parsed(back->text).version == before);
}

TEST_CASE("there is no going back to what is not kept") {
    FlagWorld world;
    Flags flags = world.flags();
    const VersionId now = world.edit(flags, two("on", "off"));
    for (const auto& [from, to] : {std::pair{now, VersionId{"f-000000000000"}},
                                   std::pair{VersionId{"f-000000000000"}, now}}) {
        const Result<FlagRevert> back = revert(flags, from, to);
        REQUIRE(!back.has_value());
        CHECK(back.error().fault == Fault::absent);
    }
}

TEST_CASE("a change stands for as long as each of its flags is as it made it") {
    FlagWorld world;
    Flags flags = world.flags();
    const VersionId before = world.edit(flags, two("off", "off"));
    const VersionId after = world.edit(flags, two("on", "off"));
    CHECK(facts(flags).is_in_force(after, before));
    CHECK(!facts(flags).is_in_force(before, after));
    const VersionId later = world.edit(flags, two("on", "on"));
    CHECK(facts(flags).current == later);
    CHECK(facts(flags).is_in_force(after, before));
    CHECK(!facts(flags).is_in_force(before, after));
    world.edit(flags, two("off", "on"));
    CHECK(facts(flags).is_in_force(before, after));
    CHECK(!facts(flags).is_in_force(after, before));
    CHECK(std::ranges::count(facts(flags).present, before) == 1);
}

}  // namespace homeostat::adapters::flagd
