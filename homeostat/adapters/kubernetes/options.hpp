#pragma once

// What the Kubernetes runtime is told by the configuration. Values only, validated by app/.
//
// One Deployment is the guarded service. Its pods stand in slots (slots.hpp): the instances that
// the rest of Homeostat knows by name.

#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::kubernetes {

/// Who wrote a field, as the API server keeps it. Never forced over another's.
constexpr std::string_view field_manager = "homeostat";

/// On the Deployment: "EFFECT FROM TO" of the last change of version that was ours.
constexpr std::string_view effect_annotation = "homeostat.dev/effect";

/// Where a step stands, for tests that kill us there.
enum class Phase : std::uint8_t {
    checked,  ///< The preconditions hold; nothing is touched.
    noted,    ///< Of an eviction: whose effect the next pod in that slot is has been written down.
    rehearsed,  ///< The server would accept it (dry run).
    sent,       ///< The server has answered.
};

/// Says whether the pod at that address answers a request of our own, by the deadline.
using Answers = std::function<Task<bool>(std::string ip, Instant deadline)>;

struct Options {
    ServiceId service;
    std::string name_space;         ///< "shop". `namespace` is a word of C++.
    std::string deployment;         ///< "payments".
    std::string container;          ///< Of its pods; empty: the first.
    std::string service_object;     ///< The Service in front of the pods; empty: there is none.
    std::string switch_object;      ///< The ConfigMap that suspends us; empty: there is none.
    std::string lease;              ///< Whoever of several agents holds it acts; empty: none.
    std::uint32_t slots_count{16};  ///< As many pods are told apart, those of a rollout included.
    std::uint32_t replicas_max{0};  ///< No more are asked for by us. 0: the number is not touched.
    std::uint64_t memory_bytes_max{0};   ///< Of a pod's container, by us. 0: it is not touched.
    std::vector<std::string> configs{};  ///< ConfigMaps whose contents are the configuration.
    bool configs_restart{false};         ///< Pods read them only when they start.
    bool writes_incidents{false};        ///< An object of our own kind for each incident.
    std::vector<std::string> job_templates{};  ///< CronJobs of which tasks make Jobs.
    std::string run_directory;                 ///< Absolute. For the slots' file; ours alone.
    Answers answers;                           ///< Empty: a pod that is ready counts as answering.
    Duration answer_within{std::chrono::milliseconds{300}};  ///< For one such request.
    std::function<void(Phase)> on_phase_for_test;
};

}  // namespace homeostat::adapters::kubernetes
