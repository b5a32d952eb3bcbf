#include "homeostat/app/init_command.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/direct_reads.hpp"
#include "homeostat/adapters/kubernetes/http_api_client.hpp"
#include "homeostat/app/cluster_mend.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/init_config.hpp"
#include "homeostat/app/kubernetes_place.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/base/plain.hpp"
#include "homeostat/os/clock.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
namespace kubernetes = adapters::kubernetes;

constexpr Duration answer_within = std::chrono::seconds{15};

/// The name in "deployment/NAME", as kubectl spells it. Empty: it is none.
std::string deployment_named(std::string_view from) {
    for (const std::string_view kind : {"deployment/", "deployments/", "deploy/"}) {
        if (from.starts_with(kind) && is_plain_name(from.substr(kind.size()))) {
            return std::string(from.substr(kind.size()));
        }
    }
    return {};
}

/// Where kubectl looks. Empty: there is none.
std::filesystem::path usual_kubeconfig() {
    if (const char* named = std::getenv("KUBECONFIG"); named != nullptr && *named != '\0') {
        return named;
    }
    const char* home = std::getenv("HOME");
    std::error_code ignored;
    const std::filesystem::path file =
        home == nullptr ? "" : std::filesystem::path(home) / ".kube" / "config";
    return std::filesystem::exists(file, ignored) ? file : std::filesystem::path();
}

struct Read {
    Result<json::value> deployment{fail(Fault::late, "the cluster was not heard of in time")};
    Result<kubernetes::ObjectList> services{kubernetes::ObjectList{}};
};

Task<void> read(kubernetes::HttpApiClient& api, kubernetes::Options options, Read& found) {
    const Instant deadline = os::read_boot_clock() + answer_within;
    const std::string what =
        fmt::format("Deployment {}/{}", options.name_space, options.deployment);
    Result<kubernetes::ApiReply> deployment =
        co_await api.get(kubernetes::deployment_path(options), deadline);
    found.deployment = kubernetes::check_read(what, std::move(deployment));
    if (found.deployment) {
        const std::string path = fmt::format("/api/v1/namespaces/{}/services", options.name_space);
        Result<kubernetes::ApiReply> services = co_await api.get(path, deadline);
        found.services = kubernetes::parse_list("Services", std::move(services));
    }
}

Result<Read> read_cluster(const kubernetes::ClusterAccess& access, const InitPlace& place) {
    asio::io_context context{1};
    const auto api = kubernetes::HttpApiClient::make(context.get_executor(), access);
    if (!api) {
        return fail(access.told_by, api.error());
    }
    kubernetes::Options options;
    options.name_space = place.name_space;
    options.deployment = place.deployment;
    Read found;
    asio::co_spawn(context, read(**api, options, found), asio::detached);
    context.run();
    return found;
}

/// Never over what is there already: somebody may have worked on it.
Result<void> write_new(const std::filesystem::path& file, std::string_view text) {
    const int opened = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (opened < 0) {
        return fail(errno == EEXIST ? Fault::busy : Fault::unreachable,
                    fmt::format("{}: {}", file.string(), std::strerror(errno)));
    }
    const ssize_t written = ::write(opened, text.data(), text.size());
    const bool is_closed = ::close(opened) == 0;
    if (written != static_cast<ssize_t>(text.size()) || !is_closed) {
        return fail(Fault::full, file.string() + ": could not be written");
    }
    return {};
}

ExitStatus tell(const Error& error, ExitStatus status) {
    fmt::print(stderr, "homeostat init: {}\n", plain(error.text));
    return status;
}

/// What goes wrong at a server is not what goes wrong with what was asked for.
ExitStatus status_of(Fault fault) {
    return fault == Fault::unreachable || fault == Fault::late ? ExitStatus::unreachable
                                                               : ExitStatus::usage;
}

Result<std::string> configuration_of(const kubernetes::ClusterAccess& access,
                                     const InitPlace& place) {
    const Result<Read> found = read_cluster(access, place);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (!found->deployment) {
        return std::unexpected(with_mend(found->deployment.error(), access.told_by));
    }
    if (!found->services) {
        fmt::print(stderr, "homeostat init: goes on without the Services: {}\n",
                   plain(found->services.error().text));
    }
    Result<std::string> text = config_for_deployment(
        *found->deployment, found->services ? found->services->items : json::array(), place);
    if (!text) {
        return text;
    }
    const ConfigReport report = parse_config(*text, std::filesystem::absolute("homeostat.yaml"));
    return report.config ? std::move(text)
                         : fail(Fault::invalid, "what the cluster says makes no configuration: " +
                                                    describe(report));
}

}  // namespace

void add_init(CLI::App& app, InitOptions& options) {
    CLI::App* command = app.add_subcommand(
        "init", "Write a first configuration for a Deployment that runs, with its reasons");
    command->add_option("--from", options.from, "deployment/NAME")
        ->required()
        ->check([](const std::string& from) {
            return deployment_named(from).empty() ? "write deployment/NAME" : std::string();
        });
    command->add_option("-n,--namespace", options.name_space,
                        "Of the Deployment; the kubeconfig's own, or default, without this");
    command->add_option("--kubeconfig", options.kubeconfig,
                        "How to reach the cluster, and written down for the agent. Without it "
                        "kubectl's, which is not written down, or the pod's service account");
    command->add_option("--context", options.context, "Of the kubeconfig; its current one");
    command->add_option("-o,--out", options.out,
                        "A file that is not there yet; else it is printed");
    command->footer(
        "What it finds: replicas, ports, probes, and the Service that selects the pods. Autonomy "
        "is "
        "`watch` throughout.\nIt asks for the Deployment and the Services of its namespace, and "
        "changes nothing.\n\n"
        "Exit status:\n  0 written   2 there is no such Deployment, or nothing of it can be asked, "
        "or the file is there\n  3 the cluster does not answer\n\n"
        "Examples:\n  homeostat init --from deployment/payments -n shop -o payments.yaml\n"
        "  homeostat init --from deployment/payments --kubeconfig agent.kubeconfig");
}

ExitStatus init_service(const InitOptions& options) {
    KubernetesConfig reached;
    reached.kubeconfig = options.kubeconfig.empty() ? usual_kubeconfig() : options.kubeconfig;
    reached.context = options.context;
    const auto access = cluster_access_of(reached);
    if (!access) {
        return tell(access.error(), ExitStatus::usage);
    }
    InitPlace place;
    place.deployment = deployment_named(options.from);
    place.name_space = !options.name_space.empty()  ? options.name_space
                       : access->name_space.empty() ? "default"
                                                    : access->name_space;
    if (!is_plain_name(place.name_space)) {
        return tell({Fault::invalid, "not the name of a namespace: " + place.name_space},
                    ExitStatus::usage);
    }
    if (!options.kubeconfig.empty()) {
        place.kubeconfig = std::filesystem::absolute(options.kubeconfig).string();
        place.context = options.context;
    }
    const Result<std::string> text = configuration_of(*access, place);
    if (!text) {
        return tell(text.error(), status_of(text.error().fault));
    }
    if (options.out.empty()) {
        fmt::print("{}", *text);
        return ExitStatus::ok;
    }
    if (const Result<void> written = write_new(options.out, *text); !written) {
        return tell(written.error(), ExitStatus::usage);
    }
    fmt::print(stderr,
               "{0} is written. Then:\n  homeostat rbac -c {0} | kubectl apply -f -\n"
               "  homeostat doctor -c {0}\n  homeostat agent -c {0}\n",
               plain(options.out.string()));
    return ExitStatus::ok;
}

}  // namespace homeostat::app
