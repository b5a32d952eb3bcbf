#include "homeostat/app/cluster_question.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/direct_reads.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace homeostat::app {

namespace {

namespace kubernetes = adapters::kubernetes;

constexpr Duration ask_again_after = std::chrono::milliseconds{200};

constexpr int too_many = 429;
constexpr int server_error_min = 500;

/// Hears whether anybody answers. A proxy before a server that is away has words of its own (502,
/// 503), and so has a server that starts.
class HeardApi final : public kubernetes::ApiClient {
  public:
    HeardApi(kubernetes::ApiClient& api, bool& is_heard) : api_(api), is_heard_(is_heard) {}

    Task<Result<kubernetes::ApiReply>> get(std::string path, Instant deadline) override {
        Result<kubernetes::ApiReply> reply = co_await api_.get(std::move(path), deadline);
        const bool is_answer =
            reply && reply->status < server_error_min && reply->status != too_many;
        is_heard_ = is_heard_ || is_answer;
        co_return reply;
    }
    Task<Result<kubernetes::ApiReply>> write(kubernetes::ApiWrite write,
                                             Instant deadline) override {
        co_return co_await api_.write(std::move(write), deadline);
    }

  private:
    kubernetes::ApiClient& api_;
    bool& is_heard_;
};

template <class T>
bool is_asked_again(const Result<T>& answer, Instant now, Instant deadline) {
    return !answer && may_pass(answer.error()) && now + ask_again_after < deadline;
}

Task<Result<json::value>> read_service(kubernetes::ApiClient& api,
                                       const kubernetes::Options& options,
                                       Instant deadline) {
    std::string path = kubernetes::service_path(options);
    Result<kubernetes::ApiReply> reply = co_await api.get(std::move(path), deadline);
    co_return kubernetes::check_read("the Service " + options.service_object, std::move(reply));
}

}  // namespace

bool may_pass(const Error& error) {
    return error.fault == Fault::late || error.fault == Fault::unreachable;
}

Task<void> ask_cluster(kubernetes::ApiClient& api,
                       ports::Clock& clock,
                       const kubernetes::Options& options,
                       Instant deadline,
                       ClusterAnswer& answer) {
    HeardApi heard(api, answer.is_heard);
    kubernetes::DirectReads reads(heard, options);
    answer.deployment = co_await reads.deployment(deadline);
    while (is_asked_again(answer.deployment, clock.now(), deadline)) {
        co_await clock.sleep_until(clock.now() + ask_again_after);
        answer.deployment = co_await reads.deployment(deadline);
    }
    if (!answer.deployment || options.service_object.empty()) {
        co_return;
    }
    answer.service = co_await read_service(heard, options, deadline);
    while (is_asked_again(answer.service, clock.now(), deadline)) {
        co_await clock.sleep_until(clock.now() + ask_again_after);
        answer.service = co_await read_service(heard, options, deadline);
    }
}

}  // namespace homeostat::app
