#pragma once

// Form: the body of a POST that a browser makes of a page's form.
//
// Pure.

#include "homeostat/base/result.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace homeostat::console {

/// A person's words at their longest, each byte of them written as three, and two names.
constexpr std::size_t form_bytes_max = 1024;
constexpr std::size_t form_fields_max = 8;

using Form = std::map<std::string, std::string, std::less<>>;

/// Reads "says=denied&because=I+look+at+it". Strict: a name that stands twice, a name that is no
/// plain one and a percent sign without two hex digits are refused, since two readers could
/// disagree about them. ERRORS: invalid.
[[nodiscard]] Result<Form> parse_form(std::string_view body);

/// The value; empty: there is none of this name.
[[nodiscard]] std::string_view value_in(const Form& form, std::string_view name);

}  // namespace homeostat::console
