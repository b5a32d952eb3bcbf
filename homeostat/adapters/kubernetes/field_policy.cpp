#include "homeostat/adapters/kubernetes/field_policy.hpp"

#include "homeostat/adapters/kubernetes/quantity.hpp"

#include <fmt/format.h>

#include <string_view>

namespace homeostat::adapters::kubernetes {

namespace {

// {0}: the namespace, {1}: the Deployment, {2}: our account, {3}: our Leases, {4}: how the names of
// our Incidents begin, {5}: how many replicas we may ask for, 0 for none, {6}: the ConfigMaps that
// the pods are configured by, {7}: how much memory we may ask for a container, "0" for none. `dyn`
// lets keys be compared that the server's types do not name; without it the server only warns. A
// pod's name begins with that of its Deployment, for names of up to 46 bytes; that of an Incident
// of "cart-eu" begins as one of "cart" does. SOURCE:
// kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy.
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
    expression: request.userInfo.username == "system:serviceaccount:{0}:{2}"
  variables:
  - name: evicts
    expression: >-
      request.operation == "CREATE" && request.resource.group == "" &&
      request.resource.resource == "pods" && request.?subResource.orValue("") == "eviction" &&
      request.?name.orValue("").startsWith("{1}-")
  - name: updates
    expression: >-
      request.operation == "UPDATE" && request.resource.group == "apps" &&
      request.resource.resource == "deployments" && request.?subResource.orValue("") == "" &&
      request.?name.orValue("") == "{1}"
  - name: scales
    expression: >-
      request.operation == "UPDATE" && request.resource.group == "apps" &&
      request.resource.resource == "deployments" && request.?subResource.orValue("") == "scale" &&
      request.?name.orValue("") == "{1}" && {5} > 0
  - name: resizes
    expression: >-
      request.operation == "UPDATE" && request.resource.group == "" &&
      request.resource.resource == "pods" && request.?subResource.orValue("") == "resize" &&
      request.?name.orValue("").startsWith("{1}-") && "{7}" != "0"
  - name: configs
    expression: '[{6}]'
  - name: reverts
    expression: >-
      request.operation == "UPDATE" && request.resource.group == "" &&
      request.resource.resource == "configmaps" && request.?subResource.orValue("") == "" &&
      request.?name.orValue("") in variables.configs
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
  - name: incidents
    expression: '[{4}]'
  - name: shows
    expression: >-
      request.operation in ["CREATE", "UPDATE", "DELETE"] &&
      request.resource.group == "homeostat.dev" && request.resource.resource == "incidents" &&
      request.?subResource.orValue("") in ["", "status"] &&
      variables.incidents.exists(prefix, request.?name.orValue("").startsWith(prefix)) &&
      (request.operation == "DELETE" ||
      dyn(object).?spec.?deployment.orValue("") == "{1}") &&
      (request.operation == "CREATE" ||
      dyn(oldObject).?spec.?deployment.orValue("") == "{1}")
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
      variables.reverts || variables.tells || variables.leads || variables.shows
    message: this account changes the Deployment {1} and evicts its pods, and little else
  - expression: >-
      !variables.reverts ||
      (dyn(object).all(key, key in ["data", "binaryData", "metadata"] ||
      (key in dyn(oldObject) && dyn(object)[key] == dyn(oldObject)[key])) &&
      dyn(oldObject).all(key, key in ["data", "binaryData"] || key in dyn(object)))
    message: of a ConfigMap this account changes the contents, and nothing else
  - expression: >-
      !variables.scales ||
      (int(dyn(object).spec.?replicas.orValue(0)) in
      [int(dyn(oldObject).spec.?replicas.orValue(0)) + 1,
      int(dyn(oldObject).spec.?replicas.orValue(0)) - 1] &&
      int(dyn(object).spec.?replicas.orValue(0)) >= 1 &&
      int(dyn(object).spec.?replicas.orValue(0)) <= {5})
    message: this account asks for one replica more or less, and for {5} at most
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
      quantity(string(one.resources[part].memory)).compareTo(quantity("{7}")) <= 0 ||
      dyn(oldObject).spec.containers.exists(before, before.name == one.name &&
      quantity(string(one.resources[part].memory)).compareTo(
      quantity(string(before.?resources[?part].?memory.orValue("0")))) <= 0)))
    message: this account asks for {7} of memory for a container at most
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

}  // namespace

std::string field_policy_yaml(const Options& options, const std::string& account) {
    const std::string leases =
        options.lease.empty() ? std::string() : fmt::format("\"{}\"", options.lease);
    const std::string incidents =
        options.writes_incidents ? fmt::format("\"{}-\"", options.deployment) : std::string();
    std::string configs;
    for (const std::string& name : options.configs) {
        configs += fmt::format("{}\"{}\"", configs.empty() ? "" : ", ", name);
    }
    return fmt::format(policy, options.name_space, options.deployment, account, leases, incidents,
                       options.replicas_max, configs, memory_quantity(options.memory_bytes_max));
}

}  // namespace homeostat::adapters::kubernetes
