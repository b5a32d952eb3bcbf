#pragma once

// The keys that declare on what this service and its neighbours can agree (docs/pledges.md).
//
// Pure. Values only.

#include "homeostat/app/config.hpp"
#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/mesh/message.hpp"
#include "homeostat/mesh/names.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

/// A mode's name has to fit into a message four times.
constexpr NameValue mode_value{.bytes_max = mesh::mode_bytes_max};
constexpr CountValue<std::uint32_t> rate_value{.min = 0, .max = mesh::rate_max};

/// An Ed25519 public key: 64 hex digits, lower case.
struct PublicKeyValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

/// "http://10.0.0.7:7071": where the agent of a neighbour listens, on this machine or another one.
struct PeerUrlValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

struct PeerSection {
    PeerConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"url", "Where that agent listens, as in http://127.0.0.1:7071", Need::required},
            PeerUrlValue{}, self.config.url);
        key(Key{"key", "Its public key, 64 hex digits: `homeostat mesh --key` there says it",
                Need::required},
            PublicKeyValue{}, self.config.key);
    }
};

struct ReducedModeSection {
    ReducedModeConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"mode", "A name that both services know", Need::required}, mode_value,
            self.config.mode);
        key(Key{"users_lose", "What users go without, in a sentence for people", Need::required},
            TextValue{.bytes_max = 200}, self.config.users_lose);
    }
};

struct MeshCallerSection {
    MeshCallerConfig config;
    PeerSection agent;
    static void keys(auto& self, auto&& key) {
        key(Key{"service", "A service that calls this one", Need::required}, IdValue<ServiceTag>{},
            self.config.service);
        key(Key{"agent", "Its agent", Need::required}, SectionKind{}, self.agent);
        key(Key{"modes", "The reduced modes that it declares, mildest first", Need::required},
            ListOf<NameValue>{mode_value, 4}, self.config.modes);
    }
};

struct MeshSection {
    MeshConfig config;
    std::vector<MeshCallerSection> callers;
    static void keys(auto& self, auto&& key) {
        key(Key{"listen", "Where neighbours reach this agent, as in 127.0.0.1:7071",
                Need::required},
            PeerValue{}, self.config.listen);
        key(Key{"key", "Signs what this agent says; made if missing; var/SERVICE/mesh.key"},
            PathValue{}, self.config.key_file);
        key(Key{"capacity", "Requests a second that the whole service serves well"}, rate_value,
            self.config.capacity_rps);
        key(Key{"floor", "Requests a second of it that are critical"}, rate_value,
            self.config.floor_rps);
        key(Key{"ttl", "How long a promise lasts before it is asked for again"},
            DurationValue{std::chrono::milliseconds{mesh::ttl_ms_min},
                          std::chrono::milliseconds{mesh::ttl_ms_max}},
            self.config.ttl);
        key(Key{"mode_file", "Where the service reads its mode, see docs/pledges.md"}, PathValue{},
            self.config.mode_file);
        key(Key{"callers", "Services that call this one, whose promises count"}, SectionsKind{32},
            self.callers);
    }
};

}  // namespace homeostat::app
