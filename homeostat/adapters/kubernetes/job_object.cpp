#include "homeostat/adapters/kubernetes/job_object.hpp"

#include "homeostat/adapters/kubernetes/object_fields.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/fnv1a.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/base/plain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::size_t name_text_max = 253;
constexpr std::size_t uid_bytes_max = 64;
constexpr std::size_t word_bytes_max = 128;
constexpr std::size_t text_bytes_max = std::size_t{256} << 10U;
constexpr std::size_t conditions_max = 64;
constexpr std::uint64_t pods_max = 1'000'000;
constexpr std::uint64_t seconds_max = 1'000'000'000;

/// Of a template's spec what is ours to say; the template's own is lost.
constexpr std::array said_by_us{"backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"};
/// What goes over as it is. None of these starts a pod a second time.
constexpr std::array carried_over{"template", "parallelism", "completions", "completionMode",
                                  "podReplacementPolicy"};

bool is_one_of(std::string_view name, const auto& names) {
    return std::ranges::find(names, name) != names.end();
}

json::value copy_of(const json::value* value) {
    return value == nullptr ? json::value() : *value;
}

/// Null: it is no object, or has no such member.
const json::value* member_of(const json::value* value, std::string_view name) {
    const json::object* object = value == nullptr ? nullptr : value->if_object();
    return object == nullptr ? nullptr : object->if_contains(name);
}

/// Null: it is not there.
const json::value* at_path(const json::value& value,
                           std::initializer_list<std::string_view> names) {
    const json::value* found = &value;
    for (const std::string_view name : names) {
        found = member_of(found, name);
    }
    return found;
}

bool is_same_at(const json::value& one,
                const json::value& other,
                std::initializer_list<std::string_view> names) {
    const json::value* left = at_path(one, names);
    const json::value* right = at_path(other, names);
    return left != nullptr && right != nullptr && *left == *right;
}

json::object object_at(const json::value& value, std::string_view name) {
    const json::value* found = member_of(&value, name);
    const json::object* object = found == nullptr ? nullptr : found->if_object();
    return object == nullptr ? json::object() : *object;
}

/// The template's own, if that is less.
std::int64_t deadline_seconds(const JobTemplate& from, Duration timeout) {
    const std::int64_t asked = std::chrono::ceil<std::chrono::seconds>(timeout).count();
    const json::value* own = member_of(&from.spec, "activeDeadlineSeconds");
    return own != nullptr && own->is_int64() ? std::min(own->get_int64(), asked) : asked;
}

void check_job_spec(const ObjectFields& job) {
    for (const std::string_view name : job.names()) {
        if (name != "suspend" && !is_one_of(name, said_by_us) && !is_one_of(name, carried_over)) {
            job.refuse(name, "is not carried over to a task's Job; leave it out of the template");
        }
    }
    if (job.flag("suspend")) {
        job.refuse("suspend", "is true, so that a Job of it would never run; leave it out there");
    }
    const std::uint64_t seconds = job.number("activeDeadlineSeconds", seconds_max, seconds_max);
    if (seconds == 0) {
        job.refuse("activeDeadlineSeconds", "is 0");
    }
    const ObjectFields pod = job.object("template").object("spec");
    if (pod.text("restartPolicy", word_bytes_max) != "Never") {
        pod.refuse("restartPolicy",
                   "is not Never: a container that is started again would be a task run twice");
    }
}

}  // namespace

Result<JobTemplate> parse_job_template(const json::value& object) {
    std::optional<Error> error;
    const ObjectFields root(object, "cronjob", error);
    const ObjectFields metadata = root.object("metadata");
    const ObjectFields spec = root.object("spec");
    const ObjectFields job = spec.object("jobTemplate");
    JobTemplate from{.name = metadata.text("name", job_template_name_max),
                     .uid = metadata.text("uid", uid_bytes_max),
                     .metadata = copy_of(job.find("metadata")),
                     .spec = copy_of(job.find("spec"))};
    if (!is_plain_name(from.name) || !is_plain_name(from.uid)) {
        metadata.refuse("uid", "or the name cannot be");
    }
    if (!spec.flag("suspend")) {
        spec.refuse("suspend",
                    "is not true: what is also run by its schedule is no template of a task");
    }
    check_job_spec(job.object("spec"));
    if (error) {
        return std::unexpected(*std::move(error));
    }
    return from;
}

