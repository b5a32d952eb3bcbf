#pragma once

// The keys that say who has to sign a yes (docs/approvals.md).
//
// Pure. Values only.

#include "homeostat/app/config_approvals.hpp"
#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/heal/approvers.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

constexpr std::uint32_t questions_per_hour_limit = 60;

/// As an approver is named in a signature.
struct ApproverNameValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

/// An Ed25519 public key: 64 hex digits, lower case.
struct ApproverKeyValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

struct ApproverSection {
    ApproverConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"name", "Who it is, as records name them", Need::required}, ApproverNameValue{},
            self.config.name);
        key(Key{"key", "Their public key, 64 hex digits: `homeostat approver-key FILE` makes one",
                Need::required},
            ApproverKeyValue{}, self.config.key);
    }
};

/// 0: as `quorum` says.
struct QuorumOfSection {
    std::uint32_t eject{0};
    std::uint32_t open_circuit{0};
    std::uint32_t invalidate_cache{0};
    std::uint32_t reroute{0};
    std::uint32_t restart{0};
    std::uint32_t rolling_restart{0};
    std::uint32_t scale{0};
    std::uint32_t rollback{0};
    std::uint32_t resize{0};
    std::uint32_t pause_rollout{0};
    static void keys(auto& self, auto&& key) {
        constexpr CountValue<std::uint32_t> count{.max = heal::approvers_max};
        key(Key{"eject", "Of one slow instance from rotation"}, count, self.eject);
        key(Key{"open_circuit", "Of a neighbour that fails"}, count, self.open_circuit);
        key(Key{"invalidate_cache", "Of a cache's declared entries"}, count, self.invalidate_cache);
        key(Key{"reroute", "Of a stale cache's readers"}, count, self.reroute);
        key(Key{"restart", "Of one instance"}, count, self.restart);
        key(Key{"rolling_restart", "Of every instance"}, count, self.rolling_restart);
        key(Key{"scale", "Of spares to instances"}, count, self.scale);
        key(Key{"rollback", "To the last good version"}, count, self.rollback);
        key(Key{"resize", "Of one pod's memory"}, count, self.resize);
        key(Key{"pause_rollout", "Of a rollout that is under way"}, count, self.pause_rollout);
    }
};

struct ApprovalsSection {
    std::vector<ApproverSection> approvers;
    std::uint32_t quorum = ApprovalsConfig{}.quorum;
    QuorumOfSection quorum_of;
    std::uint32_t questions_per_hour_max = ApprovalsConfig{}.questions_per_hour_max;
    static void keys(auto& self, auto&& key) {
        key(Key{"approvers",
                "Whose signature a yes needs; without any, whoever may use the socket answers"},
            SectionsKind{heal::approvers_max}, self.approvers);
        key(Key{"quorum", "So many different approvers have to sign"},
            CountValue<std::uint32_t>{.min = 1, .max = heal::approvers_max}, self.quorum);
        key(Key{"quorum_of", "Per remedy, where it is another number"}, SectionKind{},
            self.quorum_of);
        key(Key{"questions_per_hour_max",
                "More questions are not asked within an hour; whoever is asked too often says yes "
                "unread"},
            CountValue<std::uint32_t>{.max = questions_per_hour_limit},
            self.questions_per_hour_max);
    }
};

[[nodiscard]] ApprovalsConfig to_config(const ApprovalsSection& section);
[[nodiscard]] ApprovalsSection to_file(const ApprovalsConfig& approvals);

}  // namespace homeostat::app
