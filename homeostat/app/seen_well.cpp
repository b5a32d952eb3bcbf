#include "homeostat/app/seen_well.hpp"

#include <utility>
#include <variant>

namespace homeostat::app {

bool SeenWell::has(const InstanceId& instance) const {
    const auto found = seen_.find(instance);
    return found != seen_.end() && found->second.is_well;
}

void SeenWell::forget(const InstanceId& instance) {
    Seen& seen = seen_[instance];
    seen.predecessors_count += 1;
    seen.is_well = false;
}

std::uint64_t SeenWell::predecessors_count(const InstanceId& instance) const {
    const auto found = seen_.find(instance);
    return found == seen_.end() ? 0 : found->second.predecessors_count;
}

void SeenWell::keep(const InstanceId& instance, std::uint64_t predecessors_count, bool is_well) {
    Seen& seen = seen_[instance];
    if (seen.predecessors_count == predecessors_count) {
        seen.is_well = is_well;
    }
}

KeptProbe::KeptProbe(std::unique_ptr<ports::Telemetry> probe, InstanceId instance, SeenWell& seen)
    : probe_(std::move(probe)), instance_(std::move(instance)), seen_(seen) {}

Task<Result<std::vector<Reading>>> KeptProbe::read(Instant deadline) {
    const std::uint64_t predecessors_count = seen_.predecessors_count(instance_);
    Result<std::vector<Reading>> readings = co_await probe_->read(deadline);
    const auto* probe =
        readings && !readings->empty() ? std::get_if<ProbeReading>(&readings->front()) : nullptr;
    const bool is_well =
        probe != nullptr && probe->has_answered && probe->status >= 200 && probe->status < 300;
    seen_.keep(instance_, predecessors_count, is_well);
    co_return readings;
}

}  // namespace homeostat::app
