#include "homeostat/console/channel.hpp"

#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace homeostat::console {

struct Channel::State {
    boost::asio::any_io_executor executor;
    ports::Clock& clock;
    ChannelSettings settings;
    NoticeQueue queue;
    std::string trouble;                  ///< Of the last try, so that a lasting one is told once.
    std::optional<Instant> reached_at{};  ///< When the last exchange began, if it went well.
    std::string path_trouble{};           ///< Of that one, if it did not.
    bool is_path_wanted{false};
    bool is_stopping{false};
};

namespace {

using StatePtr = std::shared_ptr<Channel::State>;

constexpr Duration look_every = std::chrono::milliseconds{200};
constexpr Duration answer_within = std::chrono::seconds{10};
constexpr std::size_t reply_bytes_max = std::size_t{64} << 10U;  // None of it is read.
constexpr int request_timeout = 408;
constexpr int too_early = 425;
constexpr int too_many = 429;

net::HttpClient client_of(boost::asio::any_io_executor executor, const Target& target) {
    net::HttpLimits limits;
    limits.body_bytes_max = reply_bytes_max;
    limits.headers_kept = {"Retry-After"};
    const WebAddress& address = target.address;
    if (target.tls) {
        return {std::move(executor), net::HttpsPeer{address.host, address.port, target.tls},
                std::move(limits)};
    }
    return {std::move(executor), net::Endpoint{net::TcpEndpoint{address.host, address.port}},
            std::move(limits)};
}

/// Seconds; a date is as good as nothing: our own pauses are long enough.
Duration pause_asked_for(const net::HttpResponse& response) {
    const std::string_view text = net::header_of(response.headers, "Retry-After");
    std::uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool is_number = error == std::errc{} && end == text.data() + text.size();
    return std::chrono::seconds{is_number ? seconds : 0};
}

Delivery delivery_of(const net::HttpResponse& response) {
    const int status = response.status;
    if (status >= 200 && status < 300) {
        return {.is_taken = true};
    }
    if (status >= 300 && status < 400) {
        return {.trouble = fmt::format(
                    "it answers {} and sends us elsewhere, which is not followed", status)};
    }
    const bool is_worth_another =
        status >= 500 || status == request_timeout || status == too_early || status == too_many;
    return {.is_worth_another = is_worth_another,
            .pause_min = pause_asked_for(response),
            .trouble = fmt::format("it answers {}", status)};
}

/// A lasting trouble is told once, and so is its end.
void tell_trouble(Channel::State& state, const std::string& trouble, bool is_given_up) {
    if (is_given_up) {
        state.settings.log(
            fmt::format("{}: a message was given up: {}; `homeostat status` shows "
                        "what is asked",
                        state.settings.name, trouble));
    } else if (trouble != state.trouble) {
        state.settings.log(trouble.empty()
                               ? state.settings.name + ": messages are taken again"
                               : fmt::format("{}: a message was not taken, and is sent again: {}",
                                             state.settings.name, trouble));
    }
    state.trouble = trouble;
}

void note_exchange(Channel::State& state, Instant began_at, const std::string& trouble) {
    state.path_trouble = trouble;
    state.reached_at = trouble.empty() ? std::optional(began_at) : std::nullopt;
}

Task<void> try_path(StatePtr state) {
    state->is_path_wanted = false;
    const Instant began_at = state->clock.now();
    Target target = state->settings.target;
    const Result<void> reached =
        co_await try_target(state->executor, std::move(target), began_at + answer_within);
    note_exchange(*state, began_at, reached ? "" : reached.error().text);
}

Task<void> send(StatePtr state, Notice notice) {
    Target target = state->settings.target;
    std::string body = body_of(notice, state->settings.shape);
    const Instant began_at = state->clock.now();
    const Instant deadline = began_at + answer_within;
    const Delivery delivery = co_await deliver(state->executor, std::move(target), std::move(body),
                                               state->settings.shape, deadline);
    const Instant now = state->clock.now();
    note_exchange(*state, began_at, delivery.trouble);
    if (delivery.is_taken) {
        state->queue.sent(now);
        tell_trouble(*state, "", false);
        co_return;
    }
    const bool is_given_up =
        state->queue.failed(delivery.is_worth_another, delivery.pause_min, now);
    tell_trouble(*state, delivery.trouble, is_given_up);
}

Task<void> send_all(StatePtr state) {
    while (!state->is_stopping) {
        std::optional<Notice> notice =
            state->queue.due(state->clock.now(), state->clock.wall_now());
        if (notice) {
            co_await send(state, *std::move(notice));
        } else if (state->is_path_wanted) {
            co_await try_path(state);
        } else {
            co_await state->clock.sleep_until(state->clock.now() + look_every);
        }
    }
}

}  // namespace

Result<Target> target_of(WebAddress address, const std::string& authorities) {
    Target target{std::move(address), nullptr};
    if (target.address.is_tls) {
        auto tls = net::make_tls_context({.authorities = authorities});
        if (!tls) {
            return std::unexpected(tls.error());
        }
        target.tls = *std::move(tls);
    }
    return target;
}

Task<Delivery> deliver(boost::asio::any_io_executor executor,
                       Target target,
                       std::string body,
                       Shape shape,
                       Instant deadline) {
    net::HttpClient client = client_of(std::move(executor), target);
    net::HttpRequest request;
    request.method = "POST";
    request.path = target.address.path;
    request.body = std::move(body);
    request.content_type = std::string(content_type_of(shape));
    const Result<net::HttpResponse> response =
        co_await client.request(std::move(request), deadline);
    if (response) {
        co_return delivery_of(*response);
    }
    co_return Delivery{.is_worth_another = response.error().fault != Fault::invalid,
                       .trouble = response.error().text};
}

Task<Result<void>> try_target(boost::asio::any_io_executor executor,
                              Target target,
                              Instant deadline) {
    net::HttpClient client = client_of(std::move(executor), target);
    net::HttpRequest request;
    const Result<net::HttpResponse> response =
        co_await client.request(std::move(request), deadline);
    // Who answers more than is read, or nothing that is HTTP, is there all the same.
    const bool is_there = response || response.error().fault == Fault::broken;
    co_return is_there ? Result<void>() : std::unexpected(response.error());
}

Channel::Channel(boost::asio::any_io_executor executor,
                 ports::Clock& clock,
                 const ServiceId& service,
                 ChannelSettings settings)
    : state_(std::make_shared<State>(State{.executor = std::move(executor),
                                           .clock = clock,
                                           .settings = settings,
                                           .queue = NoticeQueue(service, settings.limits),
                                           .trouble = {}})) {}

void Channel::tell(Notice notice) {
    state_->queue.add(std::move(notice), state_->clock.now());
}

std::optional<std::uint64_t> Channel::owed_after() const {
    return state_->queue.owed_after();
}

void Channel::try_path() {
    state_->is_path_wanted = true;
}

Result<void> Channel::path_since(Instant since) const {
    if (!state_->trouble.empty()) {
        return fail(Fault::unreachable, "a message was not taken: " + state_->trouble);
    }
    if (!state_->path_trouble.empty()) {
        return fail(Fault::unreachable, state_->path_trouble);
    }
    return state_->reached_at && *state_->reached_at >= since
               ? Result<void>()
               : fail(Fault::absent, "the receiver was not heard of since");
}

Task<void> Channel::run() {
    return send_all(state_);
}

void Channel::stop() {
    state_->is_stopping = true;
}

}  // namespace homeostat::console
