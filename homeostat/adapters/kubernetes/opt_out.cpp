#include "homeostat/adapters/kubernetes/opt_out.hpp"

#include <fmt/format.h>

namespace homeostat::adapters::kubernetes {

namespace {

const json::value* member_of(const json::value* value, std::string_view name) {
    const json::object* members = value == nullptr ? nullptr : value->if_object();
    return members == nullptr ? nullptr : members->if_contains(name);
}

}  // namespace

Result<void> check_not_ignored(const DeploymentView& deployment) {
    if (deployment.is_ignored) {
        return fail(Fault::refused, fmt::format("the Deployment {} has the annotation {}",
                                                deployment.name, ignore_annotation));
    }
    return {};
}

Result<void> check_may_change(const Result<GroupView>& group) {
    return group ? check_not_ignored(group->deployment)
                 : Result<void>(std::unexpected(group.error()));
}

std::string OptOut::reason() const {
    const auto found = seen_.objects->objects.find(options_.deployment);
    // It is asked before every look and step, and nearly always there is no such word.
    if (found == seen_.objects->objects.end() || !found->second.mentions(ignore_annotation)) {
        return {};
    }
    const json::value object = found->second.parsed();
    const json::value* word =
        member_of(member_of(member_of(&object, "metadata"), "annotations"), ignore_annotation);
    if (word == nullptr || *word == json::value("false")) {
        return {};
    }
    return fmt::format("the Deployment {}/{} has the annotation {}", options_.name_space,
                       options_.deployment, ignore_annotation);
}

Result<void> OptOut::engage() {
    return fail(Fault::refused,
                fmt::format("kubectl --namespace {} annotate deployment {} {}=true",
                            options_.name_space, options_.deployment, ignore_annotation));
}

Result<void> OptOut::release() {
    const std::string why = reason();
    if (why.empty()) {
        return {};
    }
    return fail(Fault::refused,
                fmt::format("{} (kubectl --namespace {} annotate deployment {} {}-)", why,
                            options_.name_space, options_.deployment, ignore_annotation));
}

}  // namespace homeostat::adapters::kubernetes
