#pragma once

// Whether a cluster serves the kind of object that incidents are shown by, and in our version.
//
// Asked by doctor. An agent writes all the same and is told by the server: a CRD may come later.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"

#include <string>

namespace homeostat::adapters::kubernetes {

/// Of what the server says of a group: nothing where our version is among those it serves. ERRORS:
/// absent, with those that it does serve; broken: that is no group.
[[nodiscard]] Result<void> check_incident_versions(const json::value& group);

/// Of what it says of our version. ERRORS: absent: no incidents in it, or none with a status of
/// their own; broken: that is no list of kinds.
[[nodiscard]] Result<void> check_incident_resources(const json::value& resources);

/// Asks it. ERRORS: those, each with the mend; those of the client.
[[nodiscard]] Task<Result<void>> check_incident_kind(ApiClient& api, Instant deadline);

}  // namespace homeostat::adapters::kubernetes
