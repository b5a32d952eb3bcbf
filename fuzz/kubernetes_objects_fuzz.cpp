// Any bytes as an object of the API server, as a list of them and as the file of slots: refused
// with a reason, or of names, addresses and versions that need no escaping in a path, a query or a
// log; the slots' file, written again, is the same; an Event says one thing of an object, or
// nothing; and of a CronJob a Job is made that runs once, or none.

#include "homeostat/adapters/kubernetes/cluster_events.hpp"
#include "homeostat/adapters/kubernetes/direct_reads.hpp"
#include "homeostat/adapters/kubernetes/incident_kind.hpp"
#include "homeostat/adapters/kubernetes/job_object.hpp"
#include "homeostat/adapters/kubernetes/objects.hpp"
#include "homeostat/adapters/kubernetes/pod_resize.hpp"
#include "homeostat/adapters/kubernetes/quantity.hpp"
#include "homeostat/adapters/kubernetes/slots.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/base/json.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kubernetes = homeostat::adapters::kubernetes;

namespace {

using homeostat::ensure;

/// Of a path or a query, with nothing in it that means something else there.
bool is_harmless(std::string_view text) {
    return std::ranges::none_of(text, [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f ||
               std::string_view("?#&\"<>\\").contains(c);
    });
}

void check_pod(const homeostat::json::value& object) {
    const auto pod = kubernetes::parse_pod(object, "");
    if (!pod) {
        ensure(pod.error().fault == homeostat::Fault::invalid, "a refusal says why");
        return;
    }
    ensure(!pod->name.empty() && is_harmless(pod->name) && !pod->name.contains('/'),
           "a pod's name stays in its folder");
    ensure(homeostat::is_plain_name(pod->uid), "a uid is plain");
    ensure(is_harmless(pod->ip) && !pod->ip.contains('/'), "an address is nothing but one");
    ensure(pod->waiting_reason.size() <= 64 && is_harmless(pod->waiting_reason),
           "a reason is short and plain");
    ensure(!pod->is_ready || pod->was_ready, "who is ready was so");
    if (pod->memory) {
        const kubernetes::PodMemory& memory = *pod->memory;
        ensure(memory.limit_bytes > 0 && memory.limit_bytes <= kubernetes::memory_bytes_most,
               "a limit is one that a machine can have");
        ensure(std::ranges::all_of(memory.manager, [](char c) { return c >= ' ' && c <= '~'; }),
               "a manager's name can be printed");
        ensure(memory.was_resized || !kubernetes::resize_mark_of(memory),
               "only what was resized is ours");
    }
}

/// What means a number of bytes means it again once it is written.
void check_quantity(std::string_view text) {
    const auto bytes = kubernetes::parse_memory(text);
    if (bytes) {
        ensure(*bytes <= kubernetes::memory_bytes_most, "no machine has more");
        const auto again = kubernetes::parse_memory(kubernetes::memory_quantity(*bytes));
        ensure(again && *again == *bytes, "a quantity that is written means the same");
    }
}

void check_replica_set(const homeostat::json::value& object) {
    const auto view = kubernetes::parse_replica_set(object, "");
    if (view && !view->owner_uid.empty()) {
        ensure(homeostat::is_plain_name(kubernetes::version_of(*view).text()),
               "a version is a plain name");
    }
}

void check_deployment(const homeostat::json::value& object) {
    const auto view = kubernetes::parse_deployment(object);
    if (view) {
        ensure(!view->selector.empty() && is_harmless(view->selector),
               "a selector selects something, and nothing but it");
        const auto effect = kubernetes::effect_of(*view, homeostat::VersionId{"v1-a"});
        ensure(effect.empty() || homeostat::is_plain_name(effect.text()), "an effect is plain");
    }
}

void check_event(const homeostat::json::value& object) {
    const auto event = kubernetes::parse_event(object);
    if (event) {
        ensure(!event->uid.empty() && event->uid.size() <= 253 && event->name.size() <= 253,
               "it is about one object");
        const bool makes_pods = event->obstacle == homeostat::Obstacle::quota_used_up ||
                                event->obstacle == homeostat::Obstacle::creation_refused;
        ensure(event->kind == (makes_pods ? "ReplicaSet" : "Pod"), "a pod makes none");
    }
}

void check_job(const homeostat::json::value& object) {
    const auto view = kubernetes::parse_job(object);
    ensure(!view || homeostat::is_plain_name(view->name), "a Job's name stays in its folder");
    const auto from = kubernetes::parse_job_template(object);
    if (!from) {
        ensure(from.error().fault == homeostat::Fault::invalid, "a refusal says why");
        return;
    }
    const std::string name = kubernetes::job_name(from->name, "i-1.e1");
    ensure(homeostat::is_plain_name(name) && name.size() <= 63, "a name that a Job may have");
    const auto job = kubernetes::job_of(
        *from, {.name_space = "shop", .name = name, .service = "pay", .task = "t"},
        std::chrono::seconds{30});
    const homeostat::json::value& spec = job.at("spec");
    ensure(spec.at("template").at("spec").at("restartPolicy") == "Never" &&
               spec.at("backoffLimit") == 0,
           "nothing of it is started again");
    ensure(spec.at("activeDeadlineSeconds").as_int64() >= 1 &&
               spec.at("activeDeadlineSeconds").as_int64() <= 30,
           "it ends in the time that it has");
    ensure(kubernetes::is_job_as_sent(job, job), "what is sent is as it is sent");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const homeostat::ServiceId service{"pay"};
    if (const auto slots = kubernetes::parse_slots(service, text)) {
        const auto again =
            kubernetes::parse_slots(service, kubernetes::slots_text(service, *slots));
        ensure(again.has_value() && *again == *slots, "written and read, they are the same");
    }
    check_quantity(text);
    const auto object = homeostat::parse_json(text);
    if (!object) {
        return 0;
    }
    for (const auto& served : {kubernetes::check_incident_versions(*object),
                               kubernetes::check_incident_resources(*object)}) {
        ensure(served || served.error().fault == homeostat::Fault::absent ||
                   served.error().fault == homeostat::Fault::broken,
               "what a server serves is told, or it is none");
    }
    check_pod(*object);
    check_replica_set(*object);
    check_deployment(*object);
    check_event(*object);
    check_job(*object);
    const auto list =
        kubernetes::parse_list("pods", kubernetes::ApiReply{.status = 200, .body = *object});
    ensure(list.has_value() || list.error().fault == homeostat::Fault::broken,
           "what is no whole list is broken");
    return 0;
}
