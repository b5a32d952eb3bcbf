#include "homeostat/app/config_mesh_keys.hpp"

#include "homeostat/app/mesh_key.hpp"

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

}  // namespace homeostat::app
