#include "homeostat/adapters/kubernetes/api_client.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <string_view>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::size_t description_bytes_max = 512;
constexpr std::string_view cut_mark = "...";

/// The text of a member; empty: there is none.
std::string_view text_of(const json::object& object, std::string_view name) {
    const json::value* member = object.if_contains(name);
    return member != nullptr && member->is_string() ? std::string_view(member->get_string())
                                                    : std::string_view();
}

/// Adds `text`, escaped, as far as it fits. False: it did not, and that is marked.
bool add(std::string& said, std::string_view text) {
    for (const char c : text) {
        const std::size_t before = said.size();
        if (c >= ' ' && c <= '~') {
            said += c;
        } else {
            fmt::format_to(std::back_inserter(said), "\\x{:02x}", static_cast<unsigned char>(c));
        }
        if (said.size() > description_bytes_max - cut_mark.size()) {
            said.resize(before);
            said += cut_mark;
            return false;
        }
    }
    return true;
}

}  // namespace

std::string describe(const ApiReply& reply) {
    std::string_view reason;
    std::string_view message;
    if (const json::object* status = reply.body.if_object()) {
        reason = text_of(*status, "reason");
        message = text_of(*status, "message");
    } else if (const auto* text = reply.body.if_string()) {
        message = *text;  // Of a proxy on the way, most likely.
    }
    std::string said = fmt::format("{}", reply.status);
    const bool has_room = reason.empty() || (add(said, " ") && add(said, reason));
    if (has_room && !message.empty() && add(said, ": ")) {
        add(said, message);
    }
    return said;
}

}  // namespace homeostat::adapters::kubernetes
