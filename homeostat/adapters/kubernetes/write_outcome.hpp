#pragma once

// What became of a write, as far as the server's answer tells.
//
//   refused  nothing has changed: nothing was sent, or the server says no (4xx: forbidden, gone,
//            another's change came first, a test of the patch failed, a disruption budget is
//            spent);
//   unknown  sent, and no answer that says so: none came, or 5xx, which a server also says of what
//            it has carried out. Only reading the world tells then.
//
// Pure.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/outcome.hpp"

#include <optional>
#include <string>

namespace homeostat::adapters::kubernetes {

[[nodiscard]] Outcome refused(std::string because);
[[nodiscard]] Outcome unknown(std::string because);

/// Nothing: the server says that it was carried out.
[[nodiscard]] std::optional<Outcome> failure_of(const Result<ApiReply>& reply);

}  // namespace homeostat::adapters::kubernetes
