#pragma once

// ConfirmedFile: how far a sink has the ledger, as homeostat-shipper writes it each time the sink
// has said so, for the agent that waits for it. Only of sinks that are required for a remedy.
//
// It may be old or of another ledger: whoever reads it holds the hash against the chain.
//
// Pure but for reading and writing the file. Thread-safe.

#include "homeostat/app/config.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace homeostat::app {

/// The last group that the sink has, and the hash of the ledger's chain after it.
struct ConfirmedGroup {
    std::uint64_t group{0};
    std::string hash;

    static void fields(auto& self, auto&& field) {
        field("group", self.group);
        field("hash", self.hash);
    }
    friend bool operator==(const ConfirmedGroup&, const ConfirmedGroup&) = default;
};

[[nodiscard]] std::filesystem::path confirmed_file_of(const SinkConfig& sink, const Config& config);

/// ERRORS: full.
[[nodiscard]] Result<void> write_confirmed(const std::filesystem::path& file,
                                           const ConfirmedGroup& confirmed);

/// ERRORS: absent: the sink has confirmed nothing yet; corrupt; full.
[[nodiscard]] Result<ConfirmedGroup> read_confirmed(const std::filesystem::path& file);

}  // namespace homeostat::app
