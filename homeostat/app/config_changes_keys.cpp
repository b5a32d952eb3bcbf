#include "homeostat/app/config_changes_keys.hpp"

#include "homeostat/net/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace homeostat::app {

namespace {

constexpr std::size_t host_bytes_max = 261;  ///< A DNS name, a colon and a port.

bool is_of_a_host(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':';
}

}  // namespace

Result<std::string> HostValue::parse(std::string_view text) const {
    const std::size_t colon = text.rfind(':');
    const bool is_named = colon != std::string_view::npos && colon > 0 && text.find(':') == colon &&
                          std::ranges::all_of(text, is_of_a_host);
    // The port is read by whoever reads those of addresses.
    const bool has_port =
        is_named && net::parse_endpoint("http://127.0.0.1" + std::string(text.substr(colon)));
    if (!has_port || text.size() > host_bytes_max) {
        return fail(Fault::invalid,
                    "not a name with its port, in lower case — write what a client's Host says, as "
                    "in homeostat-payments.shop.svc:9465");
    }
    return std::string(text);
}

json::object HostValue::schema() const {
    json::object schema;
    schema["type"] = json::value("string");
    schema["pattern"] = json::value("^[a-z0-9.-]+:[0-9]+$");
    return schema;
}

ChangesSection to_section(const ChangesConfig& changes) {
    ChangesSection section{changes.file, changes.are_taken_by_http, {}};
    if (changes.door) {
        section.door = ChangesDoorSection{*changes.door};
    }
    return section;
}

}  // namespace homeostat::app
