#pragma once

// redact: takes secrets out of text before it is hashed and kept for ever.
//
// Found is what looks like a secret: the value behind a name such as password, token, secret or
// api_key (name=value, "name": "value", --name value), what follows Authorization and Bearer, the
// user and password of a URL, private keys in PEM, and tokens with a known shape (AWS, GitHub,
// GitLab, Slack, Google, JWT). A name that ends in "file" announces where a secret lies, and no
// secret. Not found is a secret that looks like nothing: a bare word, one that
// is split over two texts, one in an encoding (base64, hex) without a name before it.
//
// A text without secrets comes back as it was; what was redacted once is not changed again. Linear
// in the length of the text; the result is at most `redacted_growth_max` times as long.
//
// Pure. Thread-safe.

#include "homeostat/base/json.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace homeostat::record {

/// The longest mark, "[redacted:authorization]", for the shortest secret, "pwd=x".
constexpr std::size_t redacted_growth_max = 8;

[[nodiscard]] std::string redact(std::string_view text);

/// Every text in the value, the names of members not. At most as deep as the JSON parser goes.
void redact(json::value& value);

}  // namespace homeostat::record
