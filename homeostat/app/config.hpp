#pragma once

// Config: one service's configuration, typed and validated.
//
// Read once, at the start, in app/; every part of the program is handed the slice that it needs.
// Every default is safe: without an `autonomy` section nothing is ever done.
//
// Pure. Values only.

#include "homeostat/adapters/llm/model_api.hpp"
#include "homeostat/adapters/segment_log/head_pace.hpp"
#include "homeostat/app/config_approvals.hpp"
#include "homeostat/app/config_block_sources.hpp"
#include "homeostat/app/config_changes.hpp"
#include "homeostat/app/config_maintenance.hpp"
#include "homeostat/app/config_outside.hpp"
#include "homeostat/app/config_people.hpp"
#include "homeostat/app/config_roles.hpp"
#include "homeostat/app/config_runtime.hpp"
#include "homeostat/app/config_signals.hpp"
#include "homeostat/app/config_sinks.hpp"
#include "homeostat/app/config_tasks.hpp"
#include "homeostat/base/boxed.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/decide/decide.hpp"
#include "homeostat/domain/choice.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/verdict.hpp"
#include "homeostat/guard/limits.hpp"
#include "homeostat/os/kept_path.hpp"
#include "homeostat/sense/gloss.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

struct HaproxyConfig {
    std::filesystem::path socket;
    std::string backend;
    std::vector<std::string> servers;  ///< One per instance.
};

struct EnvoyConfig {
    std::string admin;  ///< "127.0.0.1:9901", or "unix:/run/envoy/admin.sock".
    std::string cluster;
    std::vector<std::string> endpoints;  ///< One per instance.
    std::filesystem::path directory;     ///< Of the files that we write and Envoy reads.
};

/// The agent of a neighbouring service.
struct PeerConfig {
    std::string url;
    std::string key;  ///< Public, 64 hex digits.
};

/// A way in which calls to a neighbour can do with less.
struct ReducedModeConfig {
    std::string mode;
    std::string users_lose;  ///< In a sentence for people.
};

struct NeighbourConfig {
    ServiceId service;
    std::string backend;  ///< Envoy: its cluster.
    std::string circuit;  ///< HAProxy's stick table, or Envoy's runtime key; empty: none.
    std::string dimmer;   ///< Likewise, for the share that a fallback answers.
    std::optional<PeerConfig> agent;               ///< Absent: there is nobody to agree with.
    std::vector<ReducedModeConfig> reduced_modes;  ///< Mildest first.
    std::uint32_t floor_rps{0};                    ///< Critical calls to it. UNITS: requests/s.
};

/// A service that calls ours, and may promise us something.
struct MeshCallerConfig {
    ServiceId service;
    PeerConfig agent;
    std::vector<std::string> modes;  ///< Mildest first.
};

/// `mesh: { … }`: pledges with neighbours.
struct MeshConfig {
    std::string listen;  ///< "127.0.0.1:7071".
    std::filesystem::path key_file;
    std::filesystem::path epoch_file;  ///< Beside the key.
    std::filesystem::path mode_file;   ///< Empty: the service is not told its modes.
    std::uint32_t capacity_rps{0};  ///< 0: not declared, so nothing is offered. UNITS: requests/s.
    std::uint32_t floor_rps{0};
    Duration ttl{std::chrono::seconds{10}};
    std::vector<MeshCallerConfig> callers;
};

struct RedisConfig {
    std::string address;  ///< "127.0.0.1:6379", or "unix:/run/redis.sock". Empty: a cluster.
    std::string key;      ///< With {entry} in it, as every address of a cache has.
    std::vector<std::string> replicas;  ///< Of `address`, such as readers read.
    std::vector<std::string> cluster;   ///< Nodes that are asked which nodes there are.
    bool reads_replicas{false};         ///< Readers read the replicas of the cluster as well.
};

struct SourceConfig {
    std::string url;
    std::string field;  ///< Of its JSON answer: what a copy ought to be.
};

/// How the edge sends readers to the source.
struct RerouteConfig {
    std::string table;   ///< HAProxy's stick table, or Envoy's runtime key.
    std::string source;  ///< HAProxy's backend of the source, or Envoy's cluster.
};

struct CacheConfig {
    CacheId name;
    std::vector<std::string> entries;
    RedisConfig redis;
    SourceConfig source;
    std::string readers;  ///< What readers ask, through the edge; empty: only the cache is read.
    Duration max_age{std::chrono::seconds{1}};
    Duration every{std::chrono::milliseconds{500}};
    std::optional<RerouteConfig> reroute;
};

