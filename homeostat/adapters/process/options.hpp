#pragma once

// What the process runtime is told by the configuration. Values only, validated by app/ for the
// user's eyes and by Runtime::make for safety.

#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace homeostat::adapters::process {

struct DeclaredInstance {
    InstanceId id;
    std::uint16_t port{0};  ///< For `{port}`; 0: the command does without.
    bool is_spare{false};   ///< Not started until a `replace` does; ended for good by a `stop`.
};

/// Where a step stands, for tests that kill us there.
enum class Phase : std::uint8_t {
    checked,    ///< The preconditions hold; nothing is touched.
    signalled,  ///< SIGTERM is on its way.
    ended,      ///< The old process is gone, no new one exists.
    launched,   ///< The shim was started; whether it got anywhere is not known.
    started,    ///< The new process runs and its record is durable.
    marked,     ///< Of a swap: the mark is durable, the link untouched.
    swapped,    ///< Of a swap: the link says the new version.
};

/// Says whether an instance answers a request of our own, before the deadline. Does not throw.
using Answers = std::function<Task<bool>(InstanceId, Instant deadline)>;

constexpr std::size_t instances_max = 64;  ///< Of one service on one machine.

struct Options {
    ServiceId service;
    std::vector<std::string> command;  ///< With {port}, {name} and {version_dir}; see command.hpp.
    std::vector<DeclaredInstance> instances;  ///< In the order in which they are first started.
    std::string versions_root;  ///< Holds versions/ID/ and the link `current`; empty: no versions.
    std::string run_directory;  ///< Absolute. Records, locks and logs; ours alone.
    std::string working_directory;  ///< Empty: the version's directory, else the run directory.
    std::vector<std::string> environment;  ///< "NAME=value", added to ours for every instance.
    std::string shim;                      ///< Path of homeostat-shim.
    Answers
        answers;  ///< Empty: an instance that has been alive for `settle_for` counts as answering.
    Duration answer_within{std::chrono::milliseconds{300}};  ///< For one such request.
    Duration stop_grace{
        std::chrono::seconds{10}};  ///< From SIGTERM to SIGKILL, as docker stop has it.
    Duration settle_for{
        std::chrono::milliseconds{300}};  ///< Programs that cannot start end sooner.
    std::uint64_t log_bytes_max{std::uint64_t{8} << 20U};  ///< Of one log file of an instance.
    std::uint32_t log_files{3};  ///< Of one instance, with the current one.
    std::function<void(Phase)> on_phase_for_test;
};

}  // namespace homeostat::adapters::process
