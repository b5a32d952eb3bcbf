#pragma once

// rbac: what the agent's identity must be allowed in the cluster, and nothing more.

#include "homeostat/adapters/roles/scope.hpp"
#include "homeostat/app/config_roles.hpp"
#include "homeostat/app/exit_status.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

struct RbacOptions {
    std::vector<std::filesystem::path> configs{"homeostat.yaml"};  ///< As of `homeostat agent`.
    std::string account{"homeostat"};
    ProcessRole role{ProcessRole::both};
    /// Of whom the agent's role sees; of some instances it needs nothing.
    adapters::roles::ScopeKind scope{adapters::roles::ScopeKind::whole};
    bool is_policy{false};  ///< Which fields it may change, instead of which objects.
};

void add_rbac(CLI::App& app, RbacOptions& options);

/// Prints a ServiceAccount, a Role and a RoleBinding; or the policy of fields. Asks nobody.
[[nodiscard]] ExitStatus print_rbac(const RbacOptions& options);

}  // namespace homeostat::app
