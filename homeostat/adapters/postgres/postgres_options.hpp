#pragma once

// PostgresOptions: where a PostgreSQL is, and which of its schemas is ours.
//
// Pure. Values only.

#include <string>

namespace homeostat::adapters::postgres {

struct PostgresOptions {
    std::string url;   ///< As libpq reads it: postgresql://name:password@host:5432/base.
    std::string from;  ///< Where the address stands, for people: a file or a variable.
    std::string schema{"homeostat"};
};

}  // namespace homeostat::adapters::postgres
