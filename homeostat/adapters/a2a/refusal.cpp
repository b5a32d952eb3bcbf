#include "homeostat/adapters/a2a/refusal.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace homeostat::adapters::a2a {

namespace {

struct Code {
    int number{0};
    std::string_view reason;
};

/// In the order of Wrong. SOURCE: JSON-RPC 2.0, 5.1; A2A 1.0, 5.4.
constexpr std::array codes{
    Code{-32700, "PARSE_ERROR"},
    Code{-32600, "INVALID_REQUEST"},
    Code{-32601, "METHOD_NOT_FOUND"},
    Code{-32602, "INVALID_PARAMS"},
    Code{-32001, "TASK_NOT_FOUND"},
    Code{-32002, "TASK_NOT_CANCELABLE"},
    Code{-32003, "PUSH_NOTIFICATION_NOT_SUPPORTED"},
    Code{-32004, "UNSUPPORTED_OPERATION"},
    Code{-32005, "CONTENT_TYPE_NOT_SUPPORTED"},
    Code{-32008, "EXTENSION_SUPPORT_REQUIRED"},
    Code{-32009, "VERSION_NOT_SUPPORTED"},
};
static_assert(codes.size() == static_cast<std::size_t>(Wrong::version) + 1);

json::object error_info(const Refusal& refusal, std::string_view reason) {
    json::object metadata;
    for (const auto& [name, value] : refusal.metadata) {
        metadata[name] = json::value(value);
    }
    json::object info;
    info["@type"] = json::value("type.googleapis.com/google.rpc.ErrorInfo");
    info["reason"] = json::value(reason);
    info["domain"] = json::value("a2a-protocol.org");
    info["metadata"] = std::move(metadata);
    return info;
}

json::object bad_request(const std::vector<Violation>& violations) {
    json::array fields;
    for (const auto& [field, description] : violations) {
        json::object one;
        one["field"] = json::value(field);
        one["description"] = json::value(description);
        fields.emplace_back(std::move(one));
    }
    json::object request;
    request["@type"] = json::value("type.googleapis.com/google.rpc.BadRequest");
    request["fieldViolations"] = std::move(fields);
    return request;
}

}  // namespace

json::object to_json(const Refusal& refusal) {
    const Code& code = codes.at(static_cast<std::size_t>(refusal.wrong));
    json::array data;
    data.emplace_back(error_info(refusal, code.reason));
    if (!refusal.violations.empty()) {
        data.emplace_back(bad_request(refusal.violations));
    }
    json::object error;
    error["code"] = code.number;
    error["message"] = json::value(refusal.says);
    error["data"] = std::move(data);
    return error;
}

}  // namespace homeostat::adapters::a2a
