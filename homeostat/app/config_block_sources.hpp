#pragma once

// What the configuration says of lists of suspicious sources (docs/block_sources.md).
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/network.hpp"
#include "homeostat/immune/settings.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

/// A collection of a TAXII 2.1 server.
struct TaxiiConfig {
    std::string collection;  ///< Its address: "http://127.0.0.1:8081/api1/collections/…/".
    std::filesystem::path login_file;  ///< "name:password"; one of these two at most.
    std::filesystem::path token_file;
    std::uint32_t confidence_min{0};  ///< Of an indicator's own confidence.
    /// A collection changes by the hour, and most servers are somebody else's.
    Duration poll_every{std::chrono::seconds{60}};
};

/// One of `crowdsec` and `taxii` is set.
struct BlockFeedConfig {
    std::string name;
    std::string crowdsec;  ///< Its local API: "http://127.0.0.1:8080".
    std::filesystem::path key_file;
    std::optional<TaxiiConfig> taxii;
    std::uint32_t confidence{immune::FeedSettings{}.confidence};
    std::uint64_t sources_max{immune::FeedSettings{}.sources_max};
};

/// `block_sources: { … }`.
struct BlockSourcesConfig {
    std::string addresses;  ///< HAProxy's stick tables; likewise the next two.
    std::string networks;
    std::string counts;
    std::vector<BlockFeedConfig> feeds;
    std::vector<Network> allow;
    std::uint64_t growth_max{immune::Limits{}.growth_max};
    double on_trial_max{0.005};  ///< Ratio: of requests, from sources on trial.
    double denied_max{0.02};     ///< Ratio: of requests.
};

}  // namespace homeostat::app
