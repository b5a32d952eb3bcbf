#pragma once

// PersonRequest: what a person says to the agent's socket about an incident, as JSON.
//
// Pure.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/ids.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

/// Of /v1/approve, /v1/deny and /v1/close.
struct PersonRequest {
    IncidentId incident;
    std::optional<std::string> question;
    std::optional<std::string> because;
    std::optional<std::vector<ApprovalSignature>> signatures;  ///< Of approvers, with a yes.

    static void fields(auto& self, auto&& field) {
        field("incident", self.incident);
        field("question", self.question);
        field("because", self.because);
        field("signatures", self.signatures);
    }
};

/// ERRORS: invalid, with the place: not JSON, an unknown member, more or longer signatures than
/// there can be.
[[nodiscard]] Result<PersonRequest> parse_person_request(std::string_view body);

}  // namespace homeostat::app
