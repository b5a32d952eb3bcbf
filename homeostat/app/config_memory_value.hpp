#pragma once

// MemoryValue: "512Mi", "1Gi", memory of a container as Kubernetes writes it.
//
// Pure. Thread-safe.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"

#include <cstdint>
#include <string_view>

namespace homeostat::app {

/// As a value of config_values.hpp. UNITS: bytes.
struct MemoryValue {
    [[nodiscard]] Result<std::uint64_t> parse(std::string_view text) const;
    [[nodiscard]] json::value write(std::uint64_t value) const;
    [[nodiscard]] json::object schema() const;
};

}  // namespace homeostat::app
