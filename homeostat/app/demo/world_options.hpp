#pragma once

// WorldOptions: of which parts and sizes a world of the demo is.
//
// Pure. Values only.

#include "homeostat/app/demo/policies.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace homeostat::app::demo {

struct WorldOptions {
    std::filesystem::path directory;  ///< Of this run; made by the caller, empty.
    std::filesystem::path programs;   ///< Where homeostat and the services were built.
    std::filesystem::path templates;  ///< haproxy.cfg.in and homeostat.yaml.in.
    std::filesystem::path model;      ///< Empty: the rules alone.
    std::string oracle{"both"};
    std::uint64_t seed{1};
    int requests_per_second{200};
    bool guards_fraud{false};       ///< As payments is, by an agent of its own, with rules alone.
    bool agrees{false};             ///< The agents of payments and fraud can agree on a mode.
    int fraud_maxconn{0};           ///< Of each instance of fraud, at the proxy. 0: no limit.
    int payments_workers{16};       ///< Of each instance of payments.
    bool has_redis_cluster{false};  ///< Copies of rates are on three nodes instead of one Redis.
    int cache_s{5};                 ///< Life of a copy.
    int rates_wait_ms{4};           ///< What an answer of the source takes; it gives eight at once.
    int source_reads_max{1'000};    ///< A second, of the source; readers beyond get copies.
    std::string hold_for{"2m"};     ///< The agent's guard.hold_for.
    std::optional<Policy> policy;   ///< Absent: Homeostat guards. Else no agent is started.
};

}  // namespace homeostat::app::demo
