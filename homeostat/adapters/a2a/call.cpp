#include "homeostat/adapters/a2a/call.hpp"

#include <utility>

namespace homeostat::adapters::a2a {

namespace {

constexpr std::size_t id_bytes_max = 256;
constexpr std::size_t method_bytes_max = 128;

std::unexpected<RefusedCall> refuse(json::value id, Wrong wrong, std::string says) {
    return std::unexpected(RefusedCall{std::move(id), {.wrong = wrong, .says = std::move(says)}});
}

bool is_id(const json::value& value) {
    const auto* text = value.if_string();
    return value.is_null() || value.is_int64() || value.is_uint64() ||
           (text != nullptr && text->size() <= id_bytes_max);
}

}  // namespace

std::expected<Call, RefusedCall> parse_call(std::string_view body) {
    Result<json::value> document = parse_json(body, call_limits);
    if (!document) {
        return refuse(nullptr, Wrong::json, std::move(document.error().text));
    }
    json::object* request = document->if_object();
    if (request == nullptr) {
        return refuse(nullptr, Wrong::request,
                      "want one request, an object; several in an array are not taken");
    }
    const json::value* id = request->if_contains("id");
    if (id == nullptr || !is_id(*id)) {
        return refuse(nullptr, Wrong::request,
                      "want an id: a string of at most 256 bytes, or a whole number");
    }
    const json::value* version = request->if_contains("jsonrpc");
    if (version == nullptr || !version->is_string() || version->get_string() != "2.0") {
        return refuse(*id, Wrong::request, "want \"jsonrpc\": \"2.0\"");
    }
    const json::value* method = request->if_contains("method");
    const auto* name = method == nullptr ? nullptr : method->if_string();
    if (name == nullptr || name->empty() || name->size() > method_bytes_max) {
        return refuse(*id, Wrong::request, "want a method, by its name");
    }
    json::value* params = request->if_contains("params");
    if (params != nullptr && !params->is_object()) {
        return refuse(*id, Wrong::params, "want params by name, in an object");
    }
    Call call{.id = *id, .method = std::string(*name)};
    if (params != nullptr) {
        call.params = std::move(params->get_object());
    }
    return call;
}

std::string result_text(const json::value& id, json::value result) {
    json::object reply;
    reply["jsonrpc"] = json::value("2.0");
    reply["id"] = id;
    reply["result"] = std::move(result);
    return to_text(reply);
}

std::string error_text(const json::value& id, const Refusal& refusal) {
    json::object reply;
    reply["jsonrpc"] = json::value("2.0");
    reply["id"] = id;
    reply["error"] = to_json(refusal);
    return to_text(reply);
}

}  // namespace homeostat::adapters::a2a
