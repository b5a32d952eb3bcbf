#pragma once

// The address at which a cluster serves a Service.
//
// Pure. Values only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/net/endpoint.hpp"

#include <string_view>

namespace homeostat::adapters::kubernetes {

/// Its cluster IP and that of its TCP ports which has this name or number; empty: the only one.
/// ERRORS: invalid, with the mend: an object that is none, no cluster IP, no such port.
[[nodiscard]] Result<net::Endpoint> parse_service(const json::value& object, std::string_view port);

}  // namespace homeostat::adapters::kubernetes
