#pragma once

// ExportBound: how long decisions may pile up here alone, while no sink takes them.
//
// One rule with witnesses (docs/internals/ledger.md): past the bound nothing new is begun on our
// own judgement until one of them takes what there is again. A sink that takes groups is well,
// however far it is behind: one that was configured today has a year to catch up with.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

struct ExportLimits {
    std::uint64_t groups_max{4096};
    Duration for_max{std::chrono::hours{6}};
};

/// How a sink is just now.
struct ExportedTo {
    std::string sink;
    std::optional<std::uint64_t> next_group{};  ///< That it lacks; absent: it is not known.
    std::string trouble{};                      ///< Empty: there is none.
};

class ExportBound {
  public:
    explicit ExportBound(ExportLimits limits) : limits_(limits) {}

    /// `groups_count`: of the ledger. Once in a while, and all sinks that there are.
    void look(const std::vector<ExportedTo>& sinks, std::uint64_t groups_count, Instant now);

    /// Why nothing judged may begin; empty: it may. The same words each time, as long as it lasts.
    [[nodiscard]] const std::string& objection() const { return objection_; }

    /// What each sink says that takes nothing while there is something to take.
    [[nodiscard]] const std::map<std::string, std::string>& troubles() const { return troubles_; }

  private:
    struct Standstill {
        std::optional<std::uint64_t> next_group{};
        std::uint64_t groups_count{0};  ///< Of the ledger, since it takes nothing.
        Instant since{};
    };

    void follow(const ExportedTo& sink, std::uint64_t groups_count, Instant now);
    [[nodiscard]] bool is_within(const Standstill& still, std::uint64_t groups, Instant now) const;

    ExportLimits limits_;
    std::map<std::string, Standstill> still_;  ///< By the sink's name.
    std::map<std::string, std::string> troubles_;
    std::string objection_;
};

}  // namespace homeostat::app
