#pragma once

// MeddledApi: an API server with somebody between it and us. For tests only.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace homeostat::conformance {

namespace kubernetes = adapters::kubernetes;

/// Lets somebody act before a write, and loses replies.
class MeddledApi final : public kubernetes::ApiClient {
  public:
    explicit MeddledApi(kubernetes::ApiClient& inner) : inner_(&inner) {}

    enum class Loss : std::uint8_t { none, of_the_request, of_the_reply };

    std::function<void(const kubernetes::ApiWrite&)> before_write;
    Loss loss{Loss::none};  ///< Of writes that are meant to have an effect.

    void lead_to(kubernetes::ApiClient& inner) { inner_ = &inner; }

    Task<Result<kubernetes::ApiReply>> get(std::string path, Instant deadline) override {
        return inner_->get(std::move(path), deadline);
    }
    Task<Result<kubernetes::ApiReply>> write(kubernetes::ApiWrite write,
                                             Instant deadline) override {
        if (before_write) {
            before_write(write);
        }
        const bool is_lost = !write.is_dry_run && loss != Loss::none;
        if (is_lost && loss == Loss::of_the_request) {
            co_return fail(Fault::late, "no reply came");
        }
        Result<kubernetes::ApiReply> reply = co_await inner_->write(std::move(write), deadline);
        if (is_lost) {
            co_return fail(Fault::late, "no reply came");
        }
        co_return reply;
    }

  private:
    kubernetes::ApiClient* inner_;
};

}  // namespace homeostat::conformance
