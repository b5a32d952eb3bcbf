#pragma once

// SeenWell: whether each instance was well when it was probed last; KeptProbe: a probe that says
// so.
//
// What was seen is of whoever stood there then. Once another one does it is forgotten, and so is
// what a request comes to that was under way meanwhile.
//
// Not thread-safe; lives on the strand of its agent.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/reading.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace homeostat::app {

/// Bounded by the instances that there may be.
class SeenWell {
  public:
    /// Of one that was not probed yet: no.
    [[nodiscard]] bool has(const InstanceId& instance) const;
    /// Another one stands there from now on, or nobody.
    void forget(const InstanceId& instance);

    /// How many stood there before.
    [[nodiscard]] std::uint64_t predecessors_count(const InstanceId& instance) const;
    /// `predecessors_count`: as it was when the request was made.
    void keep(const InstanceId& instance, std::uint64_t predecessors_count, bool is_well);

  private:
    struct Seen {
        std::uint64_t predecessors_count{0};
        bool is_well{false};
    };
    std::map<InstanceId, Seen> seen_;
};

class KeptProbe final : public ports::Telemetry {
  public:
    /// REQUIRES: `seen` outlives it.
    KeptProbe(std::unique_ptr<ports::Telemetry> probe, InstanceId instance, SeenWell& seen);

    [[nodiscard]] std::string_view name() const override { return probe_->name(); }
    [[nodiscard]] Duration interval() const override { return probe_->interval(); }
    [[nodiscard]] bool is_about(const Subject& subject) const override {
        return probe_->is_about(subject);
    }
    /// As of the probe. What is no answer of 2xx was not seen well.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    std::unique_ptr<ports::Telemetry> probe_;
    InstanceId instance_;
    SeenWell& seen_;
};

}  // namespace homeostat::app
