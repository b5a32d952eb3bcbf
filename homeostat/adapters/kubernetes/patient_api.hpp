#pragma once

// PatientApi: asks nothing of a server that has asked for patience (Retry-After), until its time is
// over.
//
// Meanwhile its part of the world counts as one that does not answer, so that guard permits
// nothing, and a try that would only be turned away again is not made. A server that asks for more
// than `patience_max` is asked again by then: a wrong header must not stop us for an hour.
//
// Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/ports/clock.hpp"

#include <chrono>
#include <string>

namespace homeostat::adapters::kubernetes {

/// As long as guard lets what it refuses in passing wait.
constexpr Duration patience_max = std::chrono::seconds{60};

class PatientApi final : public ApiClient {
  public:
    /// REQUIRES: both outlive it.
    PatientApi(ApiClient& inner, ports::Clock& clock) : inner_(inner), clock_(clock) {}

    /// ERRORS: those of `inner`; unreachable: nothing was sent, the server has asked for patience.
    Task<Result<ApiReply>> get(std::string path, Instant deadline) override;
    Task<Result<ApiReply>> write(ApiWrite write, Instant deadline) override;

  private:
    [[nodiscard]] Result<void> check() const;
    void learn(const Result<ApiReply>& reply);

    ApiClient& inner_;
    ports::Clock& clock_;
    Instant patient_until_{};
};

}  // namespace homeostat::adapters::kubernetes
