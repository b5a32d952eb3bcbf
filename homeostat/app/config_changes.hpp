#pragma once

// Where changes are told from: a file, the control socket, and a door for tools of other machines.
//
// Pure. Values only.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

/// `changes: [ { door: … } ]`: POST /v1/changes by TCP, for whoever has the token.
struct ChangesDoorConfig {
    std::string listen{"127.0.0.1:9465"};
    bool is_open{false};               ///< It may listen on more than loopback.
    std::filesystem::path token_file;  ///< One line; read again when it changes.
    std::vector<std::string> hosts;    ///< By which tools name us, beside `listen`.
    std::uint32_t per_minute{60};      ///< A pipeline in trouble deploys no more often than that.
};

struct ChangesConfig {
    std::filesystem::path file;     ///< Empty: none.
    bool are_taken_by_http{false};  ///< POST /v1/changes on the control socket.
    std::optional<ChangesDoorConfig> door;
};

}  // namespace homeostat::app
