#pragma once

// make_sink: the sink that a configuration names, with its secrets, which are read here and told
// nobody.
//
// Blocks for reading small files; connects to nobody.

#include "homeostat/adapters/nats/nats_sink.hpp"
#include "homeostat/adapters/postgres/postgres_sink.hpp"
#include "homeostat/adapters/webhook/webhook_sink.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/outbox/sink.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace homeostat::shipper {

/// Where a sink's cursor file is, for those that have one.
[[nodiscard]] std::filesystem::path cursor_file_of(const app::SinkConfig& sink,
                                                   const app::Config& config);

/// ERRORS: invalid: no file or variable, or nothing usable in it; never with its contents.
[[nodiscard]] Result<adapters::postgres::PostgresOptions> postgres_options(
    const app::PostgresSinkConfig& sink);
[[nodiscard]] Result<adapters::nats::NatsOptions> nats_options(const app::NatsSinkConfig& sink,
                                                               std::filesystem::path cursor_file);
[[nodiscard]] Result<adapters::webhook::WebhookOptions> webhook_options(
    const app::WebhookSinkConfig& sink, std::filesystem::path cursor_file);

/// One that cannot be made is one that says why: the others go on.
[[nodiscard]] std::unique_ptr<outbox::Sink> make_sink(const app::SinkConfig& sink,
                                                      const app::Config& config);

}  // namespace homeostat::shipper
