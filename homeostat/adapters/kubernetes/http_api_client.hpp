#pragma once

// HttpApiClient: the API server over HTTPS, by a few kept connections.
//
// A request takes a connection for its time; several go on side by side, and beyond the most of
// them a request waits its turn. A GET whose kept connection turns out to be closed is sent once
// more on a fresh one (net::HttpClient); a write is sent once. Only a 401 is tried again, for
// either: the server has done nothing then, and a token that was renewed in the same moment is no
// refusal.
//
// A reply counts only if it is JSON as the server writes it. Anything else of success is `broken`:
// something on the way has answered instead.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/kubeconfig.hpp"
#include "homeostat/adapters/kubernetes/watch_stream.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace homeostat::adapters::kubernetes {

struct HttpApiOptions {
    std::string user_agent{"homeostat"};                  ///< Who we are in the server's audit log.
    std::size_t connections_max{8};                       ///< Streams of watches are not counted.
    std::size_t reply_bytes_max{std::size_t{16} << 20U};  ///< A page of 500 large pods has 10 MiB.
};

class HttpApiClient final : public ApiClient, public WatchSource {
  public:
    /// ERRORS: invalid, as of net::make_tls_context.
    [[nodiscard]] static Result<std::unique_ptr<HttpApiClient>> make(
        boost::asio::any_io_executor executor,
        const ClusterAccess& access,
        HttpApiOptions options = {});

    Task<Result<ApiReply>> get(std::string path, Instant deadline) override;

    /// ERRORS: as ApiClient::write; also full: all connections were in use until the deadline, and
    /// nothing was sent.
    Task<Result<ApiReply>> write(ApiWrite write, Instant deadline) override;

    Task<Result<WatchOpened>> watch(std::string path, Instant deadline) override;

    struct State;

  private:
    explicit HttpApiClient(std::shared_ptr<State> state) : state_(std::move(state)) {}

    /// Owned by this and by the requests under way: when an io_context is destroyed, frames that
    /// still wait in it are destroyed after this.
    std::shared_ptr<State> state_;
};

}  // namespace homeostat::adapters::kubernetes
