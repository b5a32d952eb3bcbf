#include "homeostat/app/init_config.hpp"

#include "homeostat/adapters/kubernetes/object_fields.hpp"
#include "homeostat/app/config_kubernetes_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

using adapters::kubernetes::ObjectFields;

constexpr std::size_t containers_max = 64;  // Far above any pod's.
constexpr std::size_t ports_max = 250;      // As many as a Service can have.
constexpr std::size_t labels_max = 256;
constexpr std::size_t text_bytes_max = 253;  // Above all names of the API.
constexpr std::size_t path_bytes_max = 256;  // As the configuration takes.
constexpr std::uint32_t slots_default = 16;  // As the configuration has it.
constexpr std::uint64_t replicas_max = 1'000'000;

struct Port {
    std::string name;
    std::uint64_t number{0};
};

/// A request by which the kubelet asks the container.
struct Probe {
    std::string path;
    std::string port;  ///< Its number, or the name of a port of the container.
    bool is_tls{false};
};

struct Container {
    std::string name;
    std::vector<Port> ports;
    std::optional<Probe> readiness;
    std::optional<Probe> liveness;
};

struct Seen {
    std::uint64_t replicas{1};
    std::map<std::string, std::string> labels;  ///< Of its pods.
    std::vector<Container> containers;
    std::size_t guarded{0};  ///< Which of them.
};

struct ServiceSeen {
    std::string name;
    std::uint64_t port{0};
};

// --- What the objects say ------------------------------------------------------------------------

std::map<std::string, std::string> labels_of(const ObjectFields& labels) {
    std::map<std::string, std::string> found;
    const std::vector<std::string_view> names = labels.names();
    for (const std::string_view name : names) {
        if (found.size() == labels_max) {
            labels.refuse(name, fmt::format("is one of more than {}", labels_max));
            break;
        }
        found.emplace(name, labels.text(name, text_bytes_max));
    }
    return found;
}

/// A number, or the name of a port; empty: neither.
std::string port_text(const ObjectFields& fields, std::string_view name) {
    const json::value* value = fields.find(name);
    if (value == nullptr) {
        return {};
    }
    return value->is_string() ? fields.text(name, text_bytes_max)
                              : std::to_string(fields.number(name, UINT16_MAX));
}

std::optional<Probe> probe_of(const ObjectFields& container, std::string_view name) {
    const ObjectFields probe = container.object(name);
    if (probe.find("httpGet") == nullptr) {
        return std::nullopt;
    }
    const ObjectFields request = probe.object("httpGet");
    std::string path = request.text("path", path_bytes_max);
    // SOURCE: the API's default, and that of its scheme.
    return Probe{path.empty() ? "/" : std::move(path), port_text(request, "port"),
                 request.text("scheme", text_bytes_max) == "HTTPS"};
}

Container read_container(const ObjectFields& fields) {
    Container container;
    container.name = fields.text("name", text_bytes_max);
    for (const ObjectFields& port : fields.objects("ports", ports_max)) {
        const std::string protocol = port.text("protocol", text_bytes_max);
        if (protocol.empty() || protocol == "TCP") {
            container.ports.push_back(
                {port.text("name", text_bytes_max), port.number("containerPort", UINT16_MAX)});
        }
    }
    container.readiness = probe_of(fields, "readinessProbe");
    container.liveness = probe_of(fields, "livenessProbe");
    return container;
}

Result<Seen> read_deployment(const json::value& object) {
    std::optional<Error> error;
    const ObjectFields deployment(object, "Deployment", error);
    const ObjectFields spec = deployment.object("spec");
    const ObjectFields pod = spec.object("template");
    Seen seen;
    seen.replicas = spec.number("replicas", replicas_max, 1);
    seen.labels = labels_of(pod.object("metadata").object("labels"));
    const std::string chosen = pod.object("metadata")
                                   .object("annotations")
                                   .text("kubectl.kubernetes.io/default-container", text_bytes_max);
    for (const ObjectFields& fields : pod.object("spec").objects("containers", containers_max)) {
        seen.containers.push_back(read_container(fields));
        if (!chosen.empty() && seen.containers.back().name == chosen) {
            seen.guarded = seen.containers.size() - 1;
        }
    }
    if (error) {
        return std::unexpected(*error);
    }
    if (seen.containers.empty()) {
        return fail(Fault::invalid, "Deployment.spec.template.spec.containers: has none");
    }
    return seen;
}

