#pragma once

// ExecutorUrl: where the agent's role finds its executor, as the variables of a cluster say it.
//
// A manifest has `--executor http://$(HOMEOSTAT_DOOR_SERVICE_HOST):7091`. A kubelet leaves that as
// it stands where no such Service was there when the container began, and writes an address of IPv6
// without the brackets that a URL has round it.
//
// Pure.

#include "homeostat/base/result.hpp"

#include <string>
#include <string_view>

namespace homeostat::app {

/// Whether a variable was left in it, so that it says of no executor where that is.
[[nodiscard]] bool is_left_open(std::string_view url);

/// ERRORS: invalid: it is left open, or no address of an agent's kind.
[[nodiscard]] Result<std::string> parse_executor_url(std::string_view url);

}  // namespace homeostat::app
