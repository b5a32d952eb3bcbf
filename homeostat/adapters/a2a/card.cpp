#include "homeostat/adapters/a2a/card.hpp"

#include "homeostat/adapters/a2a/header_list.hpp"
#include "homeostat/base/fnv1a.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::adapters::a2a {

namespace {

constexpr std::uint64_t pledge_protocol = 1;  ///< The `v` of docs/pledges.md.

json::array to_json(const std::vector<std::string>& texts) {
    json::array array;
    for (const std::string& text : texts) {
        array.emplace_back(text);
    }
    return array;
}

json::object to_json(const CardSkill& skill) {
    json::object object;
    object["id"] = json::value(skill.id);
    object["name"] = json::value(skill.name);
    object["description"] = json::value(skill.description);
    object["tags"] = to_json(skill.tags);
    return object;
}

json::object to_json(const CardMode& mode) {
    json::object object;
    object["mode"] = json::value(mode.mode);
    object["depth"] = mode.depth;
    object["loses"] = json::value(mode.loses);
    if (!mode.via.empty()) {
        object["via"] = json::value(mode.via);
    }
    return object;
}

json::object to_json(const CardRoute& route) {
    json::array modes;
    for (const CardMode& mode : route.modes) {
        modes.emplace_back(to_json(mode));
    }
    json::object object;
    object["route"] = json::value(route.route);
    object["callee"] = json::value(route.callee);
    object["floor_rps"] = route.floor_rps;
    object["modes"] = std::move(modes);
    return object;
}

json::object extension_of(const CardSettings& settings) {
    json::array routes;
    for (const CardRoute& route : settings.routes) {
        routes.emplace_back(to_json(route));
    }
    json::object params;
    params["protocol"] = pledge_protocol;
    params["agent"] = json::value(settings.agent);
    params["routes"] = std::move(routes);
    json::object extension;
    extension["uri"] = json::value(recovery_extension);
    extension["description"] = json::value(
        "Takes signed messages of the pledge protocol: promises between neighbours to do with less "
        "for a bounded time. params names each route of this agent's service, its reduced modes, "
        "and what its users lose in each.");
    extension["required"] = false;
    extension["params"] = std::move(params);
    return extension;
}

std::vector<CardSkill> skills_of(const CardSettings& settings) {
    std::vector<CardSkill> skills = settings.skills;
    if (!settings.agent.empty()) {
        skills.push_back({"pledges",
                          "Pledges between neighbours",
                          "Takes a signed pledge message of a neighbour that its configuration "
                          "knows. Nobody else's words change anything.",
                          {"recovery", "pledge"}});
        skills.push_back({"pledges_told",
                          "What is promised now",
                          "Tells each pledge as a task: working while it is in force, completed "
                          "when it has ended, rejected when it was refused. It can be followed.",
                          {"recovery", "observability"}});
    }
    return skills;
}

json::object capabilities_of(const CardSettings& settings) {
    json::object capabilities;
    capabilities["streaming"] = true;
    capabilities["pushNotifications"] = false;
    capabilities["extendedAgentCard"] = false;
    if (!settings.agent.empty()) {
        json::array extensions;
        extensions.emplace_back(extension_of(settings));
        capabilities["extensions"] = std::move(extensions);
    }
    return capabilities;
}

json::array interfaces_of(const CardSettings& settings) {
    json::object interface;
    interface["url"] = json::value(settings.url);
    interface["protocolBinding"] = json::value("JSONRPC");
    interface["protocolVersion"] = json::value(protocol_version);
    json::array interfaces;
    interfaces.emplace_back(std::move(interface));
    return interfaces;
}

}  // namespace

Card card_of(const CardSettings& settings) {
    json::array skills;
    for (const CardSkill& skill : skills_of(settings)) {
        skills.emplace_back(to_json(skill));
    }
    json::object card;
    card["name"] = json::value(settings.name);
    card["description"] = json::value(settings.description);
    card["version"] = json::value(settings.version);
    card["supportedInterfaces"] = interfaces_of(settings);
    card["capabilities"] = capabilities_of(settings);
    const std::vector<std::string> media_types{"text/plain", "application/json"};
    card["defaultInputModes"] = to_json(media_types);
    card["defaultOutputModes"] = to_json(media_types);
    card["skills"] = std::move(skills);
    std::string text = to_pretty_text(card);
    std::string etag = fmt::format("\"{:016x}\"", fnv1a(text));
    return {std::move(text), std::move(etag)};
}

bool is_known(std::string_view if_none_match, std::string_view etag) {
    // RFC 9110, 13.1.2: this header compares weakly.
    return std::ranges::any_of(items_of(if_none_match), [etag](std::string_view tag) {
        return tag == "*" || tag == etag || (tag.starts_with("W/") && tag.substr(2) == etag);
    });
}

}  // namespace homeostat::adapters::a2a