/// Of the container: what a name or a number means. 0: nothing.
std::uint64_t number_of(const Container& container, const std::string& port) {
    const auto found = std::ranges::find_if(container.ports, [&](const Port& one) {
        return one.name == port || std::to_string(one.number) == port;
    });
    if (found != container.ports.end()) {
        return found->number;
    }
    const bool is_number = !port.empty() && port.size() <= 5 &&
                           port.find_first_not_of("0123456789") == std::string::npos;
    return is_number ? std::stoul(port) : 0;
}

bool selects(const std::map<std::string, std::string>& selector, const Seen& seen) {
    return !selector.empty() && std::ranges::all_of(selector, [&](const auto& label) {
        const auto found = seen.labels.find(label.first);
        return found != seen.labels.end() && found->second == label.second;
    });
}

/// Its port that leads to `pod_port`, or its first TCP port.
std::optional<std::uint64_t> port_of_service(const ObjectFields& spec,
                                             const Container& container,
                                             std::uint64_t pod_port) {
    std::optional<std::uint64_t> first;
    for (const ObjectFields& one : spec.objects("ports", ports_max)) {
        const std::string protocol = one.text("protocol", text_bytes_max);
        if (!protocol.empty() && protocol != "TCP") {
            continue;
        }
        const std::uint64_t number = one.number("port", UINT16_MAX);
        const std::string target = port_text(one, "targetPort");
        const std::uint64_t leads_to = target.empty() ? number : number_of(container, target);
        if (leads_to == pod_port) {
            return number;
        }
        first = first ? first : number;
    }
    return first;
}

/// Those that lead to the pods and have an address of their own, by name.
Result<std::vector<ServiceSeen>> services_of(const json::array& services,
                                             const Seen& seen,
                                             std::uint64_t pod_port) {
    std::vector<ServiceSeen> found;
    for (const json::value& object : services) {
        std::optional<Error> error;
        const ObjectFields service(object, "Service", error);
        const ObjectFields spec = service.object("spec");
        const std::string ip = spec.text("clusterIP", text_bytes_max);
        const bool is_ours = selects(labels_of(spec.object("selector")), seen);
        const std::string name = service.object("metadata").text("name", text_bytes_max);
        const std::optional<std::uint64_t> port =
            port_of_service(spec, seen.containers[seen.guarded], pod_port);
        if (error) {
            return std::unexpected(*error);
        }
        if (is_ours && !ip.empty() && ip != "None" && port) {
            found.push_back({name, *port});
        }
    }
    std::ranges::sort(found, {}, &ServiceSeen::name);
    return found;
}

// --- What is written -----------------------------------------------------------------------------

/// A text of the cluster's as YAML has it, whatever is in it.
std::string in_quotes(std::string_view text) {
    return homeostat::to_text(json::value(text));
}

/// As bare words where they are plain, for people.
std::string word(std::string_view text) {
    const bool is_plain = !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '/';
    });
    const bool is_number = text.find_first_not_of("0123456789-") == std::string_view::npos;
    const bool is_yaml = text == "true" || text == "false" || text == "null" || text == "yes" ||
                         text == "no" || text == "on" || text == "off";
    return is_plain && !is_number && !is_yaml && text.front() != '-' ? std::string(text)
                                                                     : in_quotes(text);
}

