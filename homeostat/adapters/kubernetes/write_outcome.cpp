#include "homeostat/adapters/kubernetes/write_outcome.hpp"

#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

// The server gave up waiting for the rest of a request; whether it had enough is not said.
constexpr int request_timeout = 408;

bool is_no(int status) {
    return status >= 400 && status < 500 && status != request_timeout;
}

/// Faults of a request that was never sent.
bool is_unsent(Fault fault) {
    return fault == Fault::unreachable || fault == Fault::refused;
}

}  // namespace

Outcome refused(std::string because) {
    return Outcome{OutcomeKind::refused, std::move(because)};
}

Outcome unknown(std::string because) {
    return Outcome{OutcomeKind::unknown, std::move(because)};
}

std::optional<Outcome> failure_of(const Result<ApiReply>& reply) {
    if (!reply) {
        return is_unsent(reply.error().fault) ? refused(reply.error().text)
                                              : unknown(reply.error().text);
    }
    if (reply->is_ok()) {
        return std::nullopt;
    }
    return is_no(reply->status) ? refused(describe(*reply)) : unknown(describe(*reply));
}

}  // namespace homeostat::adapters::kubernetes
