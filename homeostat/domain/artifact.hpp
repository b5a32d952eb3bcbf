#pragma once

// Artifact: what of a service has versions of its own and is rolled back on its own.
//
// What an instance is started with lies in a root of its own (versions/NAME and the link
// `current`): "v1" of the one and "v1" of the other have nothing to do with each other. Flags are
// asked for while it runs, so that nobody is replaced for them.
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
    flag,    ///< The definitions of its feature flags.
};

constexpr auto names_of(std::type_identity<Artifact>) {
    return std::to_array<std::string_view>({"deploy", "config", "flag"});
}

constexpr std::array artifacts_all{Artifact::deploy, Artifact::config, Artifact::flag};

/// Those that an instance is started with, and replaced for.
constexpr std::array artifacts_started{Artifact::deploy, Artifact::config};

[[nodiscard]] constexpr bool is_started_with(Artifact artifact) {
    return artifact != Artifact::flag;
}

/// Of whom people are told: "the configuration of payments"; of the program it is the service's.
[[nodiscard]] constexpr std::string_view whose_words(Artifact artifact) {
    switch (artifact) {
        case Artifact::deploy:
            break;
        case Artifact::config:
            return "the configuration of ";
        case Artifact::flag:
            return "the flags of ";
    }
    return "";
}

/// One T for each artifact.
template <class T>
struct PerArtifact {
    T deploy{};
    T config{};
    T flag{};

    [[nodiscard]] T& operator[](Artifact artifact) { return of(*this, artifact); }
    [[nodiscard]] const T& operator[](Artifact artifact) const { return of(*this, artifact); }
    friend bool operator==(const PerArtifact&, const PerArtifact&) = default;

  private:
    static auto& of(auto& self, Artifact artifact) {
        switch (artifact) {
            case Artifact::deploy:
                break;
            case Artifact::config:
                return self.config;
            case Artifact::flag:
                return self.flag;
        }
        return self.deploy;
    }
};

}  // namespace homeostat
