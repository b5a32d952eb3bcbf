#include "homeostat/adapters/kubernetes/config_telemetry.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::adapters::kubernetes {

ConfigTelemetry::ConfigTelemetry(Configs& configs,
                                 const ServiceId& service,
                                 VersionId known,
                                 ports::Clock& clock)
    : configs_(configs),
      service_(service),
      clock_(clock),
      name_("configurations of " + service.text()),
      known_(std::move(known)) {}

Task<Result<std::vector<Reading>>> ConfigTelemetry::read(Instant /*deadline*/) {
    const Instant now = clock_.now();
    const Result<const ConfigsView*> view = configs_.look();
    if (!view) {
        co_return fail(name_, view.error());
    }
    if (configs_.refusal()) {
        co_return fail(name_, *configs_.refusal());
    }
    std::vector<Reading> readings;
    const VersionId& version = (*view)->version;
    if (version.empty()) {
        co_return readings;
    }
    const VersionId before = std::exchange(known_, version);
    if (!before.empty() && before != version) {
        Change change;
        change.kind = ChangeKind::config;
        change.service = service_;
        change.from = before;
        change.to = version;
        change.is_first_hand = true;
        change.reference = effect_of(**view).text();
        const std::optional<WallTime> since = configs_.history().in_force_since();
        change.at =
            std::clamp(since ? to_instant(*since, now, clock_.wall_now()) : now, known_at_, now);
        readings.emplace_back(ChangeReading{std::move(change)});
    }
    known_at_ = std::min(configs_.heard_at().value_or(now), now);
    co_return readings;
}

}  // namespace homeostat::adapters::kubernetes
