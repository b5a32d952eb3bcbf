#include "homeostat/adapters/kubernetes/kubeconfig.hpp"

#include "homeostat/adapters/kubernetes/credentials.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/node/convert.h>
#include <yaml-cpp/node/impl.h>
#include <yaml-cpp/node/iterator.h>
#include <yaml-cpp/node/node.h>
#include <yaml-cpp/node/parse.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <optional>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::size_t host_bytes_max = 253;
constexpr std::size_t prefix_bytes_max = 512;
constexpr std::size_t named_max = 1000;  ///< Clusters, users or contexts of one file.

/// Thrown by those below and caught by parse_kubeconfig, so that reading is not a chain of checks.
struct Refusal : std::exception {
    explicit Refusal(Error its_error) : error(std::move(its_error)) {}
    Error error;
};

[[noreturn]] void refuse(const YAML::Node& at, std::string_view key, std::string_view why) {
    const YAML::Mark mark = at.IsDefined() ? at.Mark() : YAML::Mark::null_mark();
    throw Refusal{Error{Fault::invalid,
                        mark.is_null() ? fmt::format("{}: {}", key, why)
                                       : fmt::format("line {}: {}: {}", mark.line + 1, key, why)}};
}

/// What a file says is put into errors, so it is kept short and plain.
std::string plain(std::string_view text) {
    std::string shown(text.substr(0, 64));
    std::ranges::replace_if(shown, [](char c) { return c < ' ' || c > '~'; }, '?');
    return shown;
}

/// The value of `key`; of two equal keys YAML takes one without a word, so they are refused.
std::optional<YAML::Node> member(const YAML::Node& map, std::string_view key) {
    if (!map.IsMap()) {
        refuse(map, key, "what should have this key is no map; is this a kubeconfig?");
    }
    std::optional<YAML::Node> found;
    for (const auto& entry : map) {
        if (!entry.first.IsScalar() || entry.first.Scalar() != key) {
            continue;
        }
        if (found) {
            refuse(entry.second, key, "it stands twice; keep one of them");
        }
        found.emplace(entry.second);
    }
    return found && found->IsNull() ? std::nullopt : found;
}

std::string text_member(const YAML::Node& map, std::string_view key) {
    const std::optional<YAML::Node> value = member(map, key);
    if (!value) {
        return {};
    }
    if (!value->IsScalar()) {
        refuse(*value, key, "it has to be one text");
    }
    return value->Scalar();
}

/// RFC 4648 with its padding; line breaks in it are skipped.
std::optional<std::string> from_base64(std::string text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
    const std::size_t digits_count = text.size() - (text.ends_with("==")  ? 2
                                                    : text.ends_with('=') ? 1
                                                                          : 0);
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned bits_count = 0;
    for (const char c : std::string_view(text).substr(0, digits_count)) {
        const std::size_t value = digits.find(c);
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        bits_count += 6;
        if (bits_count >= 8) {
            bits_count -= 8;
            bytes += static_cast<char>((bits >> bits_count) & 0xFFU);
        }
    }
    return bytes;
}

/// `key`, or `key`-data, which goes before it as with kubectl.
Material material(const YAML::Node& map, const std::string& key) {
    Material material;
    const std::string data_key = key + "-data";
    const std::string data = text_member(map, data_key);
    if (data.empty()) {
        material.path = text_member(map, key);
        return material;
    }
    std::optional<std::string> bytes = from_base64(data);
    if (!bytes || bytes->empty()) {
        refuse(*member(map, data_key), data_key, "it is no base64; kubectl writes it in one line");
    }
    material.bytes = *std::move(bytes);
    return material;
}

