#include "homeostat/app/config_mesh_keys.hpp"

#include "homeostat/app/mesh_key.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/refused_address.hpp"

#include <fmt/format.h>

namespace homeostat::app {

/// The text is not repeated: a private key may have been written here by mistake.
Result<std::string> PublicKeyValue::parse(std::string_view text) const {
    if (!parse_key(text)) {
        return fail(Fault::invalid,
                    "no public key — write the 64 digits that `homeostat mesh --key` prints there");
    }
    return std::string(text);
}

json::object PublicKeyValue::schema() const {
    json::object schema;
    schema["type"] = json::value("string");
    schema["pattern"] = json::value("^[0-9a-f]{64}$");
    return schema;
}

Result<std::string> PeerUrlValue::parse(std::string_view text) const {
    constexpr std::string_view mend =
        "write the address at which it listens, as in http://10.0.0.7:7071";
    const Result<net::Address> address = net::parse_endpoint(text);
    if (!address) {
        return fail(Fault::invalid, fmt::format("{} — {}", address.error().text, mend));
    }
    if (const Result<void> checked = net::check_target(address->endpoint); !checked) {
        return fail(Fault::invalid, fmt::format("{} — {}", checked.error().text, mend));
    }
    if (address->path != "/") {
        return fail(Fault::invalid,
                    fmt::format("it names a path, and what is asked there has its own — {}", mend));
    }
    return std::string(text);
}

json::object PeerUrlValue::schema() const {
    json::object schema;
    schema["type"] = json::value("string");
    schema["pattern"] = json::value(
        R"(^(http://(localhost|[0-9.]+|\[[0-9a-fA-F:.]+\])(:[0-9]+)?/?|unix:/[!-~]+)$)");
    return schema;
}

}  // namespace homeostat::app
