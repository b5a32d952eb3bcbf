#include "homeostat/adapters/kubernetes/field_policy.hpp"

#include "homeostat/adapters/kubernetes/quantity.hpp"
#include "homeostat/base/ensure.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

namespace homeostat::adapters::kubernetes {

namespace {

// {0}: the namespace, {1}: our account, {2}: the Deployments that it guards, {3}: our Leases,
// {4}: those Deployments whose Incidents are objects, {5}: by Deployment how many replicas we may
// ask for, 0 for none, {6}: the ConfigMaps that the pods are configured by, {7}: by Deployment how
// much memory we may ask for a container, "0" for none, {8}: the CronJobs of which tasks make Jobs.
// `dyn` lets keys be compared that the server's types do not name; without it the server only
// warns. A pod's name begins with that of its Deployment, for names of up to 46 bytes; one of
// "cart-eu" begins as one of "cart" does, and is that of the longer name where both are ours.
// SOURCE: kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy.
constexpr std::string_view policy = R"(apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: "homeostat.{0}.{1}"
spec:
  failurePolicy: Fail
  matchConstraints:
    namespaceSelector:
      matchLabels:
        kubernetes.io/metadata.name: "{0}"
    resourceRules:
    - apiGroups: ["*"]
      apiVersions: ["*"]
      operations: ["*"]
      resources: ["*/*"]
      scope: Namespaced
  matchConditions:
  - name: it-is-our-agent
    expression: request.userInfo.username == "system:serviceaccount:{0}:{1}"
  variables:
  - name: deployments
    expression: '[{2}]'
  - name: replicas_max
    expression: '{{{5}}}'
  - name: memory_max
    expression: '{{{7}}}'
  - name: name
    expression: request.?name.orValue("")
  - name: of_pod
    expression: variables.deployments.filter(one, variables.name.startsWith(one + "-"))
  - name: evicts
    expression: >-
      request.operation == "CREATE" && request.resource.group == "" &&
      request.resource.resource == "pods" && request.?subResource.orValue("") == "eviction" &&
      variables.of_pod.size() > 0
  - name: updates
    expression: >-
      request.operation == "UPDATE" && request.resource.group == "apps" &&
      request.resource.resource == "deployments" && request.?subResource.orValue("") == "" &&
      variables.name in variables.deployments
  - name: scales
    expression: >-
      request.operation == "UPDATE" && request.resource.group == "apps" &&
      request.resource.resource == "deployments" && request.?subResource.orValue("") == "scale" &&
      variables.name in variables.deployments && variables.replicas_max[variables.name] > 0
  - name: owner
    expression: >-
      variables.of_pod.filter(one, !variables.of_pod.exists(other, other.size() > one.size()))
  - name: resizes
    expression: >-
      request.operation == "UPDATE" && request.resource.group == "" &&
      request.resource.resource == "pods" && request.?subResource.orValue("") == "resize" &&
      variables.owner.exists(one, variables.memory_max[one] != "0")
  - name: configs
    expression: '[{6}]'
  - name: reverts
    expression: >-
      request.operation == "UPDATE" && request.resource.group == "" &&
      request.resource.resource == "configmaps" && request.?subResource.orValue("") == "" &&
      variables.name in variables.configs
  - name: templates
    expression: '[{8}]'
  - name: owners
    expression: dyn(object).metadata.?ownerReferences.orValue([])
  - name: starts
    expression: >-
      request.operation == "CREATE" && request.resource.group == "batch" &&
      request.resource.resource == "jobs" && request.?subResource.orValue("") == "" &&
      variables.templates.exists(one,
      dyn(object).metadata.?name.orValue("").startsWith(one + "-"))
  - name: tells
    expression: >-
      request.operation == "CREATE" && request.resource.group == "events.k8s.io" &&
      request.resource.resource == "events"
  - name: leases
    expression: '[{3}]'
  - name: leads
    expression: >-
      request.operation in ["CREATE", "UPDATE"] &&
      request.resource.group == "coordination.k8s.io" &&
      request.resource.resource == "leases" && request.?subResource.orValue("") == "" &&
      dyn(object).metadata.?name.orValue("") in variables.leases
  - name: shown
    expression: '[{4}]'
  - name: shows
    expression: >-
      request.operation in ["CREATE", "UPDATE", "DELETE"] &&
      request.resource.group == "homeostat.dev" && request.resource.resource == "incidents" &&
      request.?subResource.orValue("") in ["", "status"] &&
      variables.shown.exists(one, variables.name.startsWith(one + "-") &&
      (request.operation == "DELETE" || dyn(object).?spec.?deployment.orValue("") == one) &&
      (request.operation == "CREATE" || dyn(oldObject).?spec.?deployment.orValue("") == one))
  - name: ours
    expression: '["homeostat.dev/effect", "kubernetes.io/change-cause"]'
  - name: counted
    expression: '["annotations", "generation", "managedFields", "resourceVersion"]'
  - name: notes
    expression: dyn(object).metadata.?annotations.orValue(dyn({{}}))
  - name: notes_before
    expression: dyn(oldObject).metadata.?annotations.orValue(dyn({{}}))
  - name: effect
    expression: variables.notes[?"homeostat.dev/effect"].orValue("")
  - name: effect_before
    expression: variables.notes_before[?"homeostat.dev/effect"].orValue("")
  - name: paused
    expression: dyn(object).spec.?paused.orValue(false)
  - name: paused_before
    expression: dyn(oldObject).spec.?paused.orValue(false)
  - name: pod
    expression: dyn(object).spec.template.spec
  - name: pod_before
    expression: dyn(oldObject).spec.template.spec
  - name: containers
    expression: variables.pod.containers + variables.pod.?initContainers.orValue([])
  - name: containers_before
    expression: variables.pod_before.containers + variables.pod_before.?initContainers.orValue([])
  validations:
  - expression: >-
      variables.evicts || variables.updates || variables.scales || variables.resizes ||
      variables.reverts || variables.tells || variables.leads || variables.shows ||
      variables.starts
    message: this account changes the Deployments it guards and evicts their pods, and little else
  - expression: >-
      !variables.reverts ||
      (dyn(object).all(key, key in ["data", "binaryData", "metadata"] ||
      (key in dyn(oldObject) && dyn(object)[key] == dyn(oldObject)[key])) &&
      dyn(oldObject).all(key, key in ["data", "binaryData"] || key in dyn(object)))
    message: of a ConfigMap this account changes the contents, and nothing else
  - expression: >-
      !variables.starts ||
      (variables.owners.size() == 1 && variables.owners.all(one,
      one.apiVersion == "batch/v1" && one.kind == "CronJob" && one.name in variables.templates &&
      dyn(object).metadata.name.startsWith(one.name + "-")) &&
      ["homeostat.dev/service", "homeostat.dev/task"].all(label,
      label in dyn(object).metadata.?labels.orValue(dyn({{}}))))
    message: this account makes Jobs of its tasks' templates, which are their owners, and no others
  - expression: >-
      !variables.starts ||
      (dyn(object).spec.all(key, key in ["template", "parallelism", "completions",
      "completionMode", "podReplacementPolicy", "backoffLimit", "activeDeadlineSeconds",
      "ttlSecondsAfterFinished", "suspend", "selector", "manualSelector"]) &&
      !dyn(object).spec.?manualSelector.orValue(false) &&
      int(dyn(object).spec.?backoffLimit.orValue(6)) == 0 &&
      int(dyn(object).spec.?activeDeadlineSeconds.orValue(0)) >= 1 &&
      int(dyn(object).spec.?activeDeadlineSeconds.orValue(0)) <= 120 &&
      dyn(object).spec.?ttlSecondsAfterFinished.hasValue() &&
      dyn(object).spec.template.spec.?restartPolicy.orValue("") == "Never")
    message: a Job of this account runs once, for two minutes at most, and is cleared away
  - expression: >-
      !variables.scales ||
      (int(dyn(object).spec.?replicas.orValue(0)) in
      [int(dyn(oldObject).spec.?replicas.orValue(0)) + 1,
      int(dyn(oldObject).spec.?replicas.orValue(0)) - 1] &&
      int(dyn(object).spec.?replicas.orValue(0)) >= 1 &&
      int(dyn(object).spec.?replicas.orValue(0)) <= variables.replicas_max[variables.name])
    message: this account asks for one replica more or less, and for replicas_max at most
  - expression: >-
      !variables.resizes ||
      (dyn(object).spec.all(key, key == "containers" || (key in dyn(oldObject).spec &&
      dyn(object).spec[key] == dyn(oldObject).spec[key])) &&
      dyn(oldObject).spec.all(key, key in dyn(object).spec))
    message: of a pod's spec this account changes the containers, and nothing else
  - expression: >-
      !variables.resizes ||
      dyn(object).spec.containers.all(one,
      dyn(oldObject).spec.containers.exists(before, before.name == one.name &&
      one.all(key, key == "resources" || (key in before && one[key] == before[key])) &&
      before.all(key, key in one) &&
      one.?resources.orValue(dyn({{}})).all(part, part in ["limits", "requests"] ||
      one.resources[part] == before.?resources[?part].orValue(dyn(""))) &&
      before.?resources.orValue(dyn({{}})).all(part, part in one.?resources.orValue(dyn({{}}))) &&
      ["limits", "requests"].all(part,
      one.?resources[?part].orValue(dyn({{}})).all(what,
      what in before.?resources[?part].orValue(dyn({{}})) && (what == "memory" ||
      one.resources[part][what] == before.resources[part][what])) &&
      before.?resources[?part].orValue(dyn({{}})).all(what,
      what in one.?resources[?part].orValue(dyn({{}}))))))
    message: of a pod this account changes how much memory its containers have, and nothing else
  - expression: >-
      !variables.resizes ||
      dyn(object).spec.containers.all(one, ["limits", "requests"].all(part,
      !one.?resources[?part].?memory.hasValue() ||
      quantity(string(one.resources[part].memory)).compareTo(
      quantity(variables.memory_max[variables.owner[0]])) <= 0 ||
      dyn(oldObject).spec.containers.exists(before, before.name == one.name &&
      quantity(string(one.resources[part].memory)).compareTo(
      quantity(string(before.?resources[?part].?memory.orValue("0")))) <= 0)))
    message: this account asks for no more memory for a container than resize_max
  - expression: >-
      !variables.updates ||
      (dyn(object).spec.all(key, key in ["template", "paused"] || (key in dyn(oldObject).spec &&
      dyn(object).spec[key] == dyn(oldObject).spec[key])) &&
      dyn(oldObject).spec.all(key, key == "paused" || key in dyn(object).spec))
    message: of the Deployment's spec this account changes the template and paused, and nothing else
  - expression: >-
      !variables.updates || (variables.paused == variables.paused_before
      ? (variables.effect == variables.effect_before || !variables.effect.endsWith(" paused"))
      : (variables.effect != variables.effect_before &&
      (variables.paused ? variables.effect : variables.effect_before).endsWith(" paused")))
    message: >-
      this account pauses a rollout with its effect in the same write, and ends no other's pause
  - expression: >-
      !(variables.updates || variables.reverts) ||
      (dyn(object).metadata.all(key, key in variables.counted ||
      (key in dyn(oldObject).metadata &&
      dyn(object).metadata[key] == dyn(oldObject).metadata[key])) &&
      dyn(oldObject).metadata.all(key, key in variables.counted || key in dyn(object).metadata))
    message: of the Deployment's metadata this account changes annotations, and nothing else
  - expression: >-
      !(variables.updates || variables.reverts) ||
      (variables.notes.all(key, key in variables.ours || (key in variables.notes_before &&
      variables.notes[key] == variables.notes_before[key])) &&
      variables.notes_before.all(key, key in variables.ours || key in variables.notes))
    message: >-
      of the annotations this account changes homeostat.dev/effect and
      kubernetes.io/change-cause, and no other
  - expression: >-
      !variables.updates ||
      (variables.pod.?serviceAccountName.orValue("default") ==
      variables.pod_before.?serviceAccountName.orValue("default"))
    message: this account does not change which service account the pods have
  - expression: >-
      !variables.updates ||
      (["hostNetwork", "hostPID", "hostIPC"].all(key,
      !variables.pod[?key].orValue(false) || variables.pod_before[?key].orValue(false)) &&
      variables.pod.?volumes.orValue([]).all(one, !has(one.hostPath) ||
      variables.pod_before.?volumes.orValue([]).exists(before,
      before.?hostPath.?path.orValue("") == one.hostPath.path)))
    message: this account brings no pods closer to their node, by its namespaces or a hostPath
  - expression: >-
      !variables.updates ||
      variables.containers.all(one,
      (!one.?securityContext.?privileged.orValue(false) ||
      variables.containers_before.exists(before, before.name == one.name &&
      before.?securityContext.?privileged.orValue(false))) &&
      one.?securityContext.?capabilities.?add.orValue([]).all(capability,
      variables.containers_before.exists(before, before.name == one.name &&
      capability in before.?securityContext.?capabilities.?add.orValue([]))))
    message: this account gives no container a privilege or a capability that it has not
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: "homeostat.{0}.{1}"
spec:
  policyName: "homeostat.{0}.{1}"
  validationActions: [Deny]
)";

// {0}, {1} as above. A policy of its own, since each binding of it brings one template to compare
// with, which no expression could read by itself. A template that is gone refuses every Job.
constexpr std::string_view job_policy = R"(---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: "homeostat.{0}.{1}.jobs"
spec:
  failurePolicy: Fail
  paramKind:
    apiVersion: batch/v1
    kind: CronJob
  matchConstraints:
    namespaceSelector:
      matchLabels:
        kubernetes.io/metadata.name: "{0}"
    resourceRules:
    - apiGroups: ["batch"]
      apiVersions: ["*"]
      operations: ["CREATE"]
      resources: ["jobs"]
      scope: Namespaced
  matchConditions:
  - name: it-is-our-agent
    expression: request.userInfo.username == "system:serviceaccount:{0}:{1}"
  variables:
  - name: template
    expression: dyn(params).spec.jobTemplate.spec
  - name: is_of_it
    expression: >-
      dyn(object).metadata.?ownerReferences.orValue([]).exists(one,
      one.name == dyn(params).metadata.name)
  validations:
  - expression: >-
      !variables.is_of_it ||
      (dyn(object).metadata.ownerReferences.all(one, one.uid == dyn(params).metadata.uid) &&
      dyn(object).spec.template.spec == variables.template.template.spec &&
      ["parallelism", "completions"].all(key,
      int(dyn(object).spec[?key].orValue(1)) == int(variables.template[?key].orValue(1))))
    message: a Job of this account runs what its template says, and nothing else
)";

