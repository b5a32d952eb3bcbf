#pragma once

// Telemetry: one source of readings.
//
// Pulled by the driver at the source's own interval, so that a slow source delays only itself. A
// source that cannot answer says so; its silence never counts as "healthy" or as zero.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/reading.hpp"

#include <string_view>
#include <vector>

namespace homeostat::ports {

class Telemetry {
  public:
    virtual ~Telemetry() = default;
    /// For log lines and `status`: "haproxy run/haproxy.sock".
    [[nodiscard]] virtual std::string_view name() const = 0;
    [[nodiscard]] virtual Duration interval() const = 0;
    /// Whether it says anything of a symptom of this subject, and is to be read to prove a remedy.
    [[nodiscard]] virtual bool is_about(const Subject& /*subject*/) const { return true; }
    /// Everything new since the last call. ERRORS: unreachable, late, broken.
    virtual Task<Result<std::vector<Reading>>> read(Instant deadline) = 0;
};

}  // namespace homeostat::ports
