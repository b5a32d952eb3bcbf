#pragma once

// Quantities of memory, as Kubernetes writes them: "512Mi", "0.5Gi", "129M", "129e6",
// "128974848000m".
//
// SOURCE: k8s.io/apimachinery/pkg/api/resource, Quantity. What is no whole number of bytes is
// rounded up, as there.
//
// Pure. Thread-safe.

#include "homeostat/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

constexpr std::size_t quantity_bytes_max = 32;
/// More no machine has; sums and halves of it stay exact.
constexpr std::uint64_t memory_bytes_most = std::uint64_t{1} << 50U;

/// UNITS: bytes. ERRORS: invalid: no quantity, less than nothing, or more than any machine has.
[[nodiscard]] Result<std::uint64_t> parse_memory(std::string_view text);

/// The shortest that means just so many bytes: "96Mi", "1000001".
[[nodiscard]] std::string memory_quantity(std::uint64_t bytes);

}  // namespace homeostat::adapters::kubernetes
