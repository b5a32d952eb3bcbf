#pragma once

// EvidenceFacts: what a model may be told of a moment of judgement, before it is words.
//
// There is no text in it, so that no name, version or log line can come into the evidence: numbers,
// counts and words of closed lists alone. Whoever knows a service fills it: `diagnose` from what it
// remembers of the guarded service, `cases` from the telemetry of an estate. What is noise is left
// out by them, for they know how a number was measured; what is too little to be worth a line is
// left out by evidence_of() (evidence.hpp).
//
// Pure. Values only.

#include "homeostat/domain/change.hpp"
#include "homeostat/domain/trouble.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat {

/// What a service is, in a word.
enum class ServiceRole : std::uint8_t { service, gateway, cache, queue, database };

constexpr auto names_of(std::type_identity<ServiceRole>) {
    return std::to_array<std::string_view>({"service", "gateway", "cache", "queue", "database"});
}

/// A share of something, 0…1, that is another now than it was.
struct MovedShare {
    double before{0};
    double after{0};
};

/// Of users' requests, 0…1.
struct UserFacts {
    double failed{0};
    double slow{0};
    double wrong{0};       ///< Answered with what is not true.
    double lose{0};        ///< Where users themselves show nothing: by others' word.
    double rate_ratio{1};  ///< As many requests come now, times the usual.
    bool is_getting_better{false};
};

/// How many replicas of a service something is so of.
struct ReplicaFacts {
    std::uint32_t count{0};
    std::uint32_t down{0};     ///< They do not answer now.
    std::uint32_t failing{0};  ///< They fail more than the others.
    std::uint32_t slower{0};   ///< Than the others.
    std::uint32_t out_of_rotation{0};
    std::uint32_t on_new_version{0};  ///< And others are not.
    std::uint32_t grown{0};           ///< Of memory.
    double memory_growth{1};          ///< Of the one that grew most: now over its beginning.
    double restarts{0};               ///< Of all of them.
    double falls{0};                  ///< Times that one stopped answering, of the worst.
    bool is_place_lost{false};        ///< Nothing on a host or in a zone answers.
};

/// How long ago the latest change of each kind was. UNITS: s. Absent: none.
struct ChangeAges {
    std::optional<double> deploy{};
    std::optional<double> config{};
    std::optional<double> flag{};
    std::optional<double> other{};  ///< It makes a service matter, and is not told.
};

struct ServiceFacts {
    ServiceRole role{ServiceRole::service};
    double illness{0};                  ///< 0…1: how ill it is.
    double own{0};                      ///< 0…1: how much of that nobody whom it calls explains.
    std::optional<double> ill_for_s{};  ///< Absent: it is not ill, or nobody knows since when.
    std::optional<MovedShare> errors{};
    std::optional<MovedShare> wrong{};      ///< Answers that are not true.
    std::optional<MovedShare> denied{};     ///< Answers that turn the caller away.
    std::optional<MovedShare> stale{};      ///< Of copies, those that their source does not say.
    std::optional<MovedShare> hits{};       ///< Of a cache.
    std::optional<double> latency_ratio{};  ///< Now, over what it was; so the next two.
    std::optional<double> traffic_ratio{};
    std::optional<double> processor_ratio{};
    std::optional<double> queue_gain{};  ///< So many more wait.
    double disk_full{0};                 ///< Share.
    ReplicaFacts replicas{};
    std::optional<ChangeAges> changed{};  ///< Absent: nobody tells us of its changes.
    std::vector<Trouble> troubles{};      ///< What its log newly claims, the loudest first.
};

/// One waits for another that is ill. Both are places in `EvidenceFacts::services`.
struct WaitFacts {
    std::uint32_t caller{0};
    std::uint32_t target{0};
    double illness{0};  ///< 0…1: of the calls.
    bool has_fallback{false};
};

struct EvidenceFacts {
    UserFacts users{};
    std::vector<ServiceFacts> services{};
    std::vector<WaitFacts> waits{};
};

}  // namespace homeostat
