#include "homeostat/adapters/kubernetes/patient_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::adapters::kubernetes {

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
    Result<ApiReply> reply = co_await inner_.write(std::move(write), deadline);
    learn(reply);
    co_return reply;
}

}  // namespace homeostat::adapters::kubernetes
