#include "homeostat/adapters/kubernetes/incident_kind.hpp"

#include "homeostat/adapters/kubernetes/direct_reads.hpp"
#include "homeostat/adapters/kubernetes/incident_object.hpp"
#include "homeostat/adapters/kubernetes/object_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr int not_found = 404;
constexpr std::size_t items_max = 64;  ///< Our group has one kind in one or two versions.
constexpr std::size_t name_bytes_max = 253;

/// A member of each object of a list.
Result<std::vector<std::string>> texts_in(const json::value& document,
                                          std::string_view list,
                                          std::string_view member) {
    std::optional<Error> error;
    std::vector<std::string> texts;
    for (const ObjectFields& one :
         ObjectFields(document, "the server's answer", error).objects(list, items_max)) {
        texts.push_back(one.text(member, name_bytes_max));
    }
    if (error) {
        return fail(Fault::broken, error->text);
    }
    return texts;
}

bool has(const std::vector<std::string>& texts, std::string_view text) {
    return std::ranges::find(texts, text) != texts.end();
}

}  // namespace

Result<void> check_incident_versions(const json::value& group) {
    const Result<std::vector<std::string>> versions = texts_in(group, "versions", "version");
    if (!versions) {
        return std::unexpected(versions.error());
    }
    if (has(*versions, incident_version)) {
        return {};
    }
    return fail(Fault::absent,
                fmt::format("the cluster serves {} in {}, and this agent writes {}: its CRD is of "
                            "another version of Homeostat",
                            incident_group,
                            versions->empty() ? "no version"
                                              : fmt::format("{}", fmt::join(*versions, ", ")),
                            incident_version));
}

Result<void> check_incident_resources(const json::value& resources) {
    const Result<std::vector<std::string>> names = texts_in(resources, "resources", "name");
    if (!names) {
        return std::unexpected(names.error());
    }
    if (has(*names, "incidents") && has(*names, "incidents/status")) {
        return {};
    }
    return fail(Fault::absent, fmt::format("the cluster serves {}/{} without incidents, or without "
                                           "their status: that is not our CRD",
                                           incident_group, incident_version));
}

Task<Result<void>> check_incident_kind(ApiClient& api, Instant deadline) {
    std::string path = fmt::format("/apis/{}", incident_group);
    Result<ApiReply> group = co_await api.get(path, deadline);
    if (group && group->status == not_found) {
        co_return fail(Fault::absent,
                       fmt::format("the cluster serves nothing of {}: the CRD is not installed",
                                   incident_group));
    }
    const Result<json::value> versions = check_read("the group of incidents", std::move(group));
    const Result<void> is_served =
        versions ? check_incident_versions(*versions) : std::unexpected(versions.error());
    if (!is_served) {
        co_return is_served;
    }
    path += fmt::format("/{}", incident_version);
    Result<ApiReply> kinds = co_await api.get(std::move(path), deadline);
    const Result<json::value> resources = check_read("the kinds of incidents", std::move(kinds));
    co_return resources ? check_incident_resources(*resources)
                        : Result<void>(std::unexpected(resources.error()));
}

}  // namespace homeostat::adapters::kubernetes
