// Any bytes as a kubeconfig: refused with a reason in short, or a server that is reached over TLS
// only, whose authority is named, and somebody whom we can prove to be.

#include "homeostat/adapters/kubernetes/credentials.hpp"
#include "homeostat/adapters/kubernetes/kubeconfig.hpp"
#include "homeostat/base/ensure.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kubernetes = homeostat::adapters::kubernetes;

namespace {

bool is_visible(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

void check(const kubernetes::Kubeconfig& config) {
    using homeostat::ensure;
    ensure(!config.host.empty() && is_visible(config.host) && config.port > 0,
           "a server has an address");
    ensure(!config.host.contains('/') && !config.host.contains('@'), "a host is a host");
    ensure(config.path_prefix.empty() || config.path_prefix.starts_with('/'),
           "what stands before a path begins one");
    ensure(is_visible(config.path_prefix) && !config.path_prefix.contains('?'),
           "what stands before a path is one");
    ensure(!config.authority.is_absent(), "nobody is trusted without a name");
    ensure(config.certificate.is_absent() == config.key.is_absent(), "a certificate has its key");
    ensure(config.token.empty() || kubernetes::is_bearer_token(config.token),
           "a token fits into a header");
    ensure(!config.token.empty() || !config.token_file.empty() || !config.key.is_absent(),
           "we can prove who we are");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using homeostat::ensure;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const std::string_view context : {"", "lab"}) {
        const auto config = kubernetes::parse_kubeconfig(text, context);
        if (config) {
            check(*config);
            continue;
        }
        ensure(config.error().fault == homeostat::Fault::invalid, "a refusal says why");
        ensure(!config.error().text.empty() && config.error().text.size() < 512, "in short");
    }
    return 0;
}
