#include "homeostat/adapters/kubernetes/kubernetes_runtime.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/opt_out.hpp"
#include "homeostat/adapters/kubernetes/rehearsed_write.hpp"
#include "homeostat/adapters/kubernetes/rollback.hpp"
#include "homeostat/adapters/kubernetes/write_outcome.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/base/json.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <variant>

namespace homeostat::adapters::kubernetes {

namespace {

// A watch may tell of newer pods while we list; a server that changes them each time is told of.
constexpr int looks_max = 3;
// What was sent by its deadline has come about by then, or never will.
constexpr Duration in_flight_max = std::chrono::seconds{10};

bool ought_to_answer(const PodView& pod) {
    return pod.life == ContainerLife::running && pod.was_ready;
}

}  // namespace

KubernetesRuntime::KubernetesRuntime(const Options& options,
                                     ApiClient& api,
                                     Slots& slots,
                                     ports::Clock& clock)
    : options_(options),
      api_(api, clock),
      slots_(slots),
      clock_(clock),
      reads_(api_, options_),
      evicting_(api_, options_, clock_, [this](Phase phase) { reach(phase); }),
      scaling_(api_, options_, clock_, [this](Phase phase) { reach(phase); }),
      reverting_(api_, options_, clock_, [this](Phase phase) { reach(phase); }),
      resizing_(api_, options_, clock_, [this](Phase phase) { reach(phase); }),
      pausing_(api_, options_, clock_, [this](Phase phase) { reach(phase); }),
      in_flight_until_(clock_.now() + in_flight_max) {}

// --- Reading -------------------------------------------------------------------------------------

/// What there is, with its pods in their slots.
Task<Result<GroupView>> KubernetesRuntime::look(Instant deadline) {
    for (int count = 0; count < looks_max; ++count) {
        const std::uint64_t known = slots_.resource_version();
        Result<GroupView> group = co_await reads_.group(deadline);
        if (!group) {
            co_return group;
        }
        if (group->pods_version < known) {
            co_return fail(Fault::corrupt,
                           fmt::format("the API server tells of its state {}, after {} before: it "
                                       "was set back; start the agent anew to go by what it says",
                                       group->pods_version, known));
        }
        if (slots_.resource_version() <= group->pods_version) {
            // A file that cannot be written keeps nobody from looking: no eviction goes without it.
            static_cast<void>(
                slots_.take(group->pods, group->deployment.replicas, group->pods_version));
            co_return group;
        }
    }
    co_return fail(Fault::late, "the pods change faster than they can be listed");
}

RuntimeInstance KubernetesRuntime::describe(const Slot& slot, const GroupView& group) const {
    RuntimeInstance facts;
    facts.instance = slot.instance;
    facts.is_wanted = slot.is_wanted;
    facts.effect = slot.effect;
    if (!slot.pod) {
        facts.is_coming = slot.is_wanted;
        // That one more is wanted is told by the Deployment, before any pod can.
        const std::optional<ScaleMark> mark = scale_mark_of(group.deployment);
        const bool is_asked_for = slot.is_wanted && mark && mark->effect == slot.awaited;
        facts.effect = is_asked_for ? slot.awaited : EffectId{};
        return facts;
    }
    const PodView& pod = *slot.pod;
    // One less is wanted by our effect, and it is another pod that ends by it.
    const std::optional<ScaleMark> mark = scale_mark_of(group.deployment);
    facts.effect = mark && mark->effect == slot.awaited ? slot.awaited : slot.effect;
    facts.is_alive = pod.life == ContainerLife::running || pod.life == ContainerLife::restarting;
    facts.is_coming = pod.life == ContainerLife::coming;
    facts.identity = identity_of(pod);
    facts.version = version_of(group, pod);
    if (!pod.node.empty()) {
        facts.node = NodeFacts{pod.node, pod.is_node_lost};
    }
    facts.memory = memory_facts_of(pod, options_, clock_.wall_now());
    if (pod.started_at) {
        facts.started_at = to_instant(*pod.started_at, clock_.now(), clock_.wall_now());
    }
    return facts;
}

/// Asks the instances from `index` on all at once: one that hangs must not age the others' answers.
Task<void> KubernetesRuntime::ask_from(std::size_t index,
                                       std::vector<RuntimeInstance>& instances,
                                       const std::vector<std::string>& ips,
                                       Instant deadline) {
    using boost::asio::experimental::awaitable_operators::operator&&;
    if (index == instances.size()) {
        co_return;
    }
    Task<void> others = ask_from(index + 1, instances, ips, deadline);
    if (ips[index].empty()) {
        co_await std::move(others);
        co_return;
    }
    const Instant answer_by = std::min(clock_.now() + options_.answer_within, deadline);
    Task<bool> answer = options_.answers(ips[index], answer_by);
    const bool has_answered = co_await (std::move(answer) && std::move(others));
    instances[index].is_answering = has_answered;
}

Task<Result<FactsPart>> KubernetesRuntime::read(Instant deadline) {
    const Result<GroupView> group = co_await look(deadline);
    if (!group) {
        co_return std::unexpected(group.error());
    }
    withdraw_unmet(group->deployment);
    std::vector<Slot> slots = slots_.all();  // The watches go on while ConfigMaps are asked for.
    ConfigsView configs;
    if (configs_ != nullptr) {
        Result<ConfigsView> read = co_await configs_->read(api_, deadline);
        if (!read) {
            co_return std::unexpected(read.error());
        }
        configs = *std::move(read);
    }
    Result<FactsPart> facts =
        co_await facts_of(*group, std::move(slots), std::move(configs), deadline);
    co_return facts;
}

Task<Result<FactsPart>> KubernetesRuntime::glance(Instant deadline) {
    if (group_ == nullptr) {
        Result<FactsPart> facts = co_await read(deadline);
        co_return facts;
    }
    const Result<const GroupView*> group = group_->look();
    if (!group) {
        co_return std::unexpected(group.error());
    }
    ConfigsView configs;
    if (configs_ != nullptr) {
        const Result<const ConfigsView*> seen = configs_->look();
        if (!seen) {
            co_return std::unexpected(seen.error());
        }
        configs = **seen;
    }
    // Of its own: the watches go on while pods are asked.
    Result<FactsPart> facts =
        co_await facts_of(**group, slots_.all(), std::move(configs), deadline);
    co_return facts;
}

Task<Result<FactsPart>> KubernetesRuntime::facts_of(GroupView group,
                                                    std::vector<Slot> slots,
                                                    ConfigsView configs,
                                                    Instant deadline) {
    Result<PerArtifact<VersionFacts>> versions = versions_of(group, options_);
    if (!versions) {
        co_return std::unexpected(std::move(versions.error()));
    }
    RuntimeFacts facts;
    facts.is_orchestrated = true;
    facts.rollout = rollout_facts_of(group, options_);
    facts.versions = std::move(*versions);
    std::vector<std::string> ips;  // Of those that are asked.
    for (const Slot& slot : slots) {
        const bool is_asked = slot.pod && ought_to_answer(*slot.pod) && options_.answers;
        facts.instances.push_back(describe(slot, group));
        facts.instances.back().is_answering =
            slot.pod && !options_.answers && ought_to_answer(*slot.pod) && slot.pod->is_ready;
        ips.push_back(is_asked ? slot.pod->ip : std::string());
    }
    if (configs_ != nullptr) {
        facts.versions.config = configs_->facts_of(configs);
        for (RuntimeInstance& one : facts.instances) {
            one.config = configs_->version_of(one, configs);
        }
    }
    leave_out_leaving(facts.instances, group.deployment, facts.versions.deploy.current);
    mark_spares(facts.instances, group.deployment, options_);
    co_await ask_from(0, facts.instances, ips, deadline);
    facts.read_at = clock_.now();
    co_return FactsPart{std::move(facts)};
}

/// A pod that still stands was not evicted after all, and where none is wanted none was asked for:
/// lost on the way, or before a crash. Whoever comes there is somebody else's doing.
/// Of one whose mark the Deployment bears the effect has come about, whichever pod ended by it.
void KubernetesRuntime::withdraw_unmet(const DeploymentView& deployment) {
    if (clock_.now() < in_flight_until_) {
        return;
    }
    const std::optional<ScaleMark> mark = scale_mark_of(deployment);
    for (const Slot& slot : slots_.all()) {
        const bool has_come_about = mark && mark->effect == slot.awaited;
        if (!slot.awaited.empty() && !has_come_about) {
            static_cast<void>(slots_.withdraw(slot.instance));
            static_cast<void>(slots_.withdraw_new(slot.instance));
        }
    }
}

// --- Acting --------------------------------------------------------------------------------------

bool KubernetesRuntime::performs(const Step& step) const {
    if (const auto* swapped = std::get_if<SwapVersion>(&step)) {
        const bool is_config = swapped->artifact == Artifact::config;
        return swapped->artifact == Artifact::deploy || (is_config && configs_ != nullptr);
    }
    if (std::holds_alternative<SetMemory>(step)) {
        return options_.memory_bytes_max > 0;
    }
    if (std::holds_alternative<SetPaused>(step)) {
        return true;
    }
    const bool may_scale = options_.replicas_max > 0;
    if (const auto* replaced = std::get_if<Replace>(&step)) {
        const bool is_pod = !replaced->expected.pod.empty();
        return is_pod || (may_scale && replaced->expected.is_none());
    }
    return may_scale && std::holds_alternative<Stop>(step);
}

Task<Outcome> KubernetesRuntime::perform(Request request, Instant deadline) {
    const EffectId& effect = request.effect();
    if (!is_plain_name(effect.text())) {
        co_return refused("the effect's id '" + effect.text() + "' is not a plain name");
    }
    if (!performs(request.step())) {
        co_return refused("the Kubernetes runtime does not perform this step");
    }
    if (clock_.now() >= deadline) {
        co_return refused("the deadline had passed before anything was done");
    }
    if (const auto* swapped = std::get_if<SwapVersion>(&request.step())) {
        Outcome outcome = co_await swap(*swapped, effect, deadline);
        co_return outcome;
    }
    if (const auto* stopped = std::get_if<Stop>(&request.step())) {
        Outcome outcome = co_await scale_down(*stopped, effect, deadline);
        co_return outcome;
    }
    if (const auto* resized = std::get_if<SetMemory>(&request.step())) {
        Outcome outcome = co_await resize(*resized, effect, deadline);
        co_return outcome;
    }
    if (const auto* paused = std::get_if<SetPaused>(&request.step())) {
        Outcome outcome = co_await pausing_.carry_out(*paused, effect, deadline);
        co_return outcome;
    }
    const Replace& step = std::get<Replace>(request.step());
    if (step.expected.pod.empty()) {
        Outcome outcome = co_await scale_up(step, effect, deadline);
        co_return outcome;
    }
    Outcome outcome = co_await replace(step, effect, deadline);
    co_return outcome;
}

// NOLINTNEXTLINE(bugprone-exception-escape): no swap of values.
Task<Outcome> KubernetesRuntime::swap(SwapVersion step, EffectId effect, Instant deadline) {
    if (step.service != options_.service) {
        co_return refused("the versions of " + step.service.text() + " are not ours to swap");
    }
    if (step.artifact == Artifact::config) {
        const Result<DeploymentView> deployment = co_await reads_.deployment(deadline);
        const Result<void> may = deployment ? check_not_ignored(*deployment)
                                            : Result<void>(std::unexpected(deployment.error()));
        if (!may) {
            co_return refused(may.error().text);
        }
        Outcome outcome = co_await reverting_.carry_out(step, effect, *configs_, deadline);
        co_return outcome;
    }
    Outcome outcome = co_await roll_back(step, effect, deadline);
    co_return outcome;
}

Task<Outcome> KubernetesRuntime::roll_back(SwapVersion step, EffectId effect, Instant deadline) {
    const Result<DeploymentView> deployment = co_await reads_.deployment(deadline);
    if (!deployment) {
        co_return refused(deployment.error().text);
    }
    const Result<std::vector<ReplicaSetView>> replica_sets =
        co_await reads_.replica_sets(*deployment, deadline);
    if (!replica_sets) {
        co_return refused(replica_sets.error().text);
    }
    const Result<ReplicaSetView> target = target_of(step, *deployment, *replica_sets);
    if (!target) {
        co_return refused(target.error().text);
    }
    reach(Phase::checked);
    RehearsedWrite wanted{
        .write = ApiWrite{.method = "PATCH",
                          .path = deployment_path(options_),
                          .content_type = "application/json-patch+json",
                          .body = rollback_patch(step, effect, *deployment, *target)},
        .is_as_wanted = [to = *target](const ApiReply& reply) { return has_template(reply, to); },
        .other = "another template",
        .done = step.to.text() + " is in force"};
    Outcome outcome = co_await write_rehearsed(api_, clock_, std::move(wanted), deadline,
                                               std::bind_front(&KubernetesRuntime::reach, this));
    co_return outcome;
}

Result<PodView> KubernetesRuntime::check(const Replace& step, const GroupView& group) const {
    const Slot* slot = slots_.find(step.instance);
    const std::string wanted = homeostat::describe(step.expected);
    if (slot == nullptr || !slot->pod || slot->pod->uid != step.expected.pod) {
        const std::string there = slot == nullptr || !slot->pod
                                      ? std::string("no pod")
                                      : homeostat::describe(identity_of(*slot->pod));
        return fail(Fault::refused,
                    fmt::format("{} has {}, expected was {}", step.instance.text(), there, wanted));
    }
    // Whoever follows it runs what its ReplicaSet says, or what is being rolled out.
    const ReplicaSetView* current = current_of(group.deployment, group.replica_sets);
    const bool is_version_to_come = step.version.empty() ||
                                    step.version == version_of(group, *slot->pod) ||
                                    (current != nullptr && step.version == version_of(*current));
    if (!is_version_to_come) {
        return fail(Fault::refused, fmt::format("a pod in the place of {} would not run {}", wanted,
                                                step.version.text()));
    }
    return *slot->pod;
}

Task<Outcome> KubernetesRuntime::replace(Replace step, EffectId effect, Instant deadline) {
    const Result<GroupView> group = co_await look(deadline);
    if (const Result<void> may = check_may_change(group); !may) {
        co_return refused(may.error().text);
    }
    const Result<PodView> pod = check(step, *group);
    if (!pod) {
        co_return refused(pod.error().text);
    }
    reach(Phase::checked);
    in_flight_until_ = std::max(in_flight_until_, deadline + in_flight_max);
    if (const Result<void> noted = slots_.expect(step.instance, pod->uid, effect); !noted) {
        co_return refused(noted.error().text);
    }
    reach(Phase::noted);
    Outcome outcome = co_await evicting_.carry_out(*pod, deadline);
    if (outcome.kind == OutcomeKind::refused) {
        static_cast<void>(slots_.withdraw(step.instance));
    }
    co_return outcome;
}

/// One replica more. That its pod stands in this slot follows from that it is awaited there.
Task<Outcome> KubernetesRuntime::scale_up(Replace step, EffectId effect, Instant deadline) {
    const Result<GroupView> group = co_await look(deadline);
    if (const Result<void> may = check_may_change(group); !may) {
        co_return refused(may.error().text);
    }
    const ReplicaSetView* current = current_of(group->deployment, group->replica_sets);
    if (current == nullptr || (!step.version.empty() && step.version != version_of(*current))) {
        co_return refused("a pod that is asked for now would not run " + step.version.text());
    }
    const Result<ScaleOrder> order = order_up(group->deployment, effect, options_);
    if (!order) {
        co_return refused(order.error().text);
    }
    reach(Phase::checked);
    in_flight_until_ = std::max(in_flight_until_, deadline + in_flight_max);
    if (const Result<void> noted = slots_.expect_new(step.instance, effect); !noted) {
        co_return refused(noted.error().text);
    }
    reach(Phase::noted);
    Outcome outcome = co_await scaling_.carry_out(*order, group->deployment, deadline);
    if (outcome.kind == OutcomeKind::refused) {
        static_cast<void>(slots_.withdraw_new(step.instance));
    }
    co_return outcome;
}

/// One replica less, of those that we have added. Which pod ends is the cluster's choice.
Task<Outcome> KubernetesRuntime::scale_down(Stop step, EffectId effect, Instant deadline) {
    const Result<GroupView> group = co_await look(deadline);
    if (const Result<void> may = check_may_change(group); !may) {
        co_return refused(may.error().text);
    }
    const Slot* slot = slots_.find(step.instance);
    const std::string there = slot != nullptr && slot->pod ? slot->pod->uid : std::string();
    if (slot == nullptr || !slot->is_wanted || there != step.expected.pod) {
        co_return refused(fmt::format("{} has {}, expected was {}", step.instance.text(),
                                      there.empty() ? "no pod" : there,
                                      homeostat::describe(step.expected)));
    }
    const Result<ScaleOrder> order = order_down(group->deployment, effect);
    if (!order) {
        co_return refused(order.error().text);
    }
    reach(Phase::checked);
    in_flight_until_ = std::max(in_flight_until_, deadline + in_flight_max);
    const Result<void> noted =
        there.empty() ? Result<void>{} : slots_.expect(step.instance, there, effect);
    if (!noted) {
        co_return refused(noted.error().text);
    }
    reach(Phase::noted);
    Outcome outcome = co_await scaling_.carry_out(*order, group->deployment, deadline);
    if (outcome.kind == OutcomeKind::refused) {
        static_cast<void>(slots_.withdraw(step.instance));
    }
    co_return outcome;
}

Task<Outcome> KubernetesRuntime::resize(SetMemory step, EffectId effect, Instant deadline) {
    const Result<GroupView> group = co_await look(deadline);
    if (const Result<void> may = check_may_change(group); !may) {
        co_return refused(may.error().text);
    }
    const Slot* slot = slots_.find(step.instance);
    std::optional<PodView> pod;
    if (slot != nullptr && slot->pod) {
        pod = *slot->pod;
    }
    Outcome outcome =
        co_await resizing_.carry_out(std::move(step), std::move(effect), std::move(pod), deadline);
    co_return outcome;
}

void KubernetesRuntime::reach(Phase phase) const {
    if (options_.on_phase_for_test) {
        options_.on_phase_for_test(phase);
    }
}

}  // namespace homeostat::adapters::kubernetes
