#pragma once

// ModelServer: llama.cpp's server as a process of its own, powerless and easily lost.
//
// It gets a UNIX socket in our run directory and nothing else: no port that somebody could take or
// call, no credentials, one thread, and the lowest processor priority there is, so that a decision
// never takes time from the service that it is about. (Priority counts only inside one cgroup; so
// it has one of its own where we may make one, which is idle as a whole.) Two threads would be
// faster on a quiet machine and collapse on a busy one, because they wait for each other.
//
// Says nothing of readiness: a socket that accepts proves little; the oracle tests a decision.
//
// Not thread-safe.

#include "homeostat/adapters/llm/server_process.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace homeostat::adapters::llm {

struct ModelServerSettings {
    std::vector<std::string> command;  ///< The program's path and what stands before our flags.
    std::filesystem::path model_file;
    std::filesystem::path directory;  ///< Gets model.sock and model.log; made if it is missing.
    std::uint32_t threads{1};
    CpuPriority priority{CpuPriority::idle};
    std::vector<std::filesystem::path> readable;  ///< As in ServerBounds, besides the model.
    std::string cgroup;                           ///< As in ServerBounds.
    /// 0: as much as the file twice, because a server packs the weights anew for its processor and
    /// the file stays mapped, and 512 MiB for everything else.
    std::uint64_t memory_bytes_max{0};
    /// From start to the first answer. Loading takes one second; a cold disk may need thirty.
    Duration ready_within{std::chrono::seconds{60}};
};

class ModelServer {
  public:
    /// ERRORS: absent (no such program), invalid (the directory's path is too long for a socket),
    /// full (no room for a file or a process).
    [[nodiscard]] static Result<ModelServer> start(const ModelServerSettings& settings);

    [[nodiscard]] const net::Endpoint& endpoint() const { return endpoint_; }
    [[nodiscard]] Duration ready_within() const { return ready_within_; }
    [[nodiscard]] std::int32_t pid() const { return process_.pid(); }
    [[nodiscard]] bool is_running() const { return process_.is_running(); }
    [[nodiscard]] std::string cgroup() const { return process_.cgroup(); }
    /// How it ended, its last words, and where the rest of them stands. REQUIRES: not running.
    [[nodiscard]] std::string describe_end();

  private:
    ModelServer(const ModelServerSettings& settings, net::Endpoint endpoint, ServerProcess process);

    net::Endpoint endpoint_;
    ServerProcess process_;
    std::filesystem::path model_file_;
    std::filesystem::path log_;
    Duration ready_within_;
};

}  // namespace homeostat::adapters::llm
