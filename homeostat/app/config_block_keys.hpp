#pragma once

// The keys that declare lists of suspicious sources, and what the edge has for marking them.
//
// Pure. Values only.

#include "homeostat/app/config_block_sources.hpp"
#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/network.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

/// "192.0.2.7" or "2001:db8::/32".
struct NetworkValue {
    [[nodiscard]] Result<Network> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const Network& value) const {
        return json::value(to_text(value));
    }
    [[nodiscard]] json::object schema() const;
};

/// "http://127.0.0.1:8080": an API of this machine, without a path.
struct LocalApiValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

/// "http://127.0.0.1:8081/api1/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/": on this machine.
struct CollectionValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

constexpr std::size_t allowed_networks_max = 64;  ///< Each is compared with each source.

struct TaxiiSection {
    TaxiiConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"collection", "Its address, on this machine or by a tunnel that ends here",
                Need::required},
            CollectionValue{}, self.config.collection);
        key(Key{"login", "A file with the line name:password"}, PathValue{},
            self.config.login_file);
        key(Key{"token", "Or a file with a bearer token"}, PathValue{}, self.config.token_file);
        key(Key{"confidence_min",
                "Indicators whose own confidence is lower, or not told, are passed over"},
            CountValue<std::uint32_t>{.max = 100}, self.config.confidence_min);
        key(Key{"poll_every", "How often it is asked for what is new"},
            DurationValue{std::chrono::seconds{1}, std::chrono::hours{1}}, self.config.poll_every);
    }
};

struct BlockFeedSection {
    BlockFeedConfig config;
    std::optional<TaxiiSection> taxii;
    static void keys(auto& self, auto&& key) {
        key(Key{"name", "What the list is called in records", Need::required}, NameValue{},
            self.config.name);
        key(Key{"crowdsec", "The local API of a CrowdSec here, as in http://127.0.0.1:8080"},
            LocalApiValue{}, self.config.crowdsec);
        key(Key{"key", "A file with the key that `cscli bouncers add homeostat -o raw` prints"},
            PathValue{}, self.config.key_file);
        key(Key{"taxii", "Or a collection of a TAXII 2.1 server"}, SectionKind{}, self.taxii);
        key(Key{"confidence",
                "0 to 100; from 80 on it is enough alone, else two lists have to agree"},
            CountValue<std::uint32_t>{.max = 100}, self.config.confidence);
        key(Key{"sources_max", "Of more sources the oldest are let go"},
            CountValue<std::uint64_t>{.min = 1, .max = immune::Limits{}.sources_max},
            self.config.sources_max);
    }
};

struct BlockSourcesSection {
    BlockSourcesConfig config;
    std::vector<BlockFeedSection> feeds;
    static void keys(auto& self, auto&& key) {
        key(Key{"addresses", "HAProxy's stick table for single addresses; Envoy has none"},
            NameValue{}, self.config.addresses);
        key(Key{"networks", "HAProxy's stick table for networks"}, NameValue{},
            self.config.networks);
        key(Key{"counts", "HAProxy's stick table that counts requests by mark"}, NameValue{},
            self.config.counts);
        key(Key{"feeds", "Lists of sources that somebody suspects", Need::required},
            SectionsKind{immune::feeds_max}, self.feeds);
        key(Key{"allow", "Addresses and networks that are never marked: yours, your partners'"},
            ListOf<NetworkValue>{NetworkValue{}, allowed_networks_max}, self.config.allow);
        key(Key{"growth_max", "New sources of one list within a minute; more are only watched"},
            CountValue<std::uint64_t>{.min = 1, .max = immune::Limits{}.sources_max},
            self.config.growth_max);
        key(Key{"on_trial_max",
                "Share of requests that new sources may have before they are denied"},
            RatioValue{}, self.config.on_trial_max);
        key(Key{"denied_max", "Share of requests; once more are denied, all that is taken back"},
            RatioValue{}, self.config.denied_max);
    }
};

}  // namespace homeostat::app
