#include "homeostat/adapters/kubernetes/http_api_client.hpp"

#include "homeostat/adapters/kubernetes/credentials.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/net/http_lines.hpp"
#include "homeostat/net/query_value.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

namespace asio = boost::asio;

namespace {

constexpr std::string_view retry_after_header = "Retry-After";
constexpr std::int64_t retry_after_seconds_max = 3600;
constexpr std::size_t depth_max = 64;  ///< A pod has ten levels; what others define has more.
constexpr std::size_t other_text_bytes = 512;  ///< Of a reply that is no JSON: it is for people.

net::HttpLimits limits_of(const HttpApiOptions& options) {
    return {.body_bytes_max = options.reply_bytes_max,
            .headers_kept = {std::string(retry_after_header)}};
}

}  // namespace

struct HttpApiClient::State {
    State(asio::any_io_executor its_executor,
          TlsIdentity its_identity,
          const ClusterAccess& access,
          HttpApiOptions its_options)
        : executor(std::move(its_executor)),
          identity(std::move(its_identity)),
          peer{.host = access.host, .port = access.port, .tls = identity.current()},
          path_prefix(access.path_prefix),
          token(access.token, access.token_file),
          options(std::move(its_options)) {}

    asio::any_io_executor executor;
    TlsIdentity identity;
    net::HttpsPeer peer;  ///< As who we are now.
    std::string path_prefix;
    BearerToken token;
    HttpApiOptions options;
    std::vector<std::unique_ptr<net::HttpClient>>
        idle{};  ///< The last one used is the first taken.
    std::size_t in_use_count{0};
    std::vector<std::weak_ptr<asio::steady_timer>> waiting{};  ///< For a connection, in order.
};

namespace {

using State = HttpApiClient::State;

/// A certificate that was renewed is shown by connections that begin from now on.
void renew(State& state) {
    const std::shared_ptr<net::TlsContext>& now = state.identity.current();
    if (now != state.peer.tls) {
        state.peer.tls = now;
        state.idle.clear();
    }
}

/// A connection for as long as this lives.
class Lease {
  public:
    explicit Lease(std::shared_ptr<State> state) : state_(std::move(state)) {
        ++state_->in_use_count;
        renew(*state_);
        tls_ = state_->peer.tls;
        if (state_->idle.empty()) {
            client_ = std::make_unique<net::HttpClient>(state_->executor, state_->peer,
                                                        limits_of(state_->options));
        } else {
            client_ = std::move(state_->idle.back());
            state_->idle.pop_back();
        }
    }
    ~Lease() {
        --state_->in_use_count;
        if (tls_ == state_->peer.tls) {
            state_->idle.push_back(std::move(client_));
        }
        while (!state_->waiting.empty()) {
            const std::shared_ptr<asio::steady_timer> next = state_->waiting.front().lock();
            state_->waiting.erase(state_->waiting.begin());
            if (next) {
                next->cancel();
                return;
            }
        }
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    [[nodiscard]] net::HttpClient& client() const { return *client_; }

  private:
    std::shared_ptr<State> state_;
    std::unique_ptr<net::HttpClient> client_;
    std::shared_ptr<net::TlsContext> tls_;  ///< With which it began; owned by the state as well.
};

std::string where(const State& state) {
    return net::to_text(net::TcpEndpoint{state.peer.host, state.peer.port});
}

Task<Result<std::unique_ptr<Lease>>> take_connection(std::shared_ptr<State> state,
                                                     Instant deadline) {
    while (state->in_use_count >= state->options.connections_max) {
        const Duration left = deadline - os::read_boot_clock();
        if (left <= Duration::zero()) {
            co_return fail(Fault::full, fmt::format("{}: all {} connections were in use until the "
                                                    "deadline; nothing was sent",
                                                    where(*state), state->options.connections_max));
        }
        const auto turn = std::make_shared<asio::steady_timer>(state->executor);
        turn->expires_after(std::min<Duration>(left, std::chrono::hours{1}));
        std::erase_if(state->waiting, [](const auto& other) { return other.expired(); });
        state->waiting.push_back(turn);
        boost::system::error_code ignored;
        co_await turn->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return std::make_unique<Lease>(state);
}

Duration retry_after_of(const net::HttpResponse& response) {
    const std::string_view text = net::header_of(response.headers, retry_after_header);
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool is_number = error == std::errc{} && end == text.data() + text.size();
    return is_number
               ? std::chrono::seconds{std::clamp<std::int64_t>(seconds, 0, retry_after_seconds_max)}
               : Duration{};
}

Result<ApiReply> reply_of(net::HttpResponse response, const State& state) {
    ApiReply reply{.status = response.status, .retry_after = retry_after_of(response)};
    if (response.body.empty()) {
        return reply;
    }
    const bool is_json = response.content_type.starts_with("application/json");
    if (is_json) {
        Result<json::value> body = parse_json(
            response.body, {.bytes_max = state.options.reply_bytes_max, .depth_max = depth_max});
        if (!body) {
            return fail(Fault::broken, where(state) + ": " + body.error().text);
        }
        reply.body = *std::move(body);
        return reply;
    }
    if (reply.is_ok()) {
        return fail(Fault::broken,
                    where(state) + ": the answer is no JSON; is this an API server?");
    }
    response.body.resize(std::min(response.body.size(), other_text_bytes));
    reply.body = json::value(response.body);
    return reply;
}

/// `request` as the server gets it.
net::HttpRequest with_identity(net::HttpRequest request,
                               const State& state,
                               const std::string& token) {
    request.path = state.path_prefix + request.path;
    request.headers = {{"Accept", "application/json"}, {"User-Agent", state.options.user_agent}};
    if (!token.empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + token);
    }
    return request;
}

Task<Result<ApiReply>> ask(std::shared_ptr<State> state,
                           net::HttpRequest request,
                           Instant deadline) {
    Result<std::string> token = state->token.current();
    if (!token) {
        co_return std::unexpected(token.error());
    }
    Result<std::unique_ptr<Lease>> lease = co_await take_connection(state, deadline);
    if (!lease) {
        co_return std::unexpected(lease.error());
    }
    net::HttpRequest sent = with_identity(request, *state, *token);
    Result<net::HttpResponse> response =
        co_await (*lease)->client().request(std::move(sent), deadline);
    if (response && response->status == 401 && state->token.is_another_than(*token)) {
        token = state->token.current();
        sent = with_identity(std::move(request), *state, *token);
        response = co_await (*lease)->client().request(std::move(sent), deadline);
    }
    if (!response) {
        co_return std::unexpected(response.error());
    }
    co_return reply_of(*std::move(response), *state);
}

class HttpEventLines final : public EventLines {
  public:
    explicit HttpEventLines(std::unique_ptr<net::HttpLines> lines) : lines_(std::move(lines)) {}

