#pragma once

// What the configuration says of sinks: where decisions are kept outside (docs/sinks.md). The agent
// itself speaks to none of them; homeostat-shipper does.
//
// Pure. Values only.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::app {

/// An address that may hold a password: so it stands in a file or in the environment, never in the
/// configuration. One of both.
struct SecretUrlConfig {
    std::filesystem::path file;
    std::string environment;  ///< Name of a variable.
};

struct PostgresSinkConfig {
    SecretUrlConfig url;
    std::string schema{"homeostat"};
};

struct NatsSinkConfig {
    std::string url;        ///< Without a password; or:
    SecretUrlConfig named;  ///< Never both.
    std::string stream{"HOMEOSTAT"};
};

struct WebhookSinkConfig {
    std::string url;  ///< "http://127.0.0.1:8080/events", or https with `authorities`.
    std::filesystem::path headers_file;  ///< Lines "Name: value"; empty: none.
    std::filesystem::path authorities;   ///< PEM; who may vouch for an https receiver.
    /// Of one request. 1: a single event, for receivers that take no batches.
    std::uint32_t events_max{100};
};

/// What a sink or a witness has to have confirmed before it is acted on: a kind of remedy, or
/// `destructive`, every kind that nothing takes back.
enum class RequiredFor : std::uint8_t {
    eject,
    open_circuit,
    invalidate_cache,
    reroute,
    restart,
    rolling_restart,
    scale,
    rollback,
    run_task,
    resize,
    pause_rollout,
    destructive,
};

constexpr auto names_of(std::type_identity<RequiredFor>) {
    return std::to_array<std::string_view>({"eject", "open_circuit", "invalidate_cache", "reroute",
                                            "restart", "rolling_restart", "scale", "rollback",
                                            "run_task", "resize", "pause_rollout", "destructive"});
}

/// One of the three is set.
struct SinkConfig {
    std::string name;  ///< What it is called in states and metrics; unique.
    std::optional<PostgresSinkConfig> postgres;
    std::optional<NatsSinkConfig> nats;
    std::optional<WebhookSinkConfig> webhook;
    std::vector<RequiredFor> required_for{};  ///< Empty: nothing waits for it.
};

}  // namespace homeostat::app
