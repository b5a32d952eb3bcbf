#include "homeostat/app/model_bounds.hpp"

#include "homeostat/base/result.hpp"

#include <fmt/format.h>

#include <string_view>

namespace homeostat::app {

namespace {

constexpr std::string_view without_cgroup =
    "so the model server shares the agent's cgroup: there it runs only when nobody else wants to, "
    "between cgroups that counts for nothing";

std::string mend_of(const Error& error) {
    switch (error.fault) {
        case Fault::refused:
            return "Delegate=yes in the agent's systemd unit (docs/isolation.md)";
        case Fault::busy:
            return "start the agent in a unit or a container of its own (docs/isolation.md)";
        default:
            return "on a machine with cgroup v2: Delegate=yes in the agent's systemd unit "
                   "(docs/isolation.md)";
    }
}

/// What a compromised server could still do here; empty: nothing that we know to forbid.
std::string open_to_it(const os::ConfinementSupport& support) {
    std::string open;
    const auto add = [&open](bool is_closed, std::string_view what) {
        if (!is_closed) {
            open += open.empty() ? "" : ", ";
            open += what;
        }
    };
    add(support.files, "read and change our files (no Landlock)");
    add(support.signals, "signal our processes (Linux before 6.12)");
    add(support.network, "call others (no seccomp)");
    return open;
}

}  // namespace

std::string divided_cgroup(const std::function<void(std::string)>& log) {
    const Result<std::string> found = os::find_delegated_cgroup();
    const Result<void> divided =
        found ? os::divide_cgroup(*found) : Result<void>(std::unexpected(found.error()));
    if (!divided) {
        log(fmt::format("model: {}, {} — {}", divided.error().text, without_cgroup,
                        mend_of(divided.error())));
        return "";
    }
    return *found;
}

Check check_model_bounds(const os::CgroupTree& tree, const os::ConfinementSupport& support) {
    constexpr std::string_view name = "model's bounds";
    const Result<std::string> found = os::find_delegated_cgroup(tree);
    const std::string open = open_to_it(support);
    std::string says = found ? "a cgroup of its own below " + *found
                             : fmt::format("{}, {}", found.error().text, without_cgroup);
    if (!open.empty()) {
        says += "; it could " + open;
    }
    if (!found) {
        return note(std::string(name), std::move(says), mend_of(found.error()));
    }
    return open.empty() ? well(std::string(name), std::move(says))
                        : note(std::string(name), std::move(says), "a newer kernel");
}

}  // namespace homeostat::app