// {2}: the name of one template.
constexpr std::string_view job_binding = R"(---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: "homeostat.{0}.{1}.jobs.{2}"
spec:
  policyName: "homeostat.{0}.{1}.jobs"
  paramRef:
    name: "{2}"
    namespace: "{0}"
    parameterNotFoundAction: Deny
  validationActions: [Deny]
)";

/// Of a list or a map; what several need stands in it once.
class Items {
  public:
    void add(const std::string& item) {
        if (std::ranges::find(items_, item) == items_.end()) {
            items_.push_back(item);
        }
    }
    [[nodiscard]] const std::vector<std::string>& all() const { return items_; }
    [[nodiscard]] std::string text() const { return fmt::format("{}", fmt::join(items_, ", ")); }

  private:
    std::vector<std::string> items_;
};

}  // namespace

std::string field_policy_yaml(const std::vector<Options>& guarded, const std::string& account) {
    ensure(!guarded.empty(), "a policy is about Deployments");
    Items deployments;
    Items leases;
    Items shown;
    Items replicas;
    Items configs;
    Items memory;
    Items templates;
    Items names;
    for (const Options& one : guarded) {
        const std::string name = fmt::format("\"{}\"", one.deployment);
        deployments.add(name);
        replicas.add(fmt::format("{}: {}", name, one.replicas_max));
        memory.add(fmt::format("{}: \"{}\"", name, memory_quantity(one.memory_bytes_max)));
        if (!one.lease.empty()) {
            leases.add(fmt::format("\"{}\"", one.lease));
        }
        if (one.writes_incidents) {
            shown.add(name);
        }
        for (const std::string& config : one.configs) {
            configs.add(fmt::format("\"{}\"", config));
        }
        for (const std::string& job_template : one.job_templates) {
            templates.add(fmt::format("\"{}\"", job_template));
            names.add(job_template);
        }
    }
    const std::string& name_space = guarded.front().name_space;
    std::string yaml =
        fmt::format(policy, name_space, account, deployments.text(), leases.text(), shown.text(),
                    replicas.text(), configs.text(), memory.text(), templates.text());
    if (!names.all().empty()) {
        yaml += fmt::format(job_policy, name_space, account);
    }
    for (const std::string& name : names.all()) {
        yaml += fmt::format(job_binding, name_space, account, name);
    }
    return yaml;
}

}  // namespace homeostat::adapters::kubernetes
