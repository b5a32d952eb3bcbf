#include "homeostat/app/config_approval_keys.hpp"

#include "homeostat/app/mesh_key.hpp"

#include <fmt/format.h>

namespace homeostat::app {

namespace {

/// Of each kind of remedy that has one, where it stands in the section.
template <class Section>
auto places_of(Section& section) {
    using Place = decltype(&section.eject);
    return std::vector<std::pair<RemedyKind, Place>>{
        {RemedyKind::eject, &section.eject},
        {RemedyKind::open_circuit, &section.open_circuit},
        {RemedyKind::invalidate_cache, &section.invalidate_cache},
        {RemedyKind::reroute, &section.reroute},
        {RemedyKind::restart, &section.restart},
        {RemedyKind::rolling_restart, &section.rolling_restart},
        {RemedyKind::scale, &section.scale},
        {RemedyKind::rollback, &section.rollback},
        {RemedyKind::resize, &section.resize},
        {RemedyKind::pause_rollout, &section.pause_rollout}};
}

}  // namespace

Result<std::string> ApproverNameValue::parse(std::string_view text) const {
    if (!heal::is_approver_name(text)) {
        return fail(Fault::invalid,
                    fmt::format("no name of an approver — write 1 to {} letters, digits, '.', '_' "
                                "and '-'",
                                heal::approver_name_bytes_max));
    }
    return std::string(text);
}

json::object ApproverNameValue::schema() const {
    json::object schema;
    schema["type"] = json::value("string");
    schema["pattern"] =
        json::value(fmt::format("^[A-Za-z0-9._-]{{1,{}}}$", heal::approver_name_bytes_max));
    return schema;
}

/// The text is not repeated: a private key may have been written here by mistake.
Result<std::string> ApproverKeyValue::parse(std::string_view text) const {
    if (!parse_key(text)) {
        return fail(
            Fault::invalid,
            "no public key — write the 64 digits that `homeostat approver-key FILE` prints");
    }
    return std::string(text);
}

json::object ApproverKeyValue::schema() const {
    json::object schema;
    schema["type"] = json::value("string");
    schema["pattern"] = json::value("^[0-9a-f]{64}$");
    return schema;
}

ApprovalsConfig to_config(const ApprovalsSection& section) {
    ApprovalsConfig approvals;
    for (const ApproverSection& one : section.approvers) {
        approvals.approvers.push_back(one.config);
    }
    approvals.quorum = section.quorum;
    for (const auto& [kind, place] : places_of(section.quorum_of)) {
        if (*place > 0) {
            approvals.quorum_of.emplace(kind, *place);
        }
    }
    approvals.questions_per_hour_max = section.questions_per_hour_max;
    return approvals;
}

ApprovalsSection to_file(const ApprovalsConfig& approvals) {
    ApprovalsSection section;
    for (const ApproverConfig& one : approvals.approvers) {
        section.approvers.push_back({one});
    }
    section.quorum = approvals.quorum;
    for (const auto& [kind, place] : places_of(section.quorum_of)) {
        const auto found = approvals.quorum_of.find(kind);
        *place = found == approvals.quorum_of.end() ? 0 : found->second;
    }
    section.questions_per_hour_max = approvals.questions_per_hour_max;
    return section;
}

}  // namespace homeostat::app
