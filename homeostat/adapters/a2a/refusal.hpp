#pragma once

// Refusal: why a request is not carried out, in the codes of JSON-RPC 2.0 and A2A 1.0.
//
// Pure. Values only.

#include "homeostat/base/json.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::a2a {

enum class Wrong : std::uint8_t {
    json,          ///< The body is no JSON that we read.
    request,       ///< It is no request of JSON-RPC 2.0.
    method,        ///< A2A has no such method.
    params,        ///< A parameter is missing or cannot be; the violations name them.
    task_unknown,  ///< There is no such task, or it is not for this client.
    task_not_cancelable,
    push,       ///< We call nobody back.
    operation,  ///< A2A has it, we do not; or not for a task in this state.
    media_type,
    extension_required,  ///< What was sent is of our extension, which the client did not name.
    version,             ///< Of A2A; without the header it is 0.3.
};

/// A parameter, by its place ("message.parts[0].text"), and what it should be.
using Violation = std::pair<std::string, std::string>;

struct Refusal {
    Wrong wrong{Wrong::request};
    std::string says;                     ///< A sentence for a person: what, and the mend.
    std::vector<Violation> violations{};  ///< Of `params`.
    std::vector<Violation> metadata{};    ///< Names and values for a program.
};

/// JSON-RPC's error object; its `data` are objects of google.rpc, the first an ErrorInfo.
[[nodiscard]] json::object to_json(const Refusal& refusal);

}  // namespace homeostat::adapters::a2a