struct ModelConfig {
    std::filesystem::path file;  ///< A GGUF file that we start a server for; or:
    std::string url;             ///< A server that runs already.
    adapters::llm::ModelApi api{adapters::llm::ModelApi::llama};  ///< Of the one at `url`.
    std::string name;  ///< Which of the models at `url`; empty: the first. Only with openai.
    std::filesystem::path token_file;  ///< By which the one at `url` knows us; empty: by nothing.
    std::filesystem::path binary;      ///< Empty: `llama-server` from PATH, else the bundled one.
    std::uint32_t memory_mib_max{0};   ///< 0: by the size of the file.
    std::vector<std::filesystem::path> readable;  ///< By its server, besides what it needs.
    Duration deadline{std::chrono::milliseconds{100}};
    std::filesystem::path calibration;  ///< Empty: the model is recorded, but has no weight.
};

struct Config {
    os::KeptPath file;   ///< Where it was read from.
    std::string digest;  ///< SHA-256 of its bytes, hex.
    ServiceId service;
    ProcessConfig process;                       ///< Or:
    std::optional<KubernetesConfig> kubernetes;  ///< Never both.
    os::KeptPath run_directory;                  ///< Records, logs and locks of the instances.
    Boxed<FlagdConfig> flags;
    std::optional<HttpSignalConfig> http_signal;
    std::optional<PrometheusSignalConfig> prometheus_signal;
    bool reads_logs{false};
    std::optional<JourneyConfig> journey;
    Boxed<HaproxyConfig> haproxy;  ///< Or:
    Boxed<EnvoyConfig> envoy;      ///< Never both.
    std::vector<NeighbourConfig> neighbours;
    std::vector<CacheConfig> caches;
    std::vector<TaskConfig> tasks;
    os::KeptPath tasks_directory;  ///< Of their proofs and locks; beside the ledger.
    os::KeptPath base;             ///< Where relative paths began.
    Boxed<MeshConfig> mesh;
    Boxed<BlockSourcesConfig> block_sources;
    Autonomy reduce_mode{Autonomy::watch};   ///< For what `mesh` agrees on.
    Autonomy block_source{Autonomy::watch};  ///< For what `block_sources` lists.
    ChangesConfig changes;
    std::vector<std::string> notes;
    os::KeptPath glosses_file;              ///< Empty: none of the operator's own.
    std::vector<sense::UserGloss> glosses;  ///< What is in it.
    double availability_goal{0.999};        ///< Ratio.
    Duration latency_p99_goal{std::chrono::milliseconds{500}};
    Boxed<ModelConfig> model;
    guard::Limits guard;
    Duration proof_time{std::chrono::minutes{10}};    ///< A version that served this long is good.
    Duration hold_for{std::chrono::minutes{2}};       ///< A temporary remedy, at the longest.
    Duration question_for{std::chrono::minutes{10}};  ///< Silence after this is no.
    Duration undo_for{std::chrono::minutes{30}};      ///< A person may take it back; 0: never.
    std::vector<MaintenanceConfig> maintenance;       ///< Inside one no effect begins.
    os::KeptPath ledger_directory;
    os::KeptPath sink_file;         ///< Empty: no copy outside of the ledger.
    std::vector<SinkConfig> sinks;  ///< Where decisions are kept outside.
    os::KeptPath sinks_directory;   ///< Of what carries them there; beside the ledger.
    os::KeptPath index_file;        ///< Of the ledger, for the commands that tell of the past.
    os::KeptPath key_file;          ///< Signs the ledger's heads.
    std::vector<std::filesystem::path> witness_files;  ///< Of signed heads; empty: none are made.
    std::map<std::string, std::vector<RequiredFor>> witnesses_required_for;  ///< By their files.
    Boxed<FleetConfig> fleet;  ///< Absent: each agent has its own budget alone.
    adapters::segment_log::HeadPace head_pace;
    Duration keep{std::chrono::hours{24 * 397}};  ///< 13 months, at their longest.
    Boxed<ApprovalsConfig> approvals;             ///< Absent: as it was before there were any.
    Boxed<RolesConfig> roles;                     ///< Absent: both are one process.
    Boxed<ConsoleConfig> console;
    std::vector<ChannelConfig> channels;  ///< By which people are told.
    os::KeptPath control_socket;
    os::KeptPath switch_file;            ///< The kill switch.
    std::uint32_t crash_loop_starts{3};  ///< As own_start.hpp counts them; 0: nobody does.
    std::string metrics_listen;          ///< "0.0.0.0:9464"; empty: on the control socket only.
    OracleMode oracle{OracleMode::both};

    /// A proxy is declared, which takes orders.
    [[nodiscard]] bool has_edge() const { return haproxy.has_value() || envoy.has_value(); }
};

}  // namespace homeostat::app
