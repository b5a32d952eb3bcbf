#pragma once

// Card: what an agent says of itself to whoever asks, A2A's agent card.
//
// It holds what a neighbour has to know before it talks: where, in which version, and for each
// route of ours the modes in which our service can do with less, with what our users lose in each.
// It is made once, of the configuration, and holds no secret.
//
// Pure. Values only.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::a2a {

/// The protocol of pledges over A2A (docs/a2a.md). Its version is in its name.
constexpr std::string_view recovery_extension = "https://homeostat.dev/a2a/ext/recovery/v1";
constexpr std::string_view protocol_version = "1.0";

struct CardMode {
    std::string mode;
    std::uint32_t depth{1};  ///< 1 is the mildest.
    std::string loses;       ///< What users lose in it, in words of whoever declared it.
    std::string via{};       ///< The third service that takes what the callee no longer gets.
};

/// A route of which this agent's service is the caller.
struct CardRoute {
    std::string route;
    std::string callee;
    std::uint32_t floor_rps{0};
    std::vector<CardMode> modes;
};

struct CardSkill {
    std::string id;
    std::string name;
    std::string description;
    std::vector<std::string> tags;  ///< At least one.
};

struct CardSettings {
    std::string name;
    std::string description;
    std::string version;  ///< Of the program.
    std::string url;      ///< Where this server answers, with the port: http://10.0.0.7:7711
    std::string agent{};  ///< Its name in pledges. Empty: it makes none, and has no such extension.
    std::vector<CardRoute> routes{};
    std::vector<CardSkill> skills{};  ///< Besides those that each of our agents has.
};

struct Card {
    std::string text;  ///< JSON.
    std::string etag;  ///< Strong, in its quotes.
};

[[nodiscard]] Card card_of(const CardSettings& settings);

/// Says whether If-None-Match names this tag, so that the client has what we would send.
[[nodiscard]] bool is_known(std::string_view if_none_match, std::string_view etag);

}  // namespace homeostat::adapters::a2a
