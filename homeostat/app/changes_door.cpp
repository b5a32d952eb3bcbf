#include "homeostat/app/changes_door.hpp"

#include "homeostat/app/change_event.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/os/secret_file.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

constexpr int bad_request = 400;
constexpr int no_token = 401;
constexpr int forbidden = 403;
constexpr int not_found = 404;
constexpr int no_such_method = 405;
constexpr int misdirected = 421;
constexpr int too_many = 429;
constexpr int unavailable = 503;
constexpr std::string_view changes_path = "/v1/changes";
constexpr std::string_view scheme = "Bearer ";
constexpr std::uint32_t bad_tokens_per_minute = 30;  ///< A tool with an old token asks less often.
constexpr Duration token_good_for = 1s;              ///< Then its file is looked at again.

/// What a browser adds, and no deploy tool does.
constexpr std::array<std::string_view, 3> browsers_headers{"Origin", "Sec-Fetch-Site", "Referer"};

net::HttpServerLimits limits() {
    net::HttpServerLimits limits{.connections_max = 16,
                                 .body_bytes_max = change_event_bytes_max,
                                 .streams_max = 0,
                                 .headers_kept = {"Host", "Authorization"}};
    limits.headers_kept.insert(limits.headers_kept.end(), change_event_headers.begin(),
                               change_event_headers.end());
    limits.headers_kept.insert(limits.headers_kept.end(), browsers_headers.begin(),
                               browsers_headers.end());
    return limits;
}

TokenDigest digest_of(std::string_view token) {
    TokenDigest digest{};
    unsigned size = 0;
    const bool is_made = ::EVP_Digest(token.data(), token.size(), digest.data(), &size,
                                      ::EVP_sha256(), nullptr) == 1;
    ensure(is_made && size == digest.size(), "OpenSSL has SHA-256");
    return digest;
}

/// The one header of that name; empty: none, or several, which is none of theirs.
std::string_view only(const net::HttpRequest& request, std::string_view name) {
    std::string_view value;
    for (const auto& [key, text] : request.headers) {
        if (key == name && !value.empty()) {
            return {};
        }
        if (key == name) {
            value = text;
        }
    }
    return value;
}

net::HttpResponse refuse(int status, std::string_view text) {
    json::object document;
    document["error"] = json::value(std::string(text));
    return {.status = status, .body = to_text(document), .content_type = "application/json"};
}

net::HttpResponse put_off(std::string_view text, Duration wait) {
    net::HttpResponse response = refuse(too_many, text);
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    response.headers.emplace_back("Retry-After", fmt::format("{}", seconds));
    return response;
}

}  // namespace

Result<TokenDigest> read_token(const std::string& file) {
    Result<std::string> text = os::read_secret_file(file, token_bytes_max + 2);
    if (!text) {
        return std::unexpected(text.error());
    }
    std::string_view token = *text;
    token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
    const bool is_visible = std::ranges::all_of(token, [](char c) { return c > ' ' && c <= '~'; });
    if (token.size() < token_bytes_min || token.size() > token_bytes_max || !is_visible) {
        return fail(Fault::invalid,
                    fmt::format("{}: not one line of {} to {} visible characters; write one by "
                                "`openssl rand -hex 32`",
                                file, token_bytes_min, token_bytes_max));
    }
    return digest_of(token);
}

bool MinuteBudget::spend(Instant now) {
    const Duration each = Duration(1min) / per_minute_;
    if (left_ == per_minute_) {
        filled_at_ = now;
    }
    const auto more = static_cast<std::uint64_t>(std::max(now - filled_at_, Duration{}) / each);
    const std::uint64_t room = per_minute_ - left_;
    left_ += static_cast<std::uint32_t>(std::min(more, room));
    filled_at_ = more >= room ? now : filled_at_ + each * static_cast<std::int64_t>(more);
    if (left_ == 0) {
        return false;
    }
    --left_;
    return true;
}

Duration MinuteBudget::wait() const {
    return Duration(1min) / per_minute_;
}

