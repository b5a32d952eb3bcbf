#include "homeostat/app/rbac_command.hpp"

#include "homeostat/adapters/kubernetes/field_policy.hpp"
#include "homeostat/adapters/kubernetes/permissions.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/kubernetes_place.hpp"
#include "homeostat/app/service_files.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/base/named_enum.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace homeostat::app {

namespace kubernetes = adapters::kubernetes;

void add_rbac(CLI::App& app, RbacOptions& options) {
    CLI::App* command = app.add_subcommand(
        "rbac", "What the agent must be allowed in a cluster: as YAML for kubectl");
    command
        ->add_option("-c,--config", options.configs,
                     "The service's configuration; more than once, or a directory, where one "
                     "process guards several")
        ->allow_extra_args(false)
        ->capture_default_str();
    command->add_option("--account", options.account, "The service account that the agent runs as")
        ->capture_default_str()
        ->check([](const std::string& name) {
            return is_plain_name(name) ? std::string() : "not the name of an account: " + name;
        });
    command
        ->add_option_function<std::string>(
            "--role",
            [&options](const std::string& word) {
                options.role = parse_enum<ProcessRole>(word).value_or(ProcessRole::both);
            },
            "agent: what a process needs that watches and cannot act, which is to get, list and "
            "watch; executor and both need the same")
        ->check(CLI::IsMember({"both", "agent", "executor"}))
        ->default_str("both");
    command
        ->add_option_function<std::string>(
            "--scope",
            [&options](const std::string& word) {
                options.scope = parse_enum<adapters::roles::ScopeKind>(word).value_or(
                    adapters::roles::ScopeKind::whole);
            },
            "pod, node: what an agent of --pod or --node needs, which is an account without a "
            "token, and no right")
        ->check(CLI::IsMember({"whole", "pod", "node"}))
        ->default_str("whole");
    command->add_flag(
        "--policy", options.is_policy,
        "Instead: a ValidatingAdmissionPolicy, by which that account changes no other "
        "field than the remedies of the configuration do; needs Kubernetes 1.30 and a right to the "
        "whole cluster");
    command->footer(
        "A ServiceAccount, a Role and a RoleBinding, made of what the configuration lets the agent "
        "do:\na remedy that stands below `ask` needs no right. Nothing is asked and nothing "
        "changed.\n\n"
        "Exit status:\n  0 printed   2 the configuration cannot be used, or guards no "
        "Deployment\n\n"
        "Examples:\n  homeostat rbac -c payments.yaml | kubectl apply -f -\n"
        "  homeostat rbac -c payments.yaml --role agent --scope pod --account payments-beside\n"
        "  homeostat rbac -c services/ --account homeostat-executor | kubectl apply -f -\n"
        "  homeostat rbac -c payments.yaml --policy | kubectl apply -f -\n"
        "  homeostat rbac -c payments.yaml --role agent --account homeostat-agent | kubectl apply "
        "-f -");
}

namespace {

/// The configurations of one namespace, and so of one Role.
using Together = std::vector<const Config*>;

/// Two that are watched together are listed together: docs/kubernetes.md.
kubernetes::Permission widened(kubernetes::Permission permission) {
    const bool is_followed = permission.verb == "list" || permission.verb == "watch";
    if (permission.resource == "deployments" && permission.subresource.empty() && is_followed) {
        permission.name.clear();
    }
    return permission;
}

std::vector<kubernetes::Permission> permissions_of(const Together& configs, bool only_watches) {
    std::vector<kubernetes::Permission> permissions;
    for (const Config* config : configs) {
        for (const kubernetes::Permission& one : kubernetes::permissions_for(
                 kubernetes_options_of(*config),
                 only_watches ? watching_uses_of(*config) : kubernetes_uses_of(*config))) {
            kubernetes::Permission wanted = configs.size() > 1 ? widened(one) : one;
            if (std::ranges::find(permissions, wanted) == permissions.end()) {
                permissions.push_back(std::move(wanted));
            }
        }
    }
    return permissions;
}

void print_role(const Together& configs, const RbacOptions& options) {
    const std::string& name_space = configs.front()->kubernetes->name_space;
    const bool only_watches = options.role == ProcessRole::agent;
    const bool is_of_some = only_watches && options.scope != adapters::roles::ScopeKind::whole;
    // That of one service keeps its name; that of several has the name of who has it.
    const std::string role = configs.size() > 1 ? options.account
                                                : "homeostat-" + configs.front()->service.text() +
                                                      (only_watches ? "-agent" : "");
    fmt::print(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: \"{}\"\n  namespace: "
        "\"{}\"\n{}",
        options.account, name_space, is_of_some ? "automountServiceAccountToken: false\n" : "");
    if (is_of_some) {
        return;  // The executor tells it what it has to know.
    }
    fmt::print("---\n{}---\n",
               kubernetes::role_yaml(role, name_space, permissions_of(configs, only_watches)));
    fmt::print(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: "
        "\"{0}\"\n  namespace: \"{1}\"\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  "
        "kind: Role\n  name: \"{0}\"\nsubjects:\n- kind: ServiceAccount\n  name: \"{2}\"\n  "
        "namespace: \"{1}\"\n",
        role, name_space, options.account);
}

void print_policy(const Together& configs, const std::string& account) {
    std::vector<kubernetes::Options> guarded;
    for (const Config* config : configs) {
        guarded.push_back(kubernetes_options_of(*config));
    }
    fmt::print("{}", kubernetes::field_policy_yaml(guarded, account));
}

/// Empty: they cannot be used, and why was said.
std::vector<ConfigReport> guarded_in_cluster(const RbacOptions& options) {
    const auto files = service_files(options.configs);
    if (!files) {
        fmt::print(stderr, "{}\n", files.error().text);
        return {};
    }
    std::vector<ConfigReport> reports;
    for (const std::filesystem::path& file : *files) {
        ConfigReport report = load_config(file);
        if (!report.config) {
            fmt::print(stderr, "{}", describe(report));
            return {};
        }
        if (!report.config->kubernetes) {
            fmt::print(stderr,
                       "{} guards processes of this machine, which need no rights in a "
                       "cluster\n",
                       report.file.string());
            return {};
        }
        reports.push_back(std::move(report));
    }
    return reports;
}

}  // namespace

ExitStatus print_rbac(const RbacOptions& options) {
    if (options.scope != adapters::roles::ScopeKind::whole &&
        (options.role != ProcessRole::agent || options.is_policy)) {
        fmt::print(stderr,
                   "--scope: only the agent's role sees some pods alone — add --role agent\n");
        return ExitStatus::usage;
    }
    const std::vector<ConfigReport> reports = guarded_in_cluster(options);
    if (reports.empty()) {
        return ExitStatus::usage;
    }
    std::map<std::string, Together> by_namespace;
    for (const ConfigReport& report : reports) {
        by_namespace[report.config->kubernetes->name_space].push_back(&*report.config);
    }
    bool is_first = true;
    for (const auto& [name_space, together] : by_namespace) {
        fmt::print("{}", is_first ? "" : "---\n");
        if (options.is_policy) {
            print_policy(together, options.account);
        } else {
            print_role(together, options);
        }
        is_first = false;
    }
    return ExitStatus::ok;
}

}  // namespace homeostat::app
