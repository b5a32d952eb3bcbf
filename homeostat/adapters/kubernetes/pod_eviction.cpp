#include "homeostat/adapters/kubernetes/pod_eviction.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/direct_reads.hpp"
#include "homeostat/adapters/kubernetes/rehearsed_write.hpp"
#include "homeostat/adapters/kubernetes/write_outcome.hpp"
#include "homeostat/base/json.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

// Between two looks at a pod that was evicted; most often the first shows it going.
constexpr Duration look_again_after = std::chrono::milliseconds{50};

std::string eviction_body(const Options& options, const PodView& pod) {
    json::object metadata;
    metadata["name"] = pod.name;
    metadata["namespace"] = options.name_space;
    json::object preconditions;
    preconditions["uid"] = pod.uid;
    json::object delete_options;
    delete_options["preconditions"] = std::move(preconditions);
    json::object eviction;
    eviction["apiVersion"] = "policy/v1";
    eviction["kind"] = "Eviction";
    eviction["metadata"] = std::move(metadata);
    eviction["deleteOptions"] = std::move(delete_options);
    return to_text(json::value(std::move(eviction)));
}

}  // namespace

Task<Outcome> PodEviction::carry_out(PodView pod, Instant deadline) {
    RehearsedWrite wanted{.write = ApiWrite{.method = "POST",
                                            .path = pod_path(options_, pod.name) + "/eviction",
                                            .content_type = "application/json",
                                            .body = eviction_body(options_, pod)},
                          // A yes shows nothing of the pod: that is looked at itself, afterwards.
                          .is_as_wanted = [](const ApiReply&) { return true; },
                          .other = {},
                          .done = pod.name + " is to go"};
    Outcome outcome = co_await write_rehearsed(api_, clock_, std::move(wanted), deadline, reach_);
    if (outcome.kind == OutcomeKind::done) {
        outcome = co_await see_off(std::move(pod), deadline);
    }
    co_return outcome;
}

/// Waits until the pod is being deleted or gone, so that no reading after this shows it as serving.
Task<Outcome> PodEviction::see_off(PodView pod, Instant deadline) {
    const std::string path = pod_path(options_, pod.name);
    std::string seen = "the server took the eviction, and the pod still stands";
    while (clock_.now() < deadline) {
        Result<ApiReply> reply = co_await api_.get(path, deadline);
        if (reply && reply->status == 404) {
            co_return Outcome{OutcomeKind::done, pod.name + " was evicted and is gone"};
        }
        const Result<json::value> body = check_read("pod " + pod.name, std::move(reply));
        const Result<PodView> now =
            body ? parse_pod(*body, options_.container) : std::unexpected(body.error());
        if (now && (now->uid != pod.uid || now->is_deleting)) {
            co_return Outcome{OutcomeKind::done, pod.name + " was evicted and ends"};
        }
        if (!now) {
            seen = "the server took the eviction, and then: " + now.error().text;
        }
        const Instant again_at = std::min(clock_.now() + look_again_after, deadline);
        co_await clock_.sleep_until(again_at);
    }
    co_return unknown(std::move(seen));
}

}  // namespace homeostat::adapters::kubernetes
