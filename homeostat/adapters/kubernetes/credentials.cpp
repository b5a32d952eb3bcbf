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

}  // namespace homeostat::adapters::kubernetes
