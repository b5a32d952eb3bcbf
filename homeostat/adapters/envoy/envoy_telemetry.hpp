#pragma once

// EnvoyTelemetry: the edge's counters of the guarded service and of its neighbours.
//
// All clusters are read in one look. If Envoy does not answer, or does not know one of them, there
// is no reading at all: a zero would look like health. An endpoint that Envoy does not know is left
// out.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/envoy/admin.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::envoy {

class EnvoyTelemetry final : public ports::Telemetry {
  public:
    /// `admin` outlives this.
    explicit EnvoyTelemetry(Admin& admin);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return admin_.options().interval; }
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    Admin& admin_;
    std::string name_;
};

}  // namespace homeostat::adapters::envoy
