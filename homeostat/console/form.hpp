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

/// A signature of a form that names a hundred processes, its marks written as three bytes each, and
/// a person's words.
constexpr std::size_t form_bytes_max = std::size_t{1} << 16U;
constexpr std::size_t form_fields_max = 8;

using Form = std::map<std::string, std::string, std::less<>>;

/// Reads "says=denied&because=I+look+at+it". Strict: a name that stands twice, a name that is no
/// plain one and a percent sign without two hex digits are refused, since two readers could
/// disagree about them. ERRORS: invalid.
[[nodiscard]] Result<Form> parse_form(std::string_view body);

/// The value; empty: there is none of this name.
[[nodiscard]] std::string_view value_in(const Form& form, std::string_view name);

}  // namespace homeostat::console
