#pragma once

// NatsSink: the entries of a ledger as messages of a JetStream stream, a CloudEvent each.
//
// Every message is sent with the sequence that the ledger's last one has there, so whoever was
// overtaken by another shipper, or sends what is there already, is refused by the server. Where to
// go on says the stream itself, by the id of its last message: the server's own memory of ids is
// good for two minutes only. Where a stream drops old messages and has none left of this ledger,
// our cursor file tells.
//
// Blocks, no call for longer than its deadlines. Not thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/outbox/sink.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace homeostat::adapters::nats {

struct NatsOptions {
    std::string url;   ///< nats://name:password@host:4222, or tls://….
    std::string from;  ///< Where the address stands, for people.
    std::string stream{"HOMEOSTAT"};
    std::filesystem::path cursor_file;
};

/// What a look at the server found, for `doctor`.
struct StreamView {
    bool is_there{false};  ///< Else the first connection makes it.
    std::uint64_t messages_count{0};
};

class NatsSink final : public outbox::Sink {
  public:
    explicit NatsSink(NatsOptions options);
    ~NatsSink() override;

    [[nodiscard]] Result<outbox::Cursor> resume(const std::string& ledger,
                                                const std::string& service) override;
    [[nodiscard]] Result<void> take(const outbox::Batch& batch) override;

    /// Changes nothing. ERRORS: as resume().
    [[nodiscard]] Result<StreamView> look();

    struct State;

  private:
    std::unique_ptr<State> state_;
};

}  // namespace homeostat::adapters::nats