class Writing {
  public:
    template <class... Arguments>
    void line(fmt::format_string<Arguments...> form, Arguments&&... arguments) {
        fmt::format_to(std::back_inserter(text_), form, std::forward<Arguments>(arguments)...);
        text_ += '\n';
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

/// What the guarded container is asked by, if anything.
struct Asked {
    const Probe* probe{nullptr};  ///< Null: no request that we could send, too.
    bool is_readiness{false};
    std::uint64_t port{0};           ///< 0: the container declares none.
    std::uint64_t declared_port{0};  ///< Its first.
};

Asked asked_of(const Container& container) {
    Asked asked;
    asked.declared_port = container.ports.empty() ? 0 : container.ports.front().number;
    asked.port = asked.declared_port;
    for (const auto* probe : {&container.readiness, &container.liveness}) {
        if (asked.probe == nullptr && *probe && !(*probe)->is_tls &&
            number_of(container, (*probe)->port) != 0) {
            asked.probe = &**probe;
            asked.is_readiness = probe == &container.readiness;
            asked.port = number_of(container, (*probe)->port);
        }
    }
    return asked;
}

void write_place(Writing& to, const InitPlace& place, const Seen& seen, const Asked& asked) {
    to.line("runtime:\n  kubernetes:\n    namespace: {}\n    deployment: {}",
            word(place.name_space), word(place.deployment));
    if (!place.kubeconfig.empty()) {
        to.line(
            "    # From outside of the cluster. Better one with the rights of `homeostat rbac` "
            "alone.");
        to.line("    kubeconfig: {}", in_quotes(place.kubeconfig));
        if (!place.context.empty()) {
            to.line("    context: {}", in_quotes(place.context));
        }
    }
    if (seen.containers.size() > 1) {
        to.line("    container: {}  # One of {}.", word(seen.containers[seen.guarded].name),
                seen.containers.size());
    }
    if (asked.probe != nullptr && asked.port != asked.declared_port) {
        to.line("    port: {}  # Where the kubelet asks it.", asked.port);
    }
    const std::uint64_t slots = 2 * seen.replicas;  // All of a rollout, old and new.
    if (slots > slots_default) {
        to.line("    slots: {}  # Twice its replicas, for rollouts{}.",
                std::min<std::uint64_t>(slots, slots_max),
                slots > slots_max ? "; of more, the youngest are not seen one by one" : "");
    }
}

void write_services(Writing& to, const std::vector<ServiceSeen>& services, const Asked& asked) {
    if (services.empty()) {
        to.line("    # No Service with an address selects its pods. With one more is known:");
        to.line("    # service: {{ name: NAME, port: 80, path: / }}");
        return;
    }
    const bool has_path = asked.probe != nullptr;
    to.line("    # It is asked ten times a second. {}",
            has_path ? "Better than the probe's path is one that users ask, if it"
                     : "Write a path that users ask, if it");
    to.line("    # is safe to ask again and again.");
    to.line("    service: {{ name: {}, port: {}, path: {} }}", word(services.front().name),
            services.front().port, has_path ? word(asked.probe->path) : "/");
    for (std::size_t index = 1; index < services.size() && index <= 4; ++index) {
        to.line("    # {} selects its pods, too.", in_quotes(services[index].name));
    }
}

void write_guard(Writing& to, std::uint64_t replicas) {
    // As a Deployment's own default lets a quarter be away, but at least one. Only those count that
    // are seen one by one.
    const std::uint64_t seen = std::min<std::uint64_t>(replicas, slots_max);
    const std::uint64_t away = std::max<std::uint64_t>(1, seen / 4);
    const std::uint64_t left = seen > away ? seen - away : 0;
    if (replicas <= 1) {
        to.line("# It has {} replica{}: with more than 0 nothing could ever be done.", replicas,
                replicas == 1 ? "" : "s");
    } else {
        to.line(
            "# Of {} replicas: so many serve after every step. A PodDisruptionBudget counts "
            "as well.",
            replicas);
    }
    to.line("guard: {{ min_healthy: {} }}", left);
}

std::string written(const InitPlace& place,
                    const Seen& seen,
                    const Asked& asked,
                    const std::vector<ServiceSeen>& services) {
    Writing to;
    to.line("# By `homeostat init --from deployment/{}`, of what the cluster says of it.",
            word(place.deployment));
    to.line("# docs/kubernetes.md says what each line means; `homeostat validate` checks it.");
    to.line("service: {}", word(place.deployment));
    write_place(to, place, seen, asked);
    write_services(to, services, asked);
    if (asked.probe != nullptr) {
        to.line("signals:\n  # As its {} probe asks it.",
                asked.is_readiness ? "readiness" : "liveness");
        to.line("  - http: {{ path: {}, every: 500ms, timeout: 500ms }}", word(asked.probe->path));
    } else {
        to.line("# No probe of its container is a plain HTTP request, so its pods are not asked:");
        to.line("# signals: [ {{ http: {{ path: /healthz }} }} ]");
    }
    write_guard(to, seen.replicas);
    to.line(
        "# It watches, and `homeostat incidents` tells what it would do. Raise one after the "
        "other,\n# and give it the rights: homeostat rbac -c FILE | kubectl apply -f -");
    to.line("autonomy: {{ restart: watch, rolling_restart: watch, rollback: watch }}");
    to.line("oracle: rules");
    return to.take();
}

}  // namespace

Result<std::string> config_for_deployment(const json::value& deployment,
                                          const json::array& services,
                                          const InitPlace& place) {
    const Result<Seen> seen = read_deployment(deployment);
    if (!seen) {
        return std::unexpected(seen.error());
    }
    const Asked asked = asked_of(seen->containers[seen->guarded]);
    const Result<std::vector<ServiceSeen>> found = services_of(services, *seen, asked.port);
    if (!found) {
        return std::unexpected(found.error());
    }
    if (asked.probe == nullptr && found->empty()) {
        return fail(Fault::refused,
                    "nothing of it can be asked whether it serves: its container has no probe that "
                    "is a plain HTTP request, and no Service with an address selects its pods — "
                    "give it either, or begin with examples/kubernetes/homeostat.yaml");
    }
    return written(place, *seen, asked, *found);
}

}  // namespace homeostat::app
