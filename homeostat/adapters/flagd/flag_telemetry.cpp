#include "homeostat/adapters/flagd/flag_telemetry.hpp"

#include "homeostat/os/file.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::adapters::flagd {

FlagTelemetry::FlagTelemetry(Flags& flags, VersionId known, ports::Clock& clock)
    : flags_(flags),
      name_("flags of " + flags.options().service.text()),
      known_(std::move(known)),
      clock_(clock) {}

Task<Result<std::vector<Reading>>> FlagTelemetry::read(Instant /*deadline*/) {
    const Instant now = clock_.now();
    const Result<const FlagFile*> file = flags_.look();
    if (!file) {
        co_return std::unexpected(file.error());
    }
    std::vector<Reading> readings;
    const VersionId before = std::exchange(known_, (*file)->version);
    if (!before.empty() && before != (*file)->version) {
        Change change = change_to(**file, before);
        change.at = moment_of(now);
        readings.emplace_back(ChangeReading{std::move(change)});
    }
    read_at_ = now;
    co_return readings;
}

Change FlagTelemetry::change_to(const FlagFile& file, const VersionId& before) const {
    Change change;
    change.kind = ChangeKind::flag;
    change.service = flags_.options().service;
    change.from = before;
    change.to = file.version;
    change.is_first_hand = true;
    const EffectId effect = effect_of(file);
    const FlagVersion* earlier = flags_.history().find(before);
    if (!effect.empty()) {
        change.reference = effect.text();
    } else if (earlier != nullptr) {
        change.reference = reference_of(differences(earlier->definitions, file.definitions));
    }
    return change;
}

/// The file's own time is the wall clock's, which may have been set: it counts only within what we
/// know without it.
Instant FlagTelemetry::moment_of(Instant now) const {
    const Result<os::FileIdentity> file = os::identify_file(flags_.options().file);
    if (!file) {
        return now;
    }
    const Duration ago = clock_.wall_now().time_since_epoch() - Duration{file->modified_ns};
    return std::clamp(now - ago, read_at_, now);
}

}  // namespace homeostat::adapters::flagd
