#include "homeostat/app/config_roles_keys.hpp"

#include "homeostat/app/mesh_key.hpp"

namespace homeostat::app {

/// The text is not repeated: a private key may have been written here by mistake.
Result<std::string> AgentKeyValue::parse(std::string_view text) const {
    if (!parse_key(text)) {
        return fail(Fault::invalid,
                    "no public key — write the 64 digits that `homeostat agent --role agent "
                    "--show-key` prints");
    }
    return std::string(text);
}

}  // namespace homeostat::app
