#pragma once

// Artifact: what of a service has versions of its own and is rolled back on its own.
//
// Each lies in a root of its own (versions/NAME and the link `current`): "v1" of the one and "v1"
// of the other have nothing to do with each other.
//
// Pure. Values only.

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace homeostat {

enum class Artifact : std::uint8_t {
    deploy,  ///< The program.
    config,  ///< What it reads when it starts.
};

constexpr auto names_of(std::type_identity<Artifact>) {
    return std::to_array<std::string_view>({"deploy", "config"});
}

constexpr std::array artifacts_all{Artifact::deploy, Artifact::config};

/// One T for each artifact.
template <class T>
struct PerArtifact {
    T deploy{};
    T config{};

    [[nodiscard]] T& operator[](Artifact artifact) {
        return artifact == Artifact::config ? config : deploy;
    }
    [[nodiscard]] const T& operator[](Artifact artifact) const {
        return artifact == Artifact::config ? config : deploy;
    }
    friend bool operator==(const PerArtifact&, const PerArtifact&) = default;
};

}  // namespace homeostat
