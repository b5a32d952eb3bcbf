// Of a KubernetesGroup: the Service in front of the pods.

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/telemetry/http_probe.hpp"
#include "homeostat/app/kubernetes_group.hpp"

#include <utility>

namespace homeostat::app {

namespace kubernetes = adapters::kubernetes;

void KubernetesGroup::make_edge() {
    const KubernetesServiceConfig& service = *config_.kubernetes->service;
    slice_objects_ = link_.watch_trimmed(place_.options, kubernetes::slices_path(place_.options),
                                         kubernetes::slices_selector(place_.options));
    slices_ = std::make_unique<kubernetes::EndpointSlices>(
        place_.options, kubernetes::seen_by(*slice_objects_), clock_, log_);
    kubernetes::ServiceEdgeOptions edge;
    edge.port = std::to_string(service.port);
    edge.path = service.path;
    edge.every = service.every;
    edge.timeout = service.timeout;
    edge.interval = edge.every;
    edge.log = log_;
    edge.slices = slices_.get();
    edge_ = std::make_unique<kubernetes::ServiceEdge>(executor_, api_, *group_, clock_,
                                                      std::move(edge));
}

/// What proves a remedy: requests of their own, beside those that the edge counts.
void KubernetesGroup::add_journey(std::vector<ports::Telemetry*>& sources) {
    const KubernetesServiceConfig& service = *config_.kubernetes->service;
    adapters::telemetry::HttpProbeOptions probe;
    probe.observer = Observer::journey;
    probe.subject = {SubjectKind::service, config_.service.text()};
    probe.address = {*place_.service_address, service.path};
    probe.every = service.every;
    probe.timeout = service.timeout;
    add<adapters::telemetry::HttpProbe>(sources, executor_, clock_, std::move(probe));
}

}  // namespace homeostat::app
