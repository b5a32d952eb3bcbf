#pragma once

// The checks of `homeostat doctor` that look at this machine: ports, disks, versions. Each says
// what is, and what mends it. None changes anything. doctor_peers.hpp has those that ask somebody.

#include "homeostat/app/config.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::app {

enum class Health : std::uint8_t { well, note, ill };

constexpr auto names_of(std::type_identity<Health>) {
    return std::to_array<std::string_view>({"ok", "note", "ILL"});
}

struct Check {
    std::string name;
    Health health{Health::well};
    std::string says;
    std::string mend{};  ///< Empty: there is nothing to do.

    static void fields(auto& self, auto&& field) {
        field("check", self.name);
        field("health", self.health);
        field("says", self.says);
        field("mend", self.mend);
    }
};

[[nodiscard]] Check well(std::string name, std::string says);
[[nodiscard]] Check note(std::string name, std::string says, std::string mend = {});
[[nodiscard]] Check ill(std::string name, std::string says, std::string mend);

/// Whether it can be written, and whether there is room. Asked of the first directory upwards that
/// exists: the agent makes the rest itself.
[[nodiscard]] Check check_directory(const std::string& name, std::filesystem::path directory);

/// The link to the current version.
[[nodiscard]] Check check_version(const Config& config);

/// One finding per port that another program holds; one that is well if there is none.
[[nodiscard]] std::vector<Check> check_ports(const Config& config);

/// Each file with a secret that others may read; one finding that is well if there is none of them;
/// nothing where no such file is there.
[[nodiscard]] std::vector<Check> check_secrets(const Config& config);

/// Whether anything tells of changes of this service: without, none is ever a suspect.
[[nodiscard]] Check check_changes(const Config& config);

/// Whether an agent has started this instance, and it has not ended.
[[nodiscard]] bool is_running(const Config& config, const InstanceId& instance);

}  // namespace homeostat::app