std::string job_name(std::string_view template_name, std::string_view key) {
    constexpr std::uint64_t ten_digits = (std::uint64_t{1} << 40U) - 1;
    return fmt::format("{}-{:010x}", template_name, fnv1a(key) & ten_digits);
}

json::value job_of(const JobTemplate& from, const JobIdentity& identity, Duration timeout) {
    json::object labels = object_at(from.metadata, "labels");
    labels[job_service_label] = identity.service;
    labels[job_task_label] = identity.task;
    json::object annotations = object_at(from.metadata, "annotations");
    annotations[effect_annotation] = identity.effect;
    annotations[job_declaration_annotation] = identity.declaration;
    // No controller: else it would clear away Jobs by its own history, before their end was read.
    const json::object owner{
        {"apiVersion", "batch/v1"}, {"kind", "CronJob"}, {"name", from.name}, {"uid", from.uid}};
    json::object spec;
    for (const std::string_view name : carried_over) {
        if (const json::value* value = member_of(&from.spec, name)) {
            spec[name] = *value;
        }
    }
    spec["backoffLimit"] = 0;
    spec["activeDeadlineSeconds"] = deadline_seconds(from, timeout);
    spec["ttlSecondsAfterFinished"] =
        std::chrono::duration_cast<std::chrono::seconds>(job_kept_for).count();
    return json::object{
        {"apiVersion", "batch/v1"},
        {"kind", "Job"},
        {"metadata", json::object{{"name", identity.name},
                                  {"namespace", identity.name_space},
                                  {"labels", std::move(labels)},
                                  {"annotations", std::move(annotations)},
                                  {"ownerReferences", json::array{owner}}}},
        {"spec", std::move(spec)},
    };
}

bool is_job_as_sent(const json::value& job, const json::value& sent) {
    const json::value* suspend = at_path(job, {"spec", "suspend"});
    const bool is_suspended = suspend != nullptr && *suspend == json::value(true);
    return !is_suspended && is_same_at(job, sent, {"metadata", "name"}) &&
           is_same_at(job, sent, {"metadata", "ownerReferences"}) &&
           is_same_at(job, sent, {"metadata", "labels", job_service_label}) &&
           is_same_at(job, sent, {"metadata", "labels", job_task_label}) &&
           is_same_at(job, sent, {"metadata", "annotations", effect_annotation}) &&
           is_same_at(job, sent, {"spec", "backoffLimit"}) &&
           is_same_at(job, sent, {"spec", "activeDeadlineSeconds"}) &&
           is_same_at(job, sent, {"spec", "template", "spec"});
}

Result<JobView> parse_job(const json::value& object) {
    std::optional<Error> error;
    const ObjectFields root(object, "job", error);
    const ObjectFields metadata = root.object("metadata");
    const ObjectFields annotations = metadata.object("annotations");
    const ObjectFields status = root.object("status");
    JobView view{.name = metadata.text("name", name_text_max),
                 .effect = annotations.text(effect_annotation, text_bytes_max),
                 .declaration = annotations.text(job_declaration_annotation, text_bytes_max),
                 .because = {}};
    const std::uint64_t left_count =
        status.number("active", pods_max) + status.number("terminating", pods_max);
    for (const ObjectFields& condition : status.objects("conditions", conditions_max)) {
        const std::string type = condition.text("type", word_bytes_max);
        const bool is_true = condition.text("status", word_bytes_max) == "True";
        if (!is_true || left_count > 0 || (type != "Complete" && type != "Failed")) {
            continue;
        }
        view.state = type == "Complete" ? JobState::complete : JobState::failed;
        view.because = plain(fmt::format("{}: {}", condition.text("reason", text_bytes_max),
                                         condition.text("message", text_bytes_max)));
    }
    if (!is_plain_name(view.name)) {
        metadata.refuse("name", "cannot be");
    }
    if (error) {
        return std::unexpected(*std::move(error));
    }
    return view;
}

}  // namespace homeostat::adapters::kubernetes
