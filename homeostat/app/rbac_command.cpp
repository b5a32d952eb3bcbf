#include "homeostat/app/rbac_command.hpp"

#include "homeostat/adapters/kubernetes/field_policy.hpp"
#include "homeostat/adapters/kubernetes/permissions.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/kubernetes_place.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/base/named_enum.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace homeostat::app {

namespace kubernetes = adapters::kubernetes;

void add_rbac(CLI::App& app, RbacOptions& options) {
    CLI::App* command = app.add_subcommand(
        "rbac", "What the agent must be allowed in a cluster: as YAML for kubectl");
    command->add_option("-c,--config", options.config, "The service's configuration")
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
        "  homeostat rbac -c payments.yaml --policy | kubectl apply -f -\n"
        "  homeostat rbac -c payments.yaml --role agent --account homeostat-agent | kubectl apply "
        "-f -");
}

ExitStatus print_rbac(const RbacOptions& options) {
    const ConfigReport report = load_config(options.config);
    if (!report.config) {
        fmt::print(stderr, "{}", describe(report));
        return ExitStatus::usage;
    }
    const Config& config = *report.config;
    if (!config.kubernetes) {
        fmt::print(stderr,
                   "{} guards processes of this machine, which need no rights in a "
                   "cluster\n",
                   report.file.string());
        return ExitStatus::usage;
    }
    if (options.is_policy) {
        fmt::print("{}",
                   kubernetes::field_policy_yaml(kubernetes_options_of(config), options.account));
        return ExitStatus::ok;
    }
    const std::string& name_space = config.kubernetes->name_space;
    const bool only_watches = options.role == ProcessRole::agent;
    const std::string role = "homeostat-" + config.service.text() + (only_watches ? "-agent" : "");
    fmt::print(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: \"{}\"\n  namespace: "
        "\"{}\"\n---\n",
        options.account, name_space);
    fmt::print("{}---\n", kubernetes::role_yaml(role, name_space,
                                                kubernetes::permissions_for(
                                                    kubernetes_options_of(config),
                                                    only_watches ? watching_uses_of(config)
                                                                 : kubernetes_uses_of(config))));
    fmt::print(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: "
        "\"{0}\"\n  namespace: \"{1}\"\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  "
        "kind: Role\n  name: \"{0}\"\nsubjects:\n- kind: ServiceAccount\n  name: \"{2}\"\n  "
        "namespace: \"{1}\"\n",
        role, name_space, options.account);
    return ExitStatus::ok;
}

}  // namespace homeostat::app
