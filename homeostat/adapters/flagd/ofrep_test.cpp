#include "homeostat/adapters/flagd/ofrep.hpp"

#include "homeostat/adapters/flagd/flag_world_for_test.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::adapters::flagd {

namespace {

std::string given(std::string_view key, std::string_view variant, std::string_view mark = "") {
    const std::string metadata =
        mark.empty() ? "" : fmt::format(R"("homeostat.dev/effect":"{}")", mark);
    return fmt::format(R"({{"key":"{}","variant":"{}","value":1,"reason":"STATIC",)"
                       R"("metadata":{{{}}}}})",
                       key, variant, metadata);
}

std::string reply(std::string_view flags) {
    return fmt::format(R"({{"flags":[{}]}})", flags);
}

}  // namespace

TEST_CASE("an answer of OFREP is what its flags give, without those that failed") {
    const Result<Evaluations> seen =
        parse_evaluations(reply(given("a", "on", "i-1.e1 x y") + "," + given("b", "off") + "," +
                                R"({"key":"c","errorCode":"PARSE_ERROR","errorDetails":"?"})"));
    REQUIRE(seen.has_value());
    REQUIRE(seen->flags.size() == 2);
    CHECK(seen->flags[0].key == "a");
    CHECK(seen->flags[1].variant == "off");
    REQUIRE(seen->marks.size() == 1);
    CHECK(seen->marks.front() == "i-1.e1 x y");
    const Result<Evaluations> of_the_set =
        parse_evaluations(R"({"flags":[],"metadata":{"homeostat.dev/effect":"i-1.e1 x y"}})");
    REQUIRE(of_the_set.has_value());
    CHECK(of_the_set->marks.size() == 1);
    CHECK(parse_evaluations("{}").has_value());
    for (const std::string bad : {"", "[]", R"({"flags":{}})", R"({"flags":[1]})",
                                  R"({"flags":[{"variant":"on"}]})", "<html>"}) {
        const Result<Evaluations> refused = parse_evaluations(bad);
        REQUIRE_MESSAGE(!refused.has_value(), bad);
        CHECK(refused.error().fault == Fault::broken);
    }
}

// Every other answer than that of the file as we wrote it.
TEST_CASE("only who evaluates by what we wrote has taken it") {
    FlagWorld world;
    Flags flags = world.flags();
    const std::string targeted =
        R"({"state":"ENABLED","variants":{"on":1,"off":2},"defaultVariant":"on",)"
        R"("targeting":{"if":[{"==":[{"var":"a"},1]},"on","off"]}})";
    const auto text = [&](std::string_view plain, std::string_view more) {
        return file_of(fmt::format(R"("plain":{}{})", flag(plain), more));
    };
    const struct {
        std::string name, before, after, answer, says;
    } cases[] = {
        {"the mark and the default", text("off", ""), text("on", ""),
         reply(given("plain", "off", "MARK")), ""},
        {"the default alone", text("off", ""), text("on", ""), reply(given("plain", "off")), ""},
        {"the old variant", text("off", ""), text("on", ""), reply(given("plain", "on")),
         "gives on of the flag plain"},
        {"another mark", text("off", ""), text("on", ""),
         reply(given("plain", "off", "i-0.e1 x y")), "what the file said before"},
        {"both marks", text("off", ""), text("on", ""),
         reply(given("plain", "off", "MARK") + "," + given("other", "on", "i-0.e1 x y")),
         "what the file said before"},
        {"no such flag", text("off", ""), text("on", ""), reply(""),
         "does not give the flag plain"},
        {"a flag that ought to be gone", text("off", ""), text("off", R"(,"new":)" + flag("on")),
         reply(given("plain", "off") + "," + given("new", "on")), "still gives the flag new"},
        {"a flag that is gone", text("off", ""), text("off", R"(,"new":)" + flag("on")),
         reply(given("plain", "off")), ""},
        {"a disabled flag", text("off", R"(,"b":)" + flag("on", "DISABLED")),
         text("off", R"(,"b":)" + flag("on")),
         reply(given("plain", "off") + "," + given("b", "on")), "still gives the flag b"},
        {"targeting without a mark", text("off", R"(,"t":)" + targeted), text("off", ""),
         reply(given("plain", "off") + "," + given("t", "off")), "does not say by which"},
        {"targeting with the mark", text("off", R"(,"t":)" + targeted), text("off", ""),
         reply(given("plain", "off", "MARK") + "," + given("t", "off", "MARK")), ""},
    };
    for (const auto& one : cases) {
        const VersionId before = world.edit(flags, one.before);
        const VersionId after = world.edit(flags, one.after);
        const Result<FlagRevert> back = revert_of(swap(after, before), EffectId{"i-1.e1"},
                                                  parsed(world.bytes()), flags.history());
        REQUIRE(back.has_value());
        std::string answer = one.answer;
        for (std::size_t at = answer.find("MARK"); at != std::string::npos;
             at = answer.find("MARK")) {
            answer.replace(at, 4, back->mark);
        }
        const Result<Evaluations> seen = parse_evaluations(answer);
        REQUIRE(seen.has_value());
        const std::string says = objection_to(*seen, parsed(back->text), flags.history());
        CHECK_MESSAGE(one.says.empty() == says.empty(), one.name << ": " << says);
        CHECK_MESSAGE(says.find(one.says) != std::string::npos, one.name << ": " << says);
    }
}

}  // namespace homeostat::adapters::flagd
