#include "homeostat/adapters/kubernetes/patient_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr int too_many_requests = 429;

}  // namespace

Result<void> PatientApi::check() const {
    const Instant now = clock_.now();
    if (now >= patient_until_) {
        return {};
    }
    return fail(Fault::unreachable,
                fmt::format("the API server has asked for patience, for another {:.1f} s",
                            to_seconds(patient_until_ - now)));
}

void PatientApi::learn(const Result<ApiReply>& reply) {
    if (reply && reply->retry_after > Duration{}) {
        patient_until_ =
            std::max(patient_until_, clock_.now() + std::min(reply->retry_after, patience_max));
    }
}

Task<Result<ApiReply>> PatientApi::get(std::string path, Instant deadline) {
    if (const Result<void> may = check(); !may) {
        co_return std::unexpected(may.error());
    }
    Result<ApiReply> reply = co_await inner_.get(std::move(path), deadline);
    learn(reply);
    co_return reply;
}

Task<Result<ApiReply>> PatientApi::write(ApiWrite write, Instant deadline) {
    if (const Result<void> may = check(); !may) {
        co_return std::unexpected(may.error());
    }
    // A disruption budget says no in the same words (429, Retry-After), and speaks of one pod.
    const bool is_eviction = write.path.ends_with("/eviction");
    Result<ApiReply> reply = co_await inner_.write(std::move(write), deadline);
    if (!is_eviction || !reply || reply->status != too_many_requests) {
        learn(reply);
    }
    co_return reply;
}

}  // namespace homeostat::adapters::kubernetes