/// What stands under `kind` of the one of `list` whose name is `name`.
YAML::Node named(const YAML::Node& root,
                 std::string_view list,
                 std::string_view kind,
                 std::string_view name) {
    const std::optional<YAML::Node> all = member(root, list);
    if (!all || !all->IsSequence() || all->size() > named_max) {
        refuse(all.value_or(root), list, "there is no such list, or one that is too long");
    }
    std::optional<YAML::Node> found;
    for (const YAML::Node& one : *all) {
        if (text_member(one, "name") != name) {
            continue;
        }
        const std::optional<YAML::Node> body = member(one, kind);
        if (!body || !body->IsMap() || found) {
            refuse(one, list,
                   found ? fmt::format("'{}' stands twice; keep one of them", plain(name))
                         : fmt::format("'{}' has no {}", plain(name), kind));
        }
        found.emplace(*body);
    }
    if (!found) {
        refuse(*all, list,
               fmt::format("none is named '{}'; `kubectl config view` shows them", plain(name)));
    }
    return *found;
}

struct Forbidden {
    std::string_view key;
    std::string_view why;
};

constexpr std::string_view program_is_not_started =
    "no program is started to get a token; use a service account's token (token, tokenFile), or a "
    "client certificate";
constexpr std::string_view nobody_else =
    "acting as somebody else is not supported; give that identity itself";
constexpr std::array forbidden_of_user{
    Forbidden{"exec", program_is_not_started},
    Forbidden{"auth-provider", program_is_not_started},
    Forbidden{"username", "no server takes a password any more; use a token"},
    Forbidden{"password", "no server takes a password any more; use a token"},
    Forbidden{"as", nobody_else},
    Forbidden{"as-uid", nobody_else},
    Forbidden{"as-groups", nobody_else},
    Forbidden{"as-user-extra", nobody_else},
};
constexpr std::array forbidden_of_cluster{
    Forbidden{"proxy-url", "the server is reached directly or not at all; remove it"},
};

template <std::size_t N>
void check_forbidden(const YAML::Node& map, const std::array<Forbidden, N>& forbidden) {
    for (const Forbidden& one : forbidden) {
        if (const std::optional<YAML::Node> value = member(map, one.key)) {
            refuse(*value, one.key, one.why);
        }
    }
}

bool is_host(std::string_view host) {
    const auto is_of_host = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == '_' || c == ':';
    };
    return !host.empty() && host.size() <= host_bytes_max && std::ranges::all_of(host, is_of_host);
}

std::optional<std::uint16_t> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool is_port = error == std::errc{} && end == text.data() + text.size() && port > 0;
    return is_port ? std::optional(port) : std::nullopt;
}

/// "host:port" or "[::1]:port" into `config`; the port may be absent.
bool take_authority(std::string_view text, Kubeconfig& config) {
    const bool is_bracketed = text.starts_with('[');
    const std::size_t end = is_bracketed ? text.find(']') : text.rfind(':');
    if (is_bracketed && end == std::string_view::npos) {
        return false;
    }
    config.host = is_bracketed ? text.substr(1, end - 1) : text.substr(0, end);
    std::string_view port = end == std::string_view::npos ? "" : text.substr(end);
    port.remove_prefix(is_bracketed ? 1 : 0);
    const bool has_colons = config.host.contains(':');
    if (!is_host(config.host) || has_colons != is_bracketed) {
        return false;
    }
    if (port.empty()) {
        return true;
    }
    const std::optional<std::uint16_t> number = port_of(port.substr(1));
    config.port = number.value_or(0);
    return number && port.starts_with(':');
}

