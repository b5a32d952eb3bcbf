#include "homeostat/adapters/kubernetes/pod_resize.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/json_patch.hpp"
#include "homeostat/adapters/kubernetes/quantity.hpp"
#include "homeostat/adapters/kubernetes/rehearsed_write.hpp"
#include "homeostat/adapters/kubernetes/write_outcome.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

/// Someone has resized the pod in place, and it was not us.
bool is_anothers(const PodMemory& memory) {
    return memory.was_resized && !resize_mark_of(memory);
}

std::string name_of(const std::string& manager) {
    return manager.empty() ? std::string("somebody else") : "'" + manager + "'";
}

Result<void> check_growth(const SetMemory& step, const PodMemory& memory, const Options& options) {
    if (step.to_bytes > options.memory_bytes_max) {
        return fail(Fault::refused, fmt::format("we ask for {} at most",
                                                memory_quantity(options.memory_bytes_max)));
    }
    if (is_anothers(memory)) {
        return fail(Fault::refused, fmt::format("{} has resized the pod, and we yield to it",
                                                name_of(memory.manager)));
    }
    return {};
}

/// The limit that the server would set, or has set; nothing: its answer does not say.
std::optional<std::uint64_t> limit_in(const ApiReply& reply, std::string_view container) {
    const std::optional<PodMemory> memory = parse_pod_memory(reply.body, container);
    return memory ? std::optional(memory->limit_bytes) : std::nullopt;
}

void add_change(json::array& patch,
                const std::string& path,
                const std::string& from,
                const std::string& to) {
    patch.push_back(patch_operation("test", path, json::value(from)));
    patch.push_back(patch_operation("replace", path, json::value(to)));
}

}  // namespace

std::optional<EffectMark> resize_mark_of(const PodMemory& memory) {
    return memory.was_resized ? parse_effect_mark(memory.manager) : std::nullopt;
}

std::optional<MemoryFacts> memory_facts_of(const PodView& pod,
                                           const Options& options,
                                           WallTime now) {
    if (!pod.memory || pod.memory->restarts || options.memory_bytes_max == 0) {
        return std::nullopt;
    }
    const PodMemory& memory = *pod.memory;
    MemoryFacts facts;
    facts.limit_bytes = memory.limit_bytes;
    facts.limit_bytes_max = options.memory_bytes_max;
    facts.is_in_force = memory.is_in_force;
    facts.is_refused = memory.is_refused;
    // One that was ended for an earlier limit says nothing of this one.
    const bool is_of_this_limit = !memory.set_at || memory.killed_at >= memory.set_at;
    facts.was_killed =
        memory.killed_at && is_of_this_limit && now - *memory.killed_at <= memory_killed_for;
    if (std::optional<EffectMark> mark = resize_mark_of(memory)) {
        facts.effect = std::move(mark->effect);
    }
    return facts;
}

Result<void> check_resize(const SetMemory& step, const PodView* pod, const Options& options) {
    if (pod == nullptr || pod->uid != step.pod || pod->is_deleting || pod->has_ended) {
        return fail(
            Fault::refused,
            fmt::format("{} has {}, expected was pod {}", step.instance.text(),
                        pod == nullptr ? std::string("no pod") : "pod " + pod->uid, step.pod));
    }
    if (!pod->memory) {
        return fail(Fault::refused, "its container has no limit of memory");
    }
    const PodMemory& memory = *pod->memory;
    if (memory.restarts) {
        return fail(Fault::refused,
                    "its resizePolicy has the container ended for another limit of memory");
    }
    if (memory.limit_bytes != step.from_bytes) {
        return fail(Fault::refused, fmt::format("its limit of memory is {}, expected was {}",
                                                memory.limit, memory_quantity(step.from_bytes)));
    }
    if (step.to_bytes >= step.from_bytes) {
        return check_growth(step, memory, options);
    }
    if (!resize_mark_of(memory)) {
        return fail(Fault::refused, fmt::format("{} has set the limit since, and we yield to it",
                                                name_of(memory.manager)));
    }
    return {};
}

ApiWrite write_of(const SetMemory& step,
                  const EffectId& effect,
                  const PodView& seen,
                  const Options& options) {
    const PodMemory& memory = *seen.memory;
    const std::string to = memory_quantity(step.to_bytes);
    const std::string at = fmt::format("/spec/containers/{}", memory.index);
    json::array patch;
    patch.push_back(patch_operation("test", "/metadata/uid", json::value(seen.uid)));
    patch.push_back(
        patch_operation("test", "/metadata/resourceVersion", json::value(seen.resource_version)));
    patch.push_back(patch_operation("test", at + "/name", json::value(memory.container)));
    add_change(patch, at + "/resources/limits/memory", memory.limit, to);
    if (memory.request_bytes == memory.limit_bytes) {
        add_change(patch, at + "/resources/requests/memory", memory.request, to);
    }
    return ApiWrite{.method = "PATCH",
                    .path = pod_path(options, seen.name) + "/resize",
                    .content_type = "application/json-patch+json",
                    .body = to_text(json::value(std::move(patch))),
                    .manager = manager_text(EffectMark{effect, step.from_bytes})};
}

Task<Outcome> PodResizing::carry_out(SetMemory step,
                                     EffectId effect,
                                     std::optional<PodView> pod,
                                     Instant deadline) {
    const Result<void> is_fit = check_resize(step, pod ? &*pod : nullptr, options_);
    if (!is_fit) {
        co_return refused(is_fit.error().text);
    }
    reach_(Phase::checked);
    RehearsedWrite wanted{
        .write = write_of(step, effect, *pod, options_),
        .is_as_wanted = [to = step.to_bytes, container = pod->memory->container](
                            const ApiReply& reply) { return limit_in(reply, container) == to; },
        .other = "another limit of memory",
        .done =
            fmt::format("{} of memory are wanted for {}; who follows it has what the template says",
                        memory_quantity(step.to_bytes), pod->name)};
    Outcome outcome = co_await write_rehearsed(api_, clock_, std::move(wanted), deadline, reach_);
    co_return outcome;
}

}  // namespace homeostat::adapters::kubernetes
