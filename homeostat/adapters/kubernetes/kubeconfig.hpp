#pragma once

// How to reach an API server, and who we are there: from a kubeconfig file, or from what every pod
// of a cluster finds in itself.
//
// Such a file is made for kubectl, which does some things that an unattended program must not: it
// starts programs that fetch a token (exec, auth-provider), speaks to servers without asking who
// they are, and acts as somebody else. Each of these is refused with the mend and not left out:
// what is left of the file would then mean something that nobody wrote.
//
// What is trusted is what the file names, never the machine's own authorities. Tokens, certificates
// and keys in files of their own are read again when they change (credentials.hpp); what stands in
// the kubeconfig itself is read once, at the start.
//
// Thread-safe. Reads small files.

#include "homeostat/adapters/kubernetes/credentials.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/net/tls.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

/// Some tens of clusters with their certificates.
constexpr std::size_t kubeconfig_bytes_max = std::size_t{1} << 20U;

/// Bytes that stand in the file, or the path of a file that has them.
struct Material {
    std::string bytes;
    std::string path;  ///< As it is written; empty: `bytes` is all there is.

    [[nodiscard]] bool is_absent() const { return bytes.empty() && path.empty(); }
};

/// What a kubeconfig says of one context. Files that it names are not read yet.
struct Kubeconfig {
    std::string context;
    std::string host;
    std::uint16_t port{443};
    std::string path_prefix;  ///< "" or "/k8s/clusters/c-1": stands before each path.
    std::string server_name;  ///< Empty: the host.
    Material authority;
    Material certificate;  ///< Absent: none.
    Material key;
    std::string token;
    std::string token_file;  ///< Goes before `token`, as with kubectl.
    std::string name_space;  ///< Empty: the context has none.
};

/// Everything that a client needs.
struct ClusterAccess {
    std::string told_by;  ///< "context lab of /root/.kube/config", for people.
    std::string host;
    std::uint16_t port{443};
    std::string path_prefix;
    net::TlsSettings tls;
    TlsFiles tls_files{};  ///< Where parts of it are read again.
    std::string token;
    std::string token_file;
    std::string name_space;
};

/// `context`: empty: current-context. ERRORS: invalid, naming line, key and mend.
[[nodiscard]] Result<Kubeconfig> parse_kubeconfig(std::string_view text, std::string_view context);

/// Reads the file and those that it names; relative paths begin where it stands.
/// ERRORS: absent, unreachable: a file; invalid, naming file, line, key and mend.
[[nodiscard]] Result<ClusterAccess> read_kubeconfig(const std::string& path,
                                                    std::string_view context = {});

/// Where a pod finds its identity.
constexpr std::string_view service_account_directory =
    "/var/run/secrets/kubernetes.io/serviceaccount";

/// The identity of the pod that we run in. `host` and `port` are KUBERNETES_SERVICE_HOST and
/// KUBERNETES_SERVICE_PORT. ERRORS: absent: we run in no pod; invalid, naming file and mend.
[[nodiscard]] Result<ClusterAccess> read_service_account(
    const std::string& host,
    const std::string& port,
    const std::string& directory = std::string(service_account_directory));

}  // namespace homeostat::adapters::kubernetes
