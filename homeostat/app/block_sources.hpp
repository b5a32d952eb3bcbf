#pragma once

// BlockSources: the part of an agent that marks sources of requests by the lists of others, wired
// from the configuration: the feeds, the edge's tables, and the role that judges between them.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/crowdsec/crowdsec_feed.hpp"
#include "homeostat/adapters/envoy/admin.hpp"
#include "homeostat/adapters/taxii/taxii_feed.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/immune_role.hpp"
#include "homeostat/immune/settings.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/kill_switch.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace homeostat::app {

/// What the agent has that this needs. All of it outlives it.
struct BlockSourcesContext {
    boost::asio::any_io_executor executor;
    ports::Clock& clock;
    ports::KillSwitch& kill_switch;
    heal::ExecutorRole& role;
    std::function<std::string()> unwitnessed;
    std::function<void(const std::string&)> log;
};

/// What a list is asked with, with its secrets. ERRORS: of the files, with the key that names them.
using FeedOptions = std::variant<adapters::crowdsec::Options, adapters::taxii::Options>;
[[nodiscard]] Result<FeedOptions> feed_options_of(const BlockFeedConfig& feed);

/// REQUIRES: config.block_sources.
[[nodiscard]] immune::Settings immune_settings_of(const Config& config);

class BlockSources {
  public:
    /// Null where nothing of it is configured. ERRORS: of the files, with their key.
    [[nodiscard]] static Result<std::unique_ptr<BlockSources>> make(
        const Config& config, const BlockSourcesContext& context);

    Task<void> run() { return role_->run(); }
    void stop() { role_->stop(); }

    [[nodiscard]] const heal::ImmuneRole& role() const { return *role_; }

  private:
    BlockSources() = default;
    [[nodiscard]] Result<void> make_marker(const Config& config,
                                           const boost::asio::any_io_executor& executor);

    std::vector<std::unique_ptr<ports::ThreatFeed>> feeds_;
    std::unique_ptr<adapters::envoy::Admin> envoy_;  ///< Null: the edge is an HAProxy.
    std::unique_ptr<ports::SourceMarker> marker_;
    std::unique_ptr<heal::ImmuneRole> role_;
};

}  // namespace homeostat::app
