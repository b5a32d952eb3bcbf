#include "homeostat/shipper/sink_making.hpp"

#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/header_file.hpp"
#include "homeostat/net/https_address.hpp"
#include "homeostat/net/tls.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/secret_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <utility>

namespace homeostat::shipper {

namespace {

constexpr std::size_t url_bytes_max = 4096;

struct NamedUrl {
    std::string url;
    std::string from;  ///< For people.
};

Result<NamedUrl> usable(std::string url, std::string from) {
    while (!url.empty() && (url.back() == '\n' || url.back() == '\r' || url.back() == ' ')) {
        url.pop_back();
    }
    const bool is_line = std::ranges::all_of(
        url, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
    if (url.empty() || url.size() > url_bytes_max || !is_line) {
        return fail(Fault::invalid,
                    fmt::format("{} has to hold one address, on one line of at most {} bytes", from,
                                url_bytes_max));
    }
    return NamedUrl{std::move(url), std::move(from)};
}

Result<NamedUrl> read_url(const app::SecretUrlConfig& where) {
    if (!where.file.empty()) {
        Result<std::string> text = os::read_secret_file(where.file.string(), url_bytes_max + 2);
        return text ? usable(*std::move(text), where.file.string())
                    : fail(Fault::invalid, text.error().text);
    }
    const char* const value = std::getenv(where.environment.c_str());
    return value != nullptr
               ? usable(value, "$" + where.environment)
               : fail(Fault::invalid, fmt::format("the environment has no variable {}; set it, or "
                                                  "write url_file",
                                                  where.environment));
}

/// Says why there is none.
class UnusableSink final : public outbox::Sink {
  public:
    explicit UnusableSink(Error why) : why_(Fault::invalid, std::move(why.text)) {}

    Result<outbox::Cursor> resume(const std::string& /*ledger*/,
                                  const std::string& /*service*/) override {
        return std::unexpected(why_);
    }
    Result<void> take(const outbox::Batch& /*batch*/) override { return std::unexpected(why_); }

  private:
    Error why_;
};

template <class Made, class Options>
std::unique_ptr<outbox::Sink> made_of(Result<Options> options) {
    if (!options) {
        return std::make_unique<UnusableSink>(std::move(options.error()));
    }
    return std::make_unique<Made>(*std::move(options));
}

Result<net::HttpsPeer> https_peer(const net::HttpsAddress& address,
                                  const std::filesystem::path& authorities) {
    const Result<std::string> pem =
        os::read_file(authorities.string(), net::tls_settings_bytes_max);
    if (!pem) {
        return fail(Fault::invalid, pem.error().text);
    }
    Result<std::shared_ptr<net::TlsContext>> tls = net::make_tls_context({.authorities = *pem});
    if (!tls) {
        return fail(authorities.string(), tls.error());
    }
    return net::HttpsPeer{address.host, address.port, *std::move(tls)};
}

}  // namespace

std::filesystem::path cursor_file_of(const app::SinkConfig& sink, const app::Config& config) {
    return config.sinks_directory / (sink.name + ".cursor");
}

Result<adapters::postgres::PostgresOptions> postgres_options(const app::PostgresSinkConfig& sink) {
    Result<NamedUrl> url = read_url(sink.url);
    if (!url) {
        return std::unexpected(url.error());
    }
    return adapters::postgres::PostgresOptions{std::move(url->url), std::move(url->from),
                                               sink.schema};
}

Result<adapters::nats::NatsOptions> nats_options(const app::NatsSinkConfig& sink,
                                                 std::filesystem::path cursor_file) {
    Result<NamedUrl> url =
        sink.url.empty() ? read_url(sink.named) : Result<NamedUrl>(NamedUrl{sink.url, sink.url});
    if (!url) {
        return std::unexpected(url.error());
    }
    if (!url->url.starts_with("nats://") && !url->url.starts_with("tls://")) {
        return fail(
            Fault::invalid,
            fmt::format("{} has to hold an address that begins with nats:// or tls://", url->from));
    }
    return adapters::nats::NatsOptions{std::move(url->url), std::move(url->from), sink.stream,
                                       std::move(cursor_file)};
}

Result<adapters::webhook::WebhookOptions> webhook_options(const app::WebhookSinkConfig& sink,
                                                          std::filesystem::path cursor_file) {
    adapters::webhook::WebhookOptions options;
    options.events_max = sink.events_max;
    options.cursor_file = std::move(cursor_file);
    if (const Result<net::HttpsAddress> https = net::parse_https_address(sink.url)) {
        Result<net::HttpsPeer> peer = https_peer(*https, sink.authorities);
        if (!peer) {
            return std::unexpected(peer.error());
        }
        options.peer = *std::move(peer);
        options.path = https->path;
    } else {
        Result<net::Address> address = net::parse_endpoint(sink.url);
        if (!address) {
            return std::unexpected(address.error());
        }
        options.peer = std::move(address->endpoint);
        options.path = std::move(address->path);
    }
    if (sink.headers_file.empty()) {
        return options;
    }
    const Result<std::string> text =
        os::read_secret_file(sink.headers_file.string(), net::header_file_bytes_max);
    if (!text) {
        return fail(Fault::invalid, text.error().text);
    }
    Result<net::HttpHeaders> headers = net::parse_header_file(*text);
    if (!headers) {
        return fail(sink.headers_file.string(), headers.error());
    }
    options.headers = *std::move(headers);
    return options;
}

std::unique_ptr<outbox::Sink> make_sink(const app::SinkConfig& sink, const app::Config& config) {
    if (sink.postgres) {
        return made_of<adapters::postgres::PostgresSink>(postgres_options(*sink.postgres));
    }
    if (sink.nats) {
        return made_of<adapters::nats::NatsSink>(
            nats_options(*sink.nats, cursor_file_of(sink, config)));
    }
    return made_of<adapters::webhook::WebhookSink>(
        webhook_options(*sink.webhook, cursor_file_of(sink, config)));
}

}  // namespace homeostat::shipper
