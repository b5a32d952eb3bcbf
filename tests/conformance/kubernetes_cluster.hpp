#pragma once

// A cluster to act on: one that is played (FakeApi), or the real one of HOMEOSTAT_KUBECONFIG. For
// tests only.
//
// Whoever else changes things there, in the midst of a step of ours as well, has a connection and a
// loop of his own.

#include "homeostat/adapters/kubernetes/api_for_test.hpp"
#include "homeostat/adapters/kubernetes/http_api_client.hpp"
#include "homeostat/adapters/kubernetes/json_for_test.hpp"
#include "homeostat/adapters/kubernetes/kubeconfig.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace homeostat::conformance {

namespace kubernetes = adapters::kubernetes;

class Cluster {
  public:
    Cluster() = default;
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;
    virtual ~Cluster() = default;

    [[nodiscard]] virtual kubernetes::ApiClient& api() = 0;
    /// A server that does not answer.
    [[nodiscard]] virtual kubernetes::ApiClient& nobody() = 0;
    [[nodiscard]] virtual ports::Clock& clock() = 0;
    [[nodiscard]] virtual boost::asio::io_context& context() = 0;
    /// Somebody else's requests.
    virtual kubernetes::ApiReply get(const std::string& path) = 0;
    virtual kubernetes::ApiReply write(kubernetes::ApiWrite write) = 0;
    /// Whether pods need an account that somebody makes.
    [[nodiscard]] virtual bool has_accounts() const = 0;
    /// A moment passes.
    virtual void pause() = 0;

    template <class T>
    T run(Task<T> task) {
        return net::run_for_test(context(), std::move(task));
    }
    [[nodiscard]] Instant soon() { return clock().now() + std::chrono::seconds{8}; }
};

/// Answers as the client does where nobody listens.
class Nobody final : public kubernetes::ApiClient {
  public:
    Task<Result<kubernetes::ApiReply>> get(std::string /*path*/, Instant /*deadline*/) override {
        co_return fail(Fault::unreachable, "nobody listens");
    }
    Task<Result<kubernetes::ApiReply>> write(kubernetes::ApiWrite /*write*/,
                                             Instant /*deadline*/) override {
        co_return fail(Fault::unreachable, "nobody listens");
    }
};

class PlayedCluster final : public Cluster {
  public:
    [[nodiscard]] kubernetes::ApiClient& api() override { return api_; }
    [[nodiscard]] kubernetes::ApiClient& nobody() override { return nobody_; }
    [[nodiscard]] ports::Clock& clock() override { return clock_; }
    [[nodiscard]] boost::asio::io_context& context() override { return context_; }
    kubernetes::ApiReply get(const std::string& path) override {
        return kubernetes::run_at_once(api_.get(path, soon())).value();
    }
    kubernetes::ApiReply write(kubernetes::ApiWrite write) override {
        return kubernetes::run_at_once(api_.write(std::move(write), soon())).value();
    }
    [[nodiscard]] bool has_accounts() const override { return false; }
    void pause() override { clock_.pass(std::chrono::milliseconds{50}); }

  private:
    kubernetes::SkippingClock clock_;
    boost::asio::io_context context_;
    kubernetes::FakeApi api_{clock_};
    Nobody nobody_;
};

class RealCluster final : public Cluster {
  public:
    explicit RealCluster(const kubernetes::ClusterAccess& access)
        : access_(access), api_(client(context_, access_)), rival_(client(others_, access_)) {
        kubernetes::ClusterAccess nowhere = access_;
        nowhere.host = "127.0.0.1";
        nowhere.port = 1;  // Nobody listens there without being root and asked to.
        nobody_ = client(context_, nowhere);
    }

    /// Nothing: none is configured.
    [[nodiscard]] static std::unique_ptr<RealCluster> find() {
        const char* path = std::getenv("HOMEOSTAT_KUBECONFIG");
        if (path == nullptr || *path == '\0') {
            return nullptr;
        }
        const Result<kubernetes::ClusterAccess> access = kubernetes::read_kubeconfig(path);
        REQUIRE_MESSAGE(access.has_value(), (access ? "" : access.error().text));
        return std::make_unique<RealCluster>(*access);
    }

    [[nodiscard]] kubernetes::ApiClient& api() override { return *api_; }
    [[nodiscard]] kubernetes::ApiClient& nobody() override { return *nobody_; }
    [[nodiscard]] ports::Clock& clock() override { return clock_; }
    [[nodiscard]] boost::asio::io_context& context() override { return context_; }
    kubernetes::ApiReply get(const std::string& path) override {
        return answer_of(net::run_for_test(others_, rival_->get(path, soon())));
    }
    kubernetes::ApiReply write(kubernetes::ApiWrite write) override {
        return answer_of(net::run_for_test(others_, rival_->write(std::move(write), soon())));
    }
    [[nodiscard]] bool has_accounts() const override { return true; }
    void pause() override {
        const Instant until = rival_clock_.now() + std::chrono::milliseconds{50};
        net::run_for_test(others_, rival_clock_.sleep_until(until));
    }

  private:
    static std::unique_ptr<kubernetes::HttpApiClient> client(
        boost::asio::io_context& context, const kubernetes::ClusterAccess& access) {
        Result<std::unique_ptr<kubernetes::HttpApiClient>> made =
            kubernetes::HttpApiClient::make(context.get_executor(), access);
        REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().text));
        return std::move(*made);
    }
    static kubernetes::ApiReply answer_of(Result<kubernetes::ApiReply> reply) {
        REQUIRE_MESSAGE(reply.has_value(), (reply ? "" : reply.error().text));
        return *std::move(reply);
    }

    kubernetes::ClusterAccess access_;
    boost::asio::io_context context_;
    boost::asio::io_context others_;
    adapters::system::SystemClock clock_{context_.get_executor()};
    adapters::system::SystemClock rival_clock_{others_.get_executor()};
    std::unique_ptr<kubernetes::HttpApiClient> api_;
    std::unique_ptr<kubernetes::HttpApiClient> rival_;
    std::unique_ptr<kubernetes::HttpApiClient> nobody_;
};

}  // namespace homeostat::conformance
