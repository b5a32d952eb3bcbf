#pragma once

// WebhookSink: the entries of a ledger as CloudEvents, posted to one receiver.
//
// At least once: the cursor moves after the receiver has said 2xx, so what was sent when somebody
// died is sent again, under the same ids. The receiver tells nothing of what it has; a cursor file
// does. What it refuses (4xx but 408 and 429, and redirects, which are never followed) it would
// refuse again: that stops the sink.
//
// Blocks, no request for longer than its deadline. Not thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/net/tls.hpp"
#include "homeostat/outbox/sink.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>

namespace homeostat::adapters::webhook {

struct WebhookOptions {
    std::variant<net::Endpoint, net::HttpsPeer> peer;
    std::string path{"/"};  ///< With its query. Where a token may stand, so it is never told.
    net::HttpHeaders headers{};
    std::uint32_t events_max{100};  ///< Of one request. 1: single events, not batches.
    std::filesystem::path cursor_file;
};

class WebhookSink final : public outbox::Sink {
  public:
    explicit WebhookSink(WebhookOptions options);
    ~WebhookSink() override;

    [[nodiscard]] Result<outbox::Cursor> resume(const std::string& ledger,
                                                const std::string& service) override;
    [[nodiscard]] Result<void> take(const outbox::Batch& batch) override;

    struct State;

  private:
    std::unique_ptr<State> state_;
};

/// What a reply's status means for what was sent. ERRORS: busy, unreachable: it may be sent again;
/// refused: it would be refused again.
[[nodiscard]] Result<void> meaning_of(int status);

}  // namespace homeostat::adapters::webhook