    Task<Result<std::optional<std::string>>> next(Instant deadline) override {
        return lines_->next(deadline);
    }
    void close() override { lines_->close(); }

  private:
    std::unique_ptr<net::HttpLines> lines_;
};

/// A stream and what it began with.
struct Began {
    std::unique_ptr<net::HttpLines> lines;
    Result<net::HttpResponse> response;
};

Task<Began> begin_lines(std::shared_ptr<State> state,
                        std::string path,
                        std::string token,
                        Instant deadline) {
    net::HttpRequest request;
    request.path = std::move(path);
    request = with_identity(std::move(request), *state, token);
    const net::LineLimits limits{.reply = limits_of(state->options),
                                 .line_bytes_max = watch_line_bytes_max};
    renew(*state);
    auto lines = std::make_unique<net::HttpLines>(state->executor, state->peer, limits);
    Result<net::HttpResponse> response = co_await lines->open(std::move(request), deadline);
    co_return Began{std::move(lines), std::move(response)};
}

Task<Result<WatchOpened>> open_watch(std::shared_ptr<State> state,
                                     std::string path,
                                     Instant deadline) {
    Result<std::string> token = state->token.current();
    if (!token) {
        co_return std::unexpected(token.error());
    }
    Began began = co_await begin_lines(state, path, *token, deadline);
    const bool is_refused = began.response && began.response->status == 401;
    if (is_refused && state->token.is_another_than(*token)) {
        token = state->token.current();
        began = co_await begin_lines(state, std::move(path), *token, deadline);
    }
    if (!began.response) {
        co_return std::unexpected(began.response.error());
    }
    const bool is_stream = began.response->status == 200;
    Result<ApiReply> reply = reply_of(*std::move(began.response), *state);
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    WatchOpened opened{.reply = *std::move(reply), .lines = {}};
    if (is_stream) {
        opened.lines = std::make_unique<HttpEventLines>(std::move(began.lines));
    }
    co_return opened;
}

/// `path` with what every write says of itself. A deletion has no manager of fields.
std::string path_of(const ApiWrite& write) {
    std::string path = write.path;
    const auto add = [&path](std::string_view parameter) {
        path += path.contains('?') ? '&' : '?';
        path += parameter;
    };
    if (write.method != "DELETE") {
        add("fieldManager=" + (write.manager.empty() ? std::string(field_manager)
                                                     : net::to_query_value(write.manager)));
    }
    if (write.is_dry_run) {
        add("dryRun=All");
    }
    return path;
}

}  // namespace

Result<std::unique_ptr<HttpApiClient>> HttpApiClient::make(asio::any_io_executor executor,
                                                           const ClusterAccess& access,
                                                           HttpApiOptions options) {
    Result<TlsIdentity> identity = TlsIdentity::make(access.tls, access.tls_files);
    if (!identity) {
        return fail(access.told_by, identity.error());
    }
    auto state = std::make_shared<State>(std::move(executor), *std::move(identity), access,
                                         std::move(options));
    return std::unique_ptr<HttpApiClient>(new HttpApiClient(std::move(state)));
}

Task<Result<ApiReply>> HttpApiClient::get(std::string path, Instant deadline) {
    net::HttpRequest request;
    request.path = std::move(path);
    return ask(state_, std::move(request), deadline);
}

Task<Result<ApiReply>> HttpApiClient::write(ApiWrite write, Instant deadline) {
    net::HttpRequest request;
    request.path = path_of(write);
    request.method = std::move(write.method);
    request.content_type = std::move(write.content_type);
    request.body = std::move(write.body);
    return ask(state_, std::move(request), deadline);
}

Task<Result<WatchOpened>> HttpApiClient::watch(std::string path, Instant deadline) {
    return open_watch(state_, std::move(path), deadline);
}

}  // namespace homeostat::adapters::kubernetes