void take_server(const YAML::Node& cluster, Kubeconfig& config) {
    const std::string server = text_member(cluster, "server");
    const YAML::Node at = member(cluster, "server").value_or(cluster);
    constexpr std::string_view scheme = "https://";
    if (!server.starts_with(scheme)) {
        refuse(at, "server", "it has to begin with https://; without TLS anybody could answer");
    }
    const std::string_view rest = std::string_view(server).substr(scheme.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    std::string_view prefix = rest.substr(slash);
    while (prefix.ends_with('/')) {
        prefix.remove_suffix(1);
    }
    const bool is_prefix =
        prefix.size() <= prefix_bytes_max && std::ranges::all_of(prefix, [](char c) {
            return c > ' ' && c < '\x7f' && c != '?' && c != '#';
        });
    if (!take_authority(rest.substr(0, slash), config) || !is_prefix) {
        refuse(at, "server", "it is no address; write https://HOST:PORT");
    }
    config.path_prefix = prefix;
}

void take_cluster(const YAML::Node& cluster, Kubeconfig& config) {
    check_forbidden(cluster, forbidden_of_cluster);
    const std::string insecure = text_member(cluster, "insecure-skip-tls-verify");
    if (!insecure.empty() && insecure != "false") {
        refuse(*member(cluster, "insecure-skip-tls-verify"), "insecure-skip-tls-verify",
               "whoever answers would get our token; give certificate-authority-data instead");
    }
    take_server(cluster, config);
    config.server_name = text_member(cluster, "tls-server-name");
    if (!config.server_name.empty() && !is_host(config.server_name)) {
        refuse(*member(cluster, "tls-server-name"), "tls-server-name", "it is no name");
    }
    config.authority = material(cluster, "certificate-authority");
    if (config.authority.is_absent()) {
        refuse(cluster, "certificate-authority",
               "it is missing, and what the machine trusts is not taken instead; for a server with "
               "a public certificate name /etc/ssl/certs/ca-certificates.crt");
    }
}

void take_user(const YAML::Node& user, Kubeconfig& config) {
    check_forbidden(user, forbidden_of_user);
    config.certificate = material(user, "client-certificate");
    config.key = material(user, "client-key");
    config.token = text_member(user, "token");
    config.token_file = text_member(user, "tokenFile");
    if (config.certificate.is_absent() != config.key.is_absent()) {
        refuse(user, "client-certificate", "it and client-key belong together");
    }
    if (!config.token.empty() && !is_bearer_token(config.token)) {
        refuse(*member(user, "token"), "token", "it has bytes that no token has");
    }
    if (config.certificate.is_absent() && config.token.empty() && config.token_file.empty()) {
        refuse(user, "users", "this user has no credentials; give a token or a client certificate");
    }
}

Kubeconfig kubeconfig_of(const YAML::Node& root, std::string_view wanted) {
    Kubeconfig config;
    config.context = wanted.empty() ? text_member(root, "current-context") : std::string(wanted);
    if (config.context.empty()) {
        refuse(root, "current-context", "there is none; say which context is meant");
    }
    const YAML::Node context = named(root, "contexts", "context", config.context);
    config.name_space = text_member(context, "namespace");
    take_cluster(named(root, "clusters", "cluster", text_member(context, "cluster")), config);
    take_user(named(root, "users", "user", text_member(context, "user")), config);
    return config;
}

/// The file's path as we may open it: relative ones begin beside the kubeconfig.
std::string beside(const std::string& kubeconfig, const std::string& path) {
    return path.starts_with('/') ? path : os::parent_of(kubeconfig) + "/" + path;
}

Result<std::string> bytes_of(const Material& material,
                             const std::string& kubeconfig,
                             std::string_view key) {
    if (material.path.empty()) {
        return material.bytes;
    }
    Result<std::string> bytes =
        os::read_file(beside(kubeconfig, material.path), net::tls_settings_bytes_max);
    return bytes ? std::move(bytes) : fail(key, bytes.error());
}

Result<void> read_materials(const Kubeconfig& config,
                            const std::string& path,
                            ClusterAccess& access) {
    struct Wanted {
        const Material& material;
        std::string_view key;
        std::string& into;
        std::string& file;
    };
    net::TlsSettings& tls = access.tls;
    TlsFiles& files = access.tls_files;
    const std::array wanted{
        Wanted{config.authority, "certificate-authority", tls.authorities, files.authorities},
        Wanted{config.certificate, "client-certificate", tls.certificate, files.certificate},
        Wanted{config.key, "client-key", tls.key, files.key},
    };
    for (const Wanted& one : wanted) {
        Result<std::string> bytes = bytes_of(one.material, path, one.key);
        if (!bytes) {
            return std::unexpected(bytes.error());
        }
        one.into = *std::move(bytes);
        one.file = one.material.path.empty() ? "" : beside(path, one.material.path);
    }
    return {};
}

/// What would only be noticed at the first request is noticed here.
Result<void> check(const ClusterAccess& access) {
    if (const auto context = net::make_tls_context(access.tls); !context) {
        return std::unexpected(context.error());
    }
    BearerToken token(access.token, access.token_file);
    const Result<std::string> now = token.current();
    return now ? Result<void>{} : std::unexpected(now.error());
}

}  // namespace

