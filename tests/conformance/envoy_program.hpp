#pragma once

// Where the Envoy of the tests is.
//
// For tests only.

#include "homeostat/os/child.hpp"

#include <iostream>
#include <optional>
#include <string>

namespace homeostat::conformance {

/// The one that `tools/setup.sh check` unpacks, else that of PATH; nothing when there is none.
inline std::optional<std::string> envoy_program() {
    for (const std::string& name : {std::string(ENVOY_DIR) + "/envoy", std::string("envoy")}) {
        if (Result<std::string> found = os::find_program(name, "")) {
            return *found;
        }
    }
    return std::nullopt;
}

/// A suite whose peer is missing says so; the line makes ctest count it as skipped.
inline bool has_envoy() {
    const bool is_there = envoy_program().has_value();
    if (!is_there) {
        std::cout << "SKIPPED: envoy is not installed (tools/setup.sh check brings it)\n";
    }
    return is_there;
}

}  // namespace homeostat::conformance
