#pragma once

// Candidate: a remedy at a target that a case permits, with the numbers that speak for and against
// it, and the rules' own weight.
//
// The list is bounded by what the case says is possible: nothing that a series, a log line or a
// name says can add to it. The numbers are the same for whoever ranks: the rules, a model, a tree.
//
// Pure. Values only.

#include "homeostat/cases/survey.hpp"
#include "homeostat/domain/remedy_kind.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::cases {

/// What is told of each candidate. `s_`: its service, or cache; `r_`: its replica; `u_`: users;
/// `log_`: lines of its service in the last minute, by class of trouble. New ones stand at the end.
constexpr auto feature_names = std::to_array<std::string_view>({"s_illness",
                                                                "s_own",
                                                                "s_own_share",
                                                                "s_own_rank",
                                                                "s_explained",
                                                                "s_seen",
                                                                "s_error_gain",
                                                                "s_error_now",
                                                                "s_latency_ratio",
                                                                "s_rate_ratio",
                                                                "s_queue_now",
                                                                "s_queue_gain",
                                                                "s_cpu_ratio",
                                                                "s_wrong_gain",
                                                                "s_denied_gain",
                                                                "s_retries_gain",
                                                                "s_pool_now",
                                                                "s_pool_gain",
                                                                "s_disk_now",
                                                                "s_hit_gain",
                                                                "s_down_share",
                                                                "s_replicas",
                                                                "s_onset_s",
                                                                "s_alerts",
                                                                "s_error_lines",
                                                                "s_error_lines_before",
                                                                "s_is_gateway",
                                                                "s_is_database",
                                                                "s_is_queue",
                                                                "s_memory_growth",
                                                                "s_error_excess",
                                                                "s_latency_excess",
                                                                "s_falls",
                                                                "change_age_s",
                                                                "change_lag_s",
                                                                "other_change_age_s",
                                                                "flag_age_s",
                                                                "new_version_excess",
                                                                "calls_illness",
                                                                "calls_rate",
                                                                "callers_changed_s",
                                                                "r_error_excess",
                                                                "r_latency_excess",
                                                                "r_slow_gain",
                                                                "r_memory_growth",
                                                                "r_descriptors_now",
                                                                "r_down",
                                                                "r_falls",
                                                                "r_restarts",
                                                                "r_started_ago_s",
                                                                "r_out",
                                                                "r_place_lost",
                                                                "r_new_version",
                                                                "c_stale_now",
                                                                "c_stale_gain",
                                                                "c_hit_gain",
                                                                "c_up",
                                                                "c_source_illness",
                                                                "u_failed",
                                                                "u_wrong",
                                                                "u_worst",
                                                                "u_slow",
                                                                "u_rate_ratio",
                                                                "u_better",
                                                                "all_own_max",
                                                                "all_ill",
                                                                "all_down_share",
                                                                "room",
                                                                "u_lose",
                                                                "log_connection_refused",
                                                                "log_timeout",
                                                                "log_out_of_memory",
                                                                "log_disk_full",
                                                                "log_certificate",
                                                                "log_credentials",
                                                                "log_deadlock",
                                                                "log_pool_exhausted",
                                                                "log_descriptors_exhausted",
                                                                "log_overload",
                                                                "log_rate_limited",
                                                                "log_config_error",
                                                                "log_exception",
                                                                "log_bad_data",
                                                                "log_new_classes",
                                                                "callees_refused_lines"});
constexpr std::size_t features_count = feature_names.size();

struct Candidate {
    std::optional<RemedyKind> kind;  ///< None: to call a person.
    std::uint32_t service{nobody};   ///< Or cache; `nobody` of observe and of calling a person.
    std::string replica;             ///< Empty unless the remedy is about one.
    std::string artifact;            ///< rollback.
    std::string to;                  ///< rollback: a version. scale: a number.
    std::array<double, features_count> features{};
    double prior{0};         ///< The rules' weight; those of a menu sum to 1.
    double weight{0};        ///< Of whoever ranked the menu; they sum to 1.
    std::uint32_t place{0};  ///< On the menu, in the case's own order.
    std::string because{};
};

/// "restart", "escalate", …
[[nodiscard]] std::string_view remedy_name(const Candidate& candidate);

/// "rollback deploy of payments to v41", for people.
[[nodiscard]] std::string describe(const Candidate& candidate, const Survey& survey);

/// Whether a list of a case names this remedy at this target.
[[nodiscard]] bool is_named(const Candidate& candidate,
                            const Survey& survey,
                            const std::vector<Answer>& answers);

/// All that `possible` permits, at services that show something or changed lately, and to observe
/// and to call a person, which are always there and stand first.
/// ENSURES: priors sum to 1.
[[nodiscard]] std::vector<Candidate> candidates_of(const Survey& survey);

/// Brings what the rules weigh most to the front, and gives each that weight.
void rank_by_rules(std::vector<Candidate>& menu);

struct RankedCause {
    std::uint32_t service{nobody};
    std::string kind;  ///< "deploy", "memory_leak", "overload", "certificate", "unknown", …
    double weight{0};  ///< All sum to 1.
    std::string because;
};

/// Heaviest first; empty if nothing speaks for anybody: illness of its own, or a resource whose use
/// rose. A change alone does not.
[[nodiscard]] std::vector<RankedCause> causes_of(const Survey& survey);

}  // namespace homeostat::cases
