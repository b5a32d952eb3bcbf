#pragma once

// JSON, read strictly and written in one canonical form.
//
// Boost.JSON silently keeps the last of two equal keys, and two readers that disagree about a key
// are how a refused value gets in. parse_json therefore refuses duplicate keys, and also input over
// its size or depth. to_text writes members in the order in which they were added and numbers in
// one way, so that a record has one byte form and can be hashed.
//
// Pure. ADR 0003 says why the core may name this one library.

#include "homeostat/base/result.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace homeostat {

namespace json {
using boost::json::array;
using boost::json::object;
using boost::json::value;
}  // namespace json

struct JsonLimits {
    std::size_t bytes_max{std::size_t{1} << 20U};  ///< 1 MiB: no message of ours comes near.
    std::size_t depth_max{32};                     ///< Deeper than any document of ours.
};

/// ERRORS: invalid, with the offset of the first byte that is wrong.
[[nodiscard]] Result<json::value> parse_json(std::string_view text, JsonLimits limits = {});

/// One line, members in insertion order, no spaces.
[[nodiscard]] std::string to_text(const json::value& value);

/// Several lines with two spaces of indent, for people and for `--json` documents.
[[nodiscard]] std::string to_pretty_text(const json::value& value);

}  // namespace homeostat
