#pragma once

// An indicator as a producer writes it, of which a test changes what it is about. For tests only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace homeostat::adapters::taxii {

/// Noon of the day on which the indicators below are changed.
inline WallTime noon_for_test() {
    return parse_timestamp("2026-11-27T12:00:00Z").value();
}

/// The number makes its id.
inline json::object indicator_for_test(int number, std::string_view pattern) {
    json::object object;
    object["type"] = "indicator";
    object["spec_version"] = "2.1";
    object["id"] = fmt::format("indicator--00000000-0000-4000-8000-{:012}", number);
    object["created"] = "2026-11-27T11:00:00.000Z";
    object["modified"] = "2026-11-27T11:00:00.000Z";
    object["name"] = "brute force; ssh";
    object["pattern"] = json::value(pattern);
    object["pattern_type"] = "stix";
    object["valid_from"] = "2026-11-27T11:00:00Z";
    object["valid_until"] = "2026-11-27T14:00:00Z";
    return object;
}

inline std::string pattern_for_test(std::string_view address) {
    return fmt::format("[ipv{}-addr:value = '{}']", address.contains(':') ? 6 : 4, address);
}

}  // namespace homeostat::adapters::taxii
