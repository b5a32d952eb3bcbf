#include "homeostat/adapters/kubernetes/group.hpp"

#include <chrono>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

// A controller that has longer to think has a trouble that people should know of.
constexpr Duration catch_up_max = std::chrono::seconds{5};

}  // namespace

Group::Group(const Options& options, GroupSeen seen, Slots& slots, ports::Clock& clock)
    : options_(options),
      seen_(seen),
      slots_(slots),
      clock_(clock),
      parsed_(fail(Fault::late, "nothing was listed yet")) {}

Group::Versions Group::versions_seen() const {
    return {seen_.deployments.objects->resource_version,
            seen_.replica_sets.objects->resource_version, seen_.pods.objects->resource_version};
}

Result<const GroupView*> Group::look() {
    if (Result<void> is_heard = check_heard(options_, seen_, clock_.now()); !is_heard) {
        return std::unexpected(is_heard.error());
    }
    const Versions versions = versions_seen();
    if (versions != parsed_versions_) {
        parsed_ = parse_group(options_, seen_);
        parsed_versions_ = versions;
        if (parsed_) {
            take(*parsed_);
        }
    }
    const bool is_behind = !parsed_ && parsed_.error().fault == Fault::late;
    behind_since_ = is_behind ? std::optional(behind_since_.value_or(clock_.now())) : std::nullopt;
    if (!parsed_) {
        return std::unexpected(parsed_.error());
    }
    return &*parsed_;
}

bool Group::is_catching_up() const {
    return behind_since_ && clock_.now() - *behind_since_ < catch_up_max;
}

void Group::take(const GroupView& view) {
    const Result<void> taken = slots_.take(view.pods, view.deployment.replicas, view.pods_version);
    file_trouble_ = taken ? std::nullopt : std::optional(taken.error());
}

Readiness Group::readiness() {
    const Result<const GroupView*> view = look();
    return view ? readiness_of(**view) : Readiness::unknown;
}

std::optional<std::string> Group::ip_of(const InstanceId& instance) {
    if (!look()) {
        return std::nullopt;
    }
    const Slot* slot = slots_.find(instance);
    if (slot == nullptr || !slot->pod) {
        return std::nullopt;
    }
    const PodView& pod = *slot->pod;
    const bool ought_to_answer =
        pod.life == ContainerLife::running && pod.was_ready && !pod.is_deleting && !pod.ip.empty();
    return ought_to_answer ? std::optional(pod.ip) : std::nullopt;
}

std::function<std::optional<net::Address>()> pod_address(Group& group,
                                                         InstanceId instance,
                                                         std::uint16_t port,
                                                         std::string path) {
    return [&group, instance = std::move(instance), port,
            path = std::move(path)] -> std::optional<net::Address> {
        std::optional<std::string> ip = group.ip_of(instance);
        if (!ip) {
            return std::nullopt;
        }
        return net::Address{net::TcpEndpoint{*std::move(ip), port}, path};
    };
}

}  // namespace homeostat::adapters::kubernetes
