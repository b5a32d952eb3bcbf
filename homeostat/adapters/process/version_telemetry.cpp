#include "homeostat/adapters/process/version_telemetry.hpp"

#include "homeostat/adapters/process/run_directory.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::adapters::process {

VersionTelemetry::VersionTelemetry(const Options& options,
                                   Artifact artifact,
                                   VersionId known,
                                   ports::Clock& clock)
    : service_(options.service),
      artifact_(artifact),
      name_((artifact == Artifact::config ? "configurations of " : "versions of ") +
            options.service.text()),
      versions_(options.roots[artifact],
                RunDirectory{options.run_directory}.swap_mark_of(options.service, artifact)),
      known_(std::move(known)),
      clock_(clock) {}

Task<Result<std::vector<Reading>>> VersionTelemetry::read(Instant /*deadline*/) {
    const Instant now = clock_.now();
    const Result<CurrentVersion> current = versions_.current();
    if (!current) {
        co_return std::unexpected(current.error());
    }
    std::vector<Reading> readings;
    const VersionId before = std::exchange(known_, current->version);
    if (!before.empty() && before != current->version) {
        Change change;
        change.kind = artifact_ == Artifact::config ? ChangeKind::config : ChangeKind::deploy;
        change.service = service_;
        change.from = before;
        change.to = current->version;
        change.is_first_hand = true;
        change.reference = versions_.effect_of(*current).text();
        change.at = moment_of(*current, now);
        readings.emplace_back(ChangeReading{std::move(change)});
    }
    read_at_ = now;
    co_return readings;
}

/// The link's own time is the wall clock's, which may have been set: it counts only within what we
/// know without it.
Instant VersionTelemetry::moment_of(const CurrentVersion& current, Instant now) const {
    const Duration wall_now = clock_.wall_now().time_since_epoch();
    const Duration ago = wall_now - Duration{current.swapped_ns};
    return std::clamp(now - ago, read_at_, now);
}

}  // namespace homeostat::adapters::process
