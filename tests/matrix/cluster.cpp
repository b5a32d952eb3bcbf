#include "cluster.hpp"

#include "homeostat/adapters/kubernetes/json_for_test.hpp"
#include "homeostat/base/ensure.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace homeostat::matrix {

namespace {

using kubernetes::at;
using kubernetes::number_at;
using kubernetes::text_at;

constexpr std::string_view deployments = "/apis/apps/v1/namespaces/shop/deployments";
constexpr std::string_view replica_sets = "/apis/apps/v1/namespaces/shop/replicasets";
constexpr std::string_view image_name = "lab.local/pay:";
constexpr double requests_per_second = 200;
constexpr double failing_share = 0.3;

std::uint64_t version_of(const json::value& object) {
    return std::stoull(text_at(object, {"metadata", "resourceVersion"}));
}

}  // namespace

Cluster::Cluster(ports::Clock& clock) : api(clock), clock_(clock), counted_at_(clock.now()) {
    options.service = ServiceId{"pay"};
    options.name_space = "shop";
    options.deployment = "pay";
    options.lease = "lead";
    options.slots_count = 6;
    const Result<json::value> made = parse_json(
        R"({"metadata":{"name":"pay","labels":{"app":"pay"}},"spec":{"replicas":3,"selector":)"
        R"({"matchLabels":{"app":"pay"}},"template":{"metadata":{"labels":{"app":"pay"}},"spec":)"
        R"({"containers":[{"name":"c","image":"lab.local/pay:v1"}]}}}})");
    ensure(made.has_value(), "the Deployment of the matrix is JSON");
    api.create(std::string(deployments), *made);
    api.settle();
    note_change();
}

json::value& Cluster::deployment() {
    json::value* found = api.find(std::string(deployments) + "/pay");
    ensure(found != nullptr, "nobody takes the Deployment away");
    return *found;
}

std::string Cluster::image_tag() {
    const json::value& containers = at(deployment(), {"spec", "template", "spec", "containers"});
    const std::string image = text_at(containers.as_array().at(0), {"image"});
    return image.substr(image_name.size());
}

void Cluster::deploy(const std::string& tag) {
    pass_traffic();
    json::value& containers = at(deployment(), {"spec", "template", "spec", "containers"});
    at(containers.as_array().at(0), {"image"}) = std::string(image_name) + tag;
    at(deployment(), {"metadata", "generation"}) =
        number_at(deployment(), {"metadata", "generation"}) + 1;
    api.touch(deployment());
    api.settle();
    has_broken_ = has_broken_ || tag == "v2";
    note_change();
}

bool Cluster::is_failing() {
    const std::string tag = image_tag();
    return tag == "v2" || (tag == "v1" && has_broken_ && !does_rollback_help);
}

void Cluster::pass_traffic() {
    const double seconds = to_seconds(clock_.now() - std::exchange(counted_at_, clock_.now()));
    requests_ += seconds * requests_per_second;
    errors_ += is_failing() ? seconds * requests_per_second * failing_share : 0;
}

EdgeCounters Cluster::counters() {
    pass_traffic();
    return {.requests_total = static_cast<std::uint64_t>(requests_),
            .errors_total = static_cast<std::uint64_t>(errors_),
            .latency_ms = 10};
}

json::value Cluster::with_new_version(json::value object) {
    api.touch(object);
    version_ = version_of(object);
    return object;
}

void Cluster::tell_of(std::string_view collection) {
    std::set<std::string> there;
    for (const json::value* object : api.all(collection)) {
        const std::string name = text_at(*object, {"metadata", "name"});
        there.insert(name);
        json::value& known = known_[{std::string(collection), name}];
        if (known.is_null() || version_of(known) != version_of(*object)) {
            told_.push_back({std::string(collection), known.is_null() ? "ADDED" : "MODIFIED",
                             version_of(*object), *object, clock_.now()});
            known = *object;
        }
    }
    std::erase_if(known_, [&](const auto& entry) {
        const bool is_gone = entry.first.first == collection && !there.contains(entry.first.second);
        if (is_gone) {
            json::value last = with_new_version(entry.second);
            const std::uint64_t version = version_of(last);
            told_.push_back(
                {std::string(collection), "DELETED", version, std::move(last), clock_.now()});
        }
        return is_gone;
    });
}

void Cluster::note_change() {
    const auto before = static_cast<std::ptrdiff_t>(told_.size());
    for (const std::string_view collection : {deployments, replica_sets, pods}) {
        tell_of(collection);
    }
    std::sort(told_.begin() + before, told_.end(),
              [](const Told& left, const Told& right) { return left.version < right.version; });
    version_ = told_.empty() ? version_ : std::max(version_, told_.back().version);
}

}  // namespace homeostat::matrix