Result<Kubeconfig> parse_kubeconfig(std::string_view text, std::string_view context) {
    if (text.size() > kubeconfig_bytes_max) {
        return fail(Fault::invalid, fmt::format("{} bytes; a kubeconfig has at most {}",
                                                text.size(), kubeconfig_bytes_max));
    }
    try {
        return kubeconfig_of(YAML::Load(std::string(text)), context);
    } catch (const Refusal& refusal) {
        return std::unexpected(refusal.error);
    } catch (const YAML::Exception& error) {
        return fail(Fault::invalid, fmt::format("line {}: not valid YAML: {}", error.mark.line + 1,
                                                plain(error.msg)));
    }
}

Result<ClusterAccess> read_kubeconfig(const std::string& path, std::string_view context) {
    const Result<std::string> text = os::read_file(path, kubeconfig_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<Kubeconfig> config = parse_kubeconfig(*text, context);
    if (!config) {
        return fail(path, config.error());
    }
    ClusterAccess access;
    access.told_by = fmt::format("context {} of {}", plain(config->context), path);
    access.host = std::move(config->host);
    access.port = config->port;
    access.path_prefix = std::move(config->path_prefix);
    access.tls.server_name = std::move(config->server_name);
    access.token = std::move(config->token);
    access.name_space = std::move(config->name_space);
    if (!config->token_file.empty()) {
        access.token_file = beside(path, config->token_file);
    }
    Result<void> read = read_materials(*config, path, access);
    read = read ? check(access) : read;
    if (!read) {
        return fail(path, read.error());
    }
    return access;
}

Result<ClusterAccess> read_service_account(const std::string& host,
                                           const std::string& port,
                                           const std::string& directory) {
    if (host.empty() || port.empty()) {
        return fail(Fault::absent,
                    "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not "
                    "both set: this is no pod; name a kubeconfig");
    }
    const std::optional<std::uint16_t> number = port_of(port);
    if (!is_host(host) || !number) {
        return fail(Fault::invalid, fmt::format("KUBERNETES_SERVICE_HOST and _PORT: '{}' and '{}' "
                                                "are no address",
                                                plain(host), plain(port)));
    }
    ClusterAccess access;
    access.told_by = "the service account of this pod";
    access.host = host;
    access.port = *number;
    access.token_file = directory + "/token";
    Result<std::string> authorities =
        os::read_file(directory + "/ca.crt", net::tls_settings_bytes_max);
    if (!authorities) {
        return fail(
            authorities.error().fault,
            authorities.error().text + "; does the pod say automountServiceAccountToken: false?");
    }
    access.tls.authorities = *std::move(authorities);
    access.tls_files.authorities = directory + "/ca.crt";
    if (Result<std::string> name = os::read_file(directory + "/namespace", host_bytes_max); name) {
        access.name_space = *std::move(name);
    }
    if (const Result<void> checked = check(access); !checked) {
        return fail(directory, checked.error());
    }
    return access;
}

}  // namespace homeostat::adapters::kubernetes
