#include "homeostat/adapters/kubernetes/incident_object.hpp"

#include "homeostat/base/plain.hpp"
#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

// SOURCE: deploy/kustomize/crd/incidents.yaml, which counts characters. A test compares.
constexpr std::size_t word_bytes_max = 64;
constexpr std::size_t line_bytes_max = 256;
constexpr std::size_t message_bytes_max = 512;

/// On one line and bounded, though what is made visible grows.
json::value text_of(const std::string& text, std::size_t bytes_max) {
    std::string shown = plain(text, bytes_max);
    for (std::size_t room = bytes_max / 2; shown.size() > bytes_max; room /= 2) {
        shown = plain(text, room);
    }
    return json::value(shown);
}

json::object head_of(const IncidentObject& object, const Options& options) {
    json::object body;
    body["apiVersion"] = json::value(fmt::format("{}/{}", incident_group, incident_version));
    body["kind"] = "Incident";
    json::object metadata;
    metadata["name"] = json::value(name_of(object, options));
    metadata["namespace"] = json::value(options.name_space);
    body["metadata"] = std::move(metadata);
    return body;
}

json::object condition_of(const IncidentCondition& condition) {
    json::object body;
    body["type"] = json::value(condition.type);
    body["status"] = condition.holds ? "True" : "False";
    body["reason"] = json::value(condition.reason);
    body["message"] = text_of(condition.message, message_bytes_max);
    body["lastTransitionTime"] = json::value(to_timestamp(condition.since));
    return body;
}

}  // namespace

std::string name_of(const IncidentObject& object, const Options& options) {
    return fmt::format("{}-{}-{}", options.deployment, object.incident, object.ledger);
}

std::string incident_body(const IncidentObject& object,
                          const Options& options,
                          const std::string& uid) {
    json::object body = head_of(object, options);
    json::object& metadata = body["metadata"].as_object();
    json::object labels;
    labels["app.kubernetes.io/managed-by"] = json::value(std::string(field_manager));
    labels[ledger_label] = json::value(object.ledger);
    metadata["labels"] = std::move(labels);
    json::object owner;
    owner["apiVersion"] = "apps/v1";
    owner["kind"] = "Deployment";
    owner["name"] = json::value(options.deployment);
    owner["uid"] = json::value(uid);
    metadata["ownerReferences"] = json::array{std::move(owner)};
    json::object spec;
    spec["service"] = json::value(options.service.text());
    spec["deployment"] = json::value(options.deployment);
    spec["incident"] = json::value(object.incident);
    spec["ledger"] = json::value(object.ledger);
    body["spec"] = std::move(spec);
    return to_text(body);
}

std::string incident_status_body(const IncidentObject& object, const Options& options) {
    json::object status;
    status["state"] = text_of(object.state, word_bytes_max);
    status["symptom"] = text_of(object.symptom, line_bytes_max);
    status["measured"] = text_of(object.measured, line_bytes_max);
    status["remedy"] = text_of(object.remedy, word_bytes_max);
    status["described"] = text_of(object.described, line_bytes_max);
    status["openedAt"] = json::value(to_timestamp(object.opened_at));
    if (object.closed_at) {
        status["closedAt"] = json::value(to_timestamp(*object.closed_at));
    }
    json::array conditions;
    for (const IncidentCondition& condition : object.conditions) {
        conditions.push_back(condition_of(condition));
    }
    status["conditions"] = std::move(conditions);
    json::object body = head_of(object, options);
    body["status"] = std::move(status);
    return to_text(body);
}

}  // namespace homeostat::adapters::kubernetes
