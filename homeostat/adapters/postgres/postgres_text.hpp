#pragma once

// Texts on their way to PostgreSQL and from it.
//
// Pure. Thread-safe.

#include <string>
#include <string_view>

namespace homeostat::adapters::postgres {

/// JSON without the character NUL, which PostgreSQL takes neither in text nor in jsonb: U+FFFD
/// stands in its place. The ledger has it as it was.
[[nodiscard]] std::string without_nul(std::string_view json_text);

/// What libpq says of a connection, on one line, and without the password of `url`. Of an address
/// that it cannot read it repeats parts, so then it is not quoted at all.
[[nodiscard]] std::string without_secret(std::string_view says, std::string_view url);

}  // namespace homeostat::adapters::postgres
