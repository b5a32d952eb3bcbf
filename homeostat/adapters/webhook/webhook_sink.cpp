#include "homeostat/adapters/webhook/webhook_sink.hpp"

#include "homeostat/net/http_client.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/outbox/cursor_file.hpp"
#include "homeostat/outbox/event.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace homeostat::adapters::webhook {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr Duration answer_within = 10s;
/// Of one request, unless a single event has more: many receivers take a megabyte at most.
constexpr std::size_t body_bytes_max = std::size_t{512} << 10U;
constexpr std::string_view event_type = "application/cloudevents+json; charset=utf-8";
constexpr std::string_view batch_type = "application/cloudevents-batch+json; charset=utf-8";

}  // namespace

struct WebhookSink::State {
    explicit State(WebhookOptions its_options)
        : options(std::move(its_options)), client(client_of(options, context)) {}

    static net::HttpClient client_of(const WebhookOptions& options, asio::io_context& context) {
        if (const auto* https = std::get_if<net::HttpsPeer>(&options.peer)) {
            return {context.get_executor(), *https};
        }
        return {context.get_executor(), std::get<net::Endpoint>(options.peer)};
    }

    WebhookOptions options;
    asio::io_context context{1};
    net::HttpClient client;
};

namespace {

using State = WebhookSink::State;

std::string where(const WebhookOptions& options) {
    const auto* https = std::get_if<net::HttpsPeer>(&options.peer);
    return https != nullptr ? net::to_text(net::TcpEndpoint{https->host, https->port})
                            : net::to_text(std::get<net::Endpoint>(options.peer));
}

/// On this thread, to its end.
Result<net::HttpResponse> ask(State& state, net::HttpRequest request) {
    std::optional<Result<net::HttpResponse>> reply;
    asio::co_spawn(state.context,
                   state.client.request(std::move(request), os::read_boot_clock() + answer_within),
                   [&reply](const std::exception_ptr& thrown, Result<net::HttpResponse> got) {
                       reply = thrown ? fail(Fault::broken, "the request ended by itself")
                                      : std::move(got);
                   });
    state.context.restart();
    state.context.run();
    return reply ? *std::move(reply) : fail(Fault::broken, "the request never ended");
}

/// How many of the entries one request takes.
std::size_t fitting(const outbox::Batch& batch,
                    std::span<const outbox::BatchEntry> left,
                    std::uint32_t events_max) {
    std::size_t bytes = 0;
    std::size_t count = 0;
    for (const outbox::BatchEntry& entry :
         left.first(std::min<std::size_t>(left.size(), events_max))) {
        bytes += outbox::to_event(batch, entry).size() + 1;
        if (count > 0 && bytes > body_bytes_max) {
            break;
        }
        count += 1;
    }
    return count;
}

Result<void> send(State& state,
                  const outbox::Batch& batch,
                  std::span<const outbox::BatchEntry> entries) {
    const bool is_single = state.options.events_max == 1;
    net::HttpRequest request;
    request.method = "POST";
    request.path = state.options.path;
    request.headers = state.options.headers;
    request.content_type = is_single ? event_type : batch_type;
    request.body =
        is_single ? outbox::to_event(batch, entries.front()) : outbox::to_events(batch, entries);
    const Result<net::HttpResponse> reply = ask(state, std::move(request));
    if (!reply) {
        return fail(fmt::format("webhook {}", where(state.options)), reply.error());
    }
    const Result<void> meant = meaning_of(reply->status);
    return meant ? meant : fail(fmt::format("webhook {}", where(state.options)), meant.error());
}

}  // namespace

Result<void> meaning_of(int status) {
    constexpr int too_long = 408;
    constexpr int too_many = 429;
    if (status >= 200 && status < 300) {
        return {};
    }
    if (status == too_long || status == too_many) {
        return fail(Fault::busy, fmt::format("it answered {}: not so fast", status));
    }
    if (status >= 500) {
        return fail(Fault::unreachable, fmt::format("it answered {}", status));
    }
    return fail(Fault::refused,
                fmt::format("it answered {}: it does not want what is sent. Correct url or "
                            "headers_file, or what receives there, then start the shipper anew; it "
                            "goes on with the same event",
                            status));
}

WebhookSink::WebhookSink(WebhookOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}

WebhookSink::~WebhookSink() = default;

Result<outbox::Cursor> WebhookSink::resume(const std::string& ledger,
                                           const std::string& /*service*/) {
    return outbox::CursorFile(state_->options.cursor_file).read(ledger);
}

Result<void> WebhookSink::take(const outbox::Batch& batch) {
    std::span<const outbox::BatchEntry> left(batch.entries);
    while (!left.empty()) {
        const std::size_t count = fitting(batch, left, state_->options.events_max);
        if (const Result<void> sent = send(*state_, batch, left.first(count)); !sent) {
            return sent;
        }
        left = left.subspan(count);
    }
    return outbox::CursorFile(state_->options.cursor_file)
        .write(batch.ledger, {batch.next_group, batch.hash});
}

}  // namespace homeostat::adapters::webhook
