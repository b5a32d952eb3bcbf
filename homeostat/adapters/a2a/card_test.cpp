#include "homeostat/adapters/a2a/desk_for_test.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

using namespace homeostat;
using namespace homeostat::adapters::a2a;

namespace {

json::object document_of(const CardSettings& settings) {
    return parse_json(card_of(settings).text).value().get_object();
}

}  // namespace

TEST_CASE("a card has every member that A2A requires, and none of them is empty") {
    const json::object card = document_of(card_settings_for_test());
    for (const char* name : {"name", "description", "version"}) {
        CHECK_FALSE(card.at(name).as_string().empty());
    }
    for (const char* name :
         {"supportedInterfaces", "defaultInputModes", "defaultOutputModes", "skills"}) {
        CHECK_FALSE(card.at(name).as_array().empty());
    }
    const json::object& interface = card.at("supportedInterfaces").as_array()[0].as_object();
    CHECK(interface.at("url").as_string() == "http://127.0.0.1:7711");
    CHECK(interface.at("protocolBinding").as_string() == "JSONRPC");
    CHECK(interface.at("protocolVersion").as_string() == "1.0");
    for (const json::value& skill : card.at("skills").as_array()) {
        CHECK_FALSE(skill.at("tags").as_array().empty());
        CHECK_FALSE(skill.at("description").as_string().empty());
    }
}

TEST_CASE("a card says nothing of what the door refuses") {
    const json::object card = document_of(card_settings_for_test());
    const json::object& capabilities = card.at("capabilities").as_object();
    CHECK(capabilities.at("streaming").as_bool());
    CHECK_FALSE(capabilities.at("pushNotifications").as_bool());
    CHECK_FALSE(capabilities.at("extendedAgentCard").as_bool());
}

TEST_CASE("each mode of each route is on the card with what users lose in it") {
    const json::object card = document_of(card_settings_for_test());
    const json::object& extension =
        card.at("capabilities").at("extensions").as_array()[0].as_object();
    CHECK(extension.at("uri").as_string() == recovery_extension);
    CHECK_FALSE(extension.at("required").as_bool());
    CHECK(extension.at("params").at("agent").as_string() == "cart");
    const json::object& route = extension.at("params").at("routes").as_array()[0].as_object();
    CHECK(route.at("route").as_string() == "pay.cart");
    CHECK(route.at("callee").as_string() == "payments");
    CHECK(route.at("floor_rps").as_int64() == 20);
    const json::array& modes = route.at("modes").as_array();
    REQUIRE(modes.size() == 2);
    CHECK(modes[0].at("mode").as_string() == "lean");
    CHECK(modes[0].at("loses").as_string() == "No saved addresses.");
    CHECK_FALSE(modes[0].as_object().contains("via"));
    CHECK(modes[1].at("via").as_string() == "vault");
}

TEST_CASE("an agent without a name in pledges has neither the extension nor its skills") {
    CardSettings settings = card_settings_for_test();
    settings.agent.clear();
    settings.skills = {{"tck", "Kit", "Answers a kit.", {"tck"}}};
    const json::object card = document_of(settings);
    CHECK_FALSE(card.at("capabilities").as_object().contains("extensions"));
    REQUIRE(card.at("skills").as_array().size() == 1);
    CHECK(card.at("skills").as_array()[0].at("id").as_string() == "tck");
}

TEST_CASE("the tag of a card changes with its content, and only with it") {
    CardSettings settings = card_settings_for_test();
    const Card card = card_of(settings);
    CHECK(card_of(settings).etag == card.etag);
    settings.routes[0].modes[0].loses = "Nothing.";
    CHECK(card_of(settings).etag != card.etag);
}

TEST_CASE("a tag is known by itself, weakly, in a list, and by a star") {
    struct Case {
        std::string_view if_none_match;
        bool is_known;
    };
    constexpr std::array cases{
        Case{"", false},       Case{"\"a\"", true},
        Case{"W/\"a\"", true}, Case{" \"b\" ,\t\"a\"", true},
        Case{"*", true},       Case{"\"b\"", false},
        Case{"a", false},      Case{"\"a\"b", false},
        Case{",,,", false},
    };
    for (const Case& one : cases) {
        CAPTURE(one.if_none_match);
        CHECK(is_known(one.if_none_match, "\"a\"") == one.is_known);
    }
}
