#include "homeostat/adapters/kubernetes/credentials.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::adapters::kubernetes {

bool is_bearer_token(std::string_view text) {
    return !text.empty() && text.size() <= token_bytes_max &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

BearerToken::BearerToken(std::string fixed, std::string path)
    : token_(path.empty() ? std::move(fixed) : std::string()), path_(std::move(path)) {}

Result<void> BearerToken::read() {
    // First who it is, then what it says: a file that changes in between is read again.
    const Result<os::FileIdentity> identity = os::identify_target(path_);
    Result<std::string> bytes = os::read_file(path_, token_bytes_max + 2);
    if (!identity) {
        return fail(Fault::refused, "the token: " + identity.error().text);
    }
    if (!bytes) {
        return fail(Fault::refused, "the token: " + bytes.error().text);
    }
    while (bytes->ends_with('\n') || bytes->ends_with('\r')) {
        bytes->pop_back();
    }
    if (!is_bearer_token(*bytes)) {
        return fail(Fault::refused, "the token: " + path_ + " has none in it, or more than one");
    }
    token_ = *std::move(bytes);
    identity_ = *identity;
    return {};
}

Result<std::string> BearerToken::current() {
    if (path_.empty()) {
        return token_;
    }
    const Result<os::FileIdentity> now = os::identify_target(path_);
    const bool is_read = identity_ && now && now->is_same_as(*identity_);
    if (!is_read) {
        const Result<void> done = read();
        if (!done && token_.empty()) {
            return std::unexpected(done.error());
        }
    }
    return token_;
}

bool BearerToken::is_another_than(const std::string& used) {
    if (!path_.empty()) {
        static_cast<void>(read());  // One that cannot be read is no other one.
    }
    return token_ != used;
}

namespace {

bool are_same(const std::optional<os::FileIdentity>& left,
              const std::optional<os::FileIdentity>& right) {
    return left && right ? left->is_same_as(*right) : left.has_value() == right.has_value();
}

std::optional<os::FileIdentity> identity_of(const std::string& path) {
    const Result<os::FileIdentity> identity =
        path.empty() ? fail(Fault::absent, "no file") : os::identify_target(path);
    return identity ? std::optional(*identity) : std::nullopt;
}

}  // namespace

TlsIdentity::TlsIdentity(net::TlsSettings settings,
                         TlsFiles files,
                         std::shared_ptr<net::TlsContext> made)
    : settings_(std::move(settings)),
      files_(std::move(files)),
      context_(std::move(made)),
      identities_(identities_now()) {}

Result<TlsIdentity> TlsIdentity::make(net::TlsSettings settings, TlsFiles files) {
    Result<std::shared_ptr<net::TlsContext>> context = net::make_tls_context(settings);
    if (!context) {
        return std::unexpected(context.error());
    }
    return TlsIdentity(std::move(settings), std::move(files), *std::move(context));
}

TlsIdentity::Identities TlsIdentity::identities_now() const {
    return {identity_of(files_.authorities), identity_of(files_.certificate),
            identity_of(files_.key)};
}

Result<void> TlsIdentity::read() {
    struct Part {
        const std::string& path;
        std::string& into;
    };
    net::TlsSettings settings = settings_;
    for (const Part& part :
         {Part{files_.authorities, settings.authorities},
          Part{files_.certificate, settings.certificate}, Part{files_.key, settings.key}}) {
        if (part.path.empty()) {
            continue;
        }
        Result<std::string> bytes = os::read_file(part.path, net::tls_settings_bytes_max);
        if (!bytes) {
            return std::unexpected(bytes.error());
        }
        part.into = *std::move(bytes);
    }
    Result<std::shared_ptr<net::TlsContext>> context = net::make_tls_context(settings);
    if (!context) {
        return std::unexpected(context.error());
    }
    settings_ = std::move(settings);
    context_ = *std::move(context);
    return {};
}

const std::shared_ptr<net::TlsContext>& TlsIdentity::current() {
    // First who they are, then what they say: a file that changes in between is read again.
    const Identities now = identities_now();
    if (!std::ranges::equal(now, identities_, are_same) && read()) {
        identities_ = now;
    }
    return context_;
}

}  // namespace homeostat::adapters::kubernetes
