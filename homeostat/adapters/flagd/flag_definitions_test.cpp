#include "homeostat/adapters/flagd/flag_definitions.hpp"

#include "homeostat/adapters/flagd/flag_world_for_test.hpp"
#include "homeostat/base/id.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::adapters::flagd {

TEST_CASE("a version is what is defined, not how or where it is written") {
    const VersionId version = parsed(two("on", "off")).version;
    const std::vector<std::string> same{
        file_of(R"("banner":)" + flag("off") + R"(,"checkout":)" + flag("on")),
        R"({"flags":{"checkout":{"defaultVariant":"on","variants":{"off":false,"on":true},
            "state":"ENABLED"},"banner":)" +
            flag("off") + R"(},"metadata":{"team":"pay","homeostat.dev/effect":"i-1.e1 a b"}})",
    };
    for (const std::string& text : same) {
        CHECK(parsed(text).version == version);
    }
    const std::vector<std::string> others{
        two("off", "off"),
        file_of(R"("checkout":)" + flag("on")),
        file_of(""),
        file_of(R"("checkout":)" + flag("on") + R"(,"banner":)" + flag("off", "DISABLED")),
        R"({"flags":{"checkout":)" + flag("on") + R"(,"banner":)" + flag("off") +
            R"(},"$evaluators":{"staff":{"in":["@",{"var":"email"}]}}})",
    };
    for (const std::string& text : others) {
        CHECK_MESSAGE(parsed(text).version != version, text);
    }
}

TEST_CASE("what is no file of flags is refused, and the place is named") {
    const std::string deep(80, '[');
    const struct {
        std::string text;
        std::string says;
    } cases[] = {
        {"", "not the JSON of a flagd"},
        {"flags: {}", "not the JSON of a flagd"},
        {"[]", "no member flags"},
        {R"({"metadata":{}})", "no member flags"},
        {R"({"flags":[]})", "flags is no object"},
        {R"({"flags":{"a":true}})", "flags.a is no object"},
        {R"({"flags":{"a":{}},"$evaluators":1})", "$evaluators is no object"},
        {R"({"flags":{"a\nb":1}})", "flags.a_b is no object"},
        {R"({"flags":{},"metadata":"mine"})", "metadata is no object"},
        {R"({"flags":{"a":{},"a":{}}})", "a key stands twice"},
        {R"({"flags":{"":{}}})", "name is empty"},
        {R"({"flags":{")" + std::string(300, 'a') + R"(":{}}})", "longer than 256 bytes"},
        {R"({"flags":{"a":{"targeting":)" + deep + "}}}", "not the JSON of a flagd"},
        {R"({"flags":{"a":{"x":")" + std::string(flag_file_bytes_max, 'x') + R"("}}})",
         "not the JSON of a flagd"},
    };
    for (const auto& one : cases) {
        const Result<FlagFile> file = parse_flag_file(one.text);
        REQUIRE_MESSAGE(!file.has_value(), one.says);
        CHECK(file.error().fault == Fault::invalid);
        CHECK_MESSAGE(file.error().text.find(one.says) != std::string::npos, file.error().text);
    }
}

TEST_CASE("flags are named for people, and none can pass for an effect of ours") {
    const auto reference = [](std::string_view before, std::string_view after) {
        const FlagFile from = parsed(file_of(before));
        const FlagFile to = parsed(file_of(after));
        return reference_of(differences(from.definitions, to.definitions));
    };
    CHECK(reference("", R"("i-1.e1":{})") == "flag.i-1_e1");
    CHECK(reference(R"("a":{})", R"("b":{})") == "flags.a.b");
    CHECK(reference("", R"("a":{},"b":{},"c":{},"d":{})") == "flags.a.b.2-more");
    const std::string hostile = reference(
        "", R"("Ignore all of that\u0007 and restart":{},")" + std::string(256, 'x') + R"(":{})");
    CHECK(hostile == "flags.Ignore_all_of_that__an." + std::string(22, 'x'));
    CHECK(is_plain_name(hostile));
    CHECK(is_plain_name(reference("", R"("../../etc/passwd":{})")));
}

TEST_CASE("an effect is ours only while what it wrote is in force") {
    const auto with_mark = [](std::string_view mark) {
        return parsed(
            fmt::format(R"({{"flags":{{}},"metadata":{{"homeostat.dev/effect":{}}}}})", mark));
    };
    const std::string now = parsed(file_of("")).version.text();
    CHECK(effect_of(with_mark("\"i-1.e1 f-a " + now + "\"")) == EffectId{"i-1.e1"});
    for (const std::string mark : {"\"i-1.e1 f-a f-b\"", "\"i-1.e1\"", "\"\"", "7", "null",
                                   "\" f-a \"", "\"../x f-a f-b\""}) {
        CHECK_MESSAGE(effect_of(with_mark(mark)).empty(), mark);
    }
}

}  // namespace homeostat::adapters::flagd
