#include "homeostat/adapters/kubernetes/config_maps.hpp"

#include "homeostat/adapters/kubernetes/json_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

namespace {

json::value map_of(const std::string& more) {
    return parse_json(R"({"metadata":{"name":"a","uid":"u1","resourceVersion":"7")" + more + "}")
        .value();
}

ConfigMapView view_of(const json::value& object) {
    const Result<ConfigMapView> view = parse_config_map(object);
    REQUIRE_MESSAGE(view.has_value(), (view ? "" : view.error().text));
    return *view;
}

VersionId version_of(const std::string& more) {
    return config_version_of({view_of(map_of(more)).contents});
}

}  // namespace

TEST_CASE("a version is what is in a ConfigMap, and nothing of what stands beside it") {
    const VersionId version = version_of(R"(},"data":{"x":"1","y":"2"})");
    CHECK(version.text().starts_with("c-"));
    CHECK(version.text().size() == 14);
    CHECK(version_of(R"(},"data":{"y":"2","x":"1"})") == version);
    CHECK(version_of(R"(,"annotations":{"z":"1"}},"data":{"x":"1","y":"2"},"immutable":true)") ==
          version);
    for (const char* other :
         {R"(},"data":{"x":"1","y":"3"})", R"(},"data":{"x":"1"})", "}", R"(},"data":{})",
          R"(},"binaryData":{"x":"1","y":"2"})", R"(},"data":{"x":"1y","":"2"})"}) {
        CHECK_MESSAGE(version_of(other) != version, other);
    }
    CHECK(version_of("}") == version_of(R"(},"data":null,"binaryData":{})"));
}

TEST_CASE("a ConfigMap that is none is an error that names the place") {
    for (const char* odd : {R"(},"data":7)", R"(},"data":{"x":7})", R"(},"binaryData":["x"])",
                            R"(},"immutable":"yes")", R"(,"annotations":7})"}) {
        const Result<ConfigMapView> view = parse_config_map(map_of(odd));
        REQUIRE_MESSAGE(!view, odd);
        CHECK_MESSAGE(view.error().text.contains("configmap"), view.error().text);
    }
    CHECK_FALSE(parse_config_map(json::value{}));
    json::value large = map_of("}");
    at(large, {"data", "x"}) = std::string((std::size_t{1} << 20U) + 1, 'x');
    CHECK_FALSE(parse_config_map(large));
    json::value many = map_of("}");
    for (int key = 0; key < 5000; ++key) {
        at(many, {"data", std::to_string(key)}) = "";
    }
    CHECK_FALSE(parse_config_map(many));
}

TEST_CASE("a configuration is whole or it has no version") {
    ConfigMapView first = view_of(map_of(R"(},"data":{"x":"1"})"));
    ConfigMapView second = first;
    second.contents.name = "b";
    const ConfigsView both = configs_of({"a", "b"}, {second, first});
    CHECK_FALSE(both.version.empty());
    CHECK(both.maps.front().contents.name == "a");
    CHECK(configs_of({"a", "b"}, {first}).version.empty());
    CHECK(configs_of({"a", "b"}, {}).version.empty());
    CHECK(configs_of({}, {}).version.empty());
    // Of the same contents under another name it is another.
    CHECK(configs_of({"b"}, {second}).version != configs_of({"a"}, {first}).version);
}

TEST_CASE("a mark is ours only while what it names is in force") {
    ConfigMapView one = view_of(map_of(R"(},"data":{"x":"1"})"));
    const VersionId version = configs_of({"a"}, {one}).version;
    const auto effect = [&](const std::string& mark) {
        one.effect = mark;
        return effect_of(configs_of({"a"}, {one})).text();
    };
    CHECK(effect("i-7.e2 c-000000000000 " + version.text()) == "i-7.e2");
    for (const char* mark : {"", "i-7.e2", "i-7.e2 c-0 c-1", "../e c-0 c-1", " "}) {
        CHECK(effect(mark).empty());
    }
    CHECK(effect("../e c-0 " + version.text()).empty());
    CHECK(effect_of(ConfigsView{}).empty());
}

}  // namespace homeostat::adapters::kubernetes