ChangesDoor::ChangesDoor(boost::asio::any_io_executor executor,
                         const ports::Clock& clock,
                         ChangesDoorConfig config,
                         net::HttpAnswer take,
                         std::function<void(const std::string&)> log)
    : config_(std::move(config)),
      clock_(clock),
      take_(std::move(take)),
      log_(std::move(log)),
      good_(config_.per_minute),
      bad_(bad_tokens_per_minute),
      server_(
          std::move(executor),
          [this](net::HttpRequest request) { return answer(std::move(request)); },
          limits()) {}

Result<void> ChangesDoor::listen() {
    const Result<TokenDigest> token = read_token(config_.token_file.string());
    if (!token) {
        return fail("changes.door.token_file", token.error());
    }
    const Result<net::Address> address = net::parse_endpoint("http://" + config_.listen);
    if (!address) {
        return fail("changes.door.listen", address.error());
    }
    const Result<void> listening = config_.is_open ? server_.listen_openly(address->endpoint)
                                                   : server_.listen(address->endpoint);
    return listening ? listening : fail("changes.door.listen", listening.error());
}

Task<void> ChangesDoor::stop(Instant deadline) {
    co_await server_.stop(deadline);
}

bool ChangesDoor::is_for_us(const net::HttpRequest& request) const {
    std::string host(only(request, "Host"));
    std::ranges::transform(host, host.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return host == config_.listen || std::ranges::find(config_.hosts, host) != config_.hosts.end();
}

bool ChangesDoor::refresh_token(Instant now) {
    if (read_at_ && now - *read_at_ < token_good_for) {
        return is_token_read_;
    }
    const Result<TokenDigest> token = read_token(config_.token_file.string());
    is_token_read_ = token.has_value();
    read_at_ = now;
    std::string trouble = token ? std::string() : token.error().text;
    if (trouble != trouble_) {
        log_(trouble.empty() ? "changes.door: the token can be read again"
                             : "changes.door takes nothing: " + trouble);
        trouble_ = std::move(trouble);
    }
    if (token) {
        token_ = *token;
    }
    return is_token_read_;
}

bool ChangesDoor::has_token(const net::HttpRequest& request) const {
    const std::string_view said = only(request, "Authorization");
    const TokenDigest digest =
        digest_of(said.starts_with(scheme) ? said.substr(scheme.size()) : std::string_view());
    return ::CRYPTO_memcmp(digest.data(), token_.data(), digest.size()) == 0;
}

net::HttpResponse ChangesDoor::refuse_stranger(Instant now) {
    if (!bad_.spend(now)) {
        return put_off("too many requests without the token", bad_.wait());
    }
    net::HttpResponse response =
        refuse(no_token,
               "Authorization: Bearer TOKEN is needed, with what stands in the file that "
               "changes.door.token_file names");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

std::optional<net::HttpResponse> ChangesDoor::refusal_of(const net::HttpRequest& request) {
    if (!is_for_us(request)) {
        return refuse(misdirected,
                      "this is another server than was asked for; the Host has to be one of "
                      "changes.door.hosts");
    }
    if (std::ranges::any_of(browsers_headers, [&](std::string_view name) {
            return !net::header_of(request.headers, name).empty();
        })) {
        return refuse(forbidden, "programs tell of changes here, and no pages of a browser");
    }
    if (request.path != changes_path) {
        return refuse(not_found, "here is POST /v1/changes, and nothing else");
    }
    if (request.method != "POST") {
        net::HttpResponse response = refuse(no_such_method, "this is told and not read: POST");
        response.headers.emplace_back("Allow", "POST");
        return response;
    }
    const Instant now = clock_.now();
    if (!refresh_token(now)) {
        return refuse(unavailable, "the token cannot be read here; the agent's log says why");
    }
    if (!has_token(request)) {
        return refuse_stranger(now);
    }
    if (!good_.spend(now)) {
        return put_off("more changes than changes.door.per_minute", good_.wait());
    }
    return std::nullopt;
}

Task<net::HttpResponse> ChangesDoor::answer(net::HttpRequest request) {
    std::optional<net::HttpResponse> refusal = refusal_of(request);
    if (refusal) {
        co_return *std::move(refusal);
    }
    if (request.body.empty()) {
        co_return refuse(bad_request, "a body is needed: a change, or an event of one");
    }
    std::erase_if(request.headers,
                  [](const auto& header) { return header.first == "Authorization"; });
    net::HttpResponse taken = co_await take_(std::move(request));
    co_return taken;
}

}  // namespace homeostat::app
