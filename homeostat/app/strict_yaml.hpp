#pragma once

// Strict YAML: a small part of YAML, read into a tree in which every value knows its place.
//
// yaml-cpp takes the last of two equal keys without a word, and aliases let twenty lines become
// gigabytes. This reads its events instead of its nodes: duplicate keys, anchors, aliases, tags,
// further documents and control characters are problems, an alias is never followed, and depth and
// size have a maximum. Everything wrong is collected; only what cannot be read past ends the
// reading.
//
// Pure. Thread-safe.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

/// Where something stands in a file. Line and column count from 1; line 0 is the file as a whole.
struct Place {
    std::size_t line{0};
    std::size_t column{0};
    friend auto operator<=>(const Place&, const Place&) = default;
};

struct Problem {
    Place place;
    std::string text;  ///< "what is wrong — what to write instead"
    friend bool operator==(const Problem&, const Problem&) = default;
};

struct YamlMember;

struct YamlNode {
    enum class Kind : std::uint8_t {
        nothing,  ///< A key with nothing behind it.
        text,
        list,
        map,
        refused,  ///< An alias; told already.
    };
    Kind kind{Kind::nothing};
    Place place;
    std::string text;
    std::vector<YamlNode> items;
    std::vector<YamlMember> members;  ///< In the file's order; of equal keys the first.
};

struct YamlMember {
    std::string key;
    Place place;  ///< Of the key.
    YamlNode value;
};

constexpr std::size_t yaml_bytes_max = std::size_t{256} << 10U;
constexpr std::size_t yaml_depth_max = 12;     ///< A configuration has six levels.
constexpr std::size_t yaml_values_max = 4096;  ///< And some hundred values at most.

struct YamlReading {
    std::optional<YamlNode> root;  ///< Absent when it could not be read to its end.
    std::vector<Problem> problems;
};

[[nodiscard]] YamlReading read_strict_yaml(std::string_view text);

}  // namespace homeostat::app
