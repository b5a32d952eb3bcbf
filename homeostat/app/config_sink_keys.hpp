#pragma once

// The keys that declare sinks: where decisions are kept outside; and the budget of a fleet, which
// is counted there.
//
// Pure. Values only.

#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_sinks.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/fleet_word.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

/// Each has a thread of the shipper, and a line in every state.
constexpr std::size_t sinks_max = 8;

/// "nats://127.0.0.1:4222", without a name and a password.
struct NatsUrlValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

/// "http://127.0.0.1:8080/events" or "https://audit.example:8443/events".
struct ReceiverUrlValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

inline constexpr Key required_for_key{
    "required_for",
    "Remedies that begin only once the decision is there: kinds, or destructive, "
    "docs/confirmed.md"};
inline constexpr ListOf<EnumValue<RequiredFor>> required_for_value{{}, 10, true};

struct PostgresSinkSection {
    PostgresSinkConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"url_file", "A file with the address, as in postgresql://name:password@host/base"},
            PathValue{}, self.config.url.file);
        key(Key{"url_env", "Or the name of an environment variable that holds it"}, NameValue{},
            self.config.url.environment);
        key(Key{"schema", "Where the tables are; made if it is not there"}, NameValue{},
            self.config.schema);
    }
};

/// Other agents share the budget: what all of them may do together.
struct FleetSection {
    FleetLimits limits;
    std::optional<PostgresSinkSection> postgres;
    static void keys(auto& self, auto&& key) {
        key(Key{"name", "Who says the same shares a budget", Need::required}, NameValue{},
            self.limits.name);
        key(Key{"postgres", "Where it is counted", Need::required}, SectionKind{}, self.postgres);
        key(Key{"remedies_max", "Begun within the window by the whole fleet; 0: none"},
            CountValue<std::uint32_t>{.max = 10'000}, self.limits.remedies_max);
        key(Key{"window", "See remedies_max"},
            DurationValue{std::chrono::seconds{1}, std::chrono::hours{24}}, self.limits.window);
        key(Key{"at_once_max", "In hand at a time; 0: none"},
            CountValue<std::uint32_t>{.max = 1'000}, self.limits.at_once_max);
    }
};

struct NatsSinkSection {
    NatsSinkConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"url", "Its address where no password is in it, as in nats://127.0.0.1:4222"},
            NatsUrlValue{}, self.config.url);
        key(Key{"url_file", "Or a file with the address"}, PathValue{}, self.config.named.file);
        key(Key{"url_env", "Or the name of an environment variable that holds it"}, NameValue{},
            self.config.named.environment);
        key(Key{"stream", "JetStream's stream for it; made if it is not there"}, NameValue{},
            self.config.stream);
    }
};

struct WebhookSinkSection {
    WebhookSinkConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"url", "Gets each event by POST, as CloudEvents in JSON", Need::required},
            ReceiverUrlValue{}, self.config.url);
        key(Key{"headers_file", "Further headers, a line \"Name: value\" each; a token, say"},
            PathValue{}, self.config.headers_file);
        key(Key{"authorities", "PEM; who may have signed the certificate of an https receiver"},
            PathValue{}, self.config.authorities);
        key(Key{"events_max", "Of one request; 1 sends single events instead of batches"},
            CountValue<std::uint32_t>{.min = 1, .max = 1000}, self.config.events_max);
    }
};

struct SinkSection {
    std::string name;
    std::optional<PostgresSinkSection> postgres;
    std::optional<NatsSinkSection> nats;
    std::optional<WebhookSinkSection> webhook;
    std::vector<RequiredFor> required_for;
    static void keys(auto& self, auto&& key) {
        key(Key{"name", "What it is called in states and metrics; its kind without this"},
            NameValue{.bytes_max = 32}, self.name);
        key(Key{"postgres", "Tables of a PostgreSQL"}, SectionKind{}, self.postgres);
        key(Key{"nats", "A stream of NATS JetStream"}, SectionKind{}, self.nats);
        key(Key{"webhook", "A receiver of CloudEvents over HTTP"}, SectionKind{}, self.webhook);
        key(required_for_key, required_for_value, self.required_for);
    }
};

/// With its name, whether it was said or not.
[[nodiscard]] std::string name_of(const SinkSection& sink);

}  // namespace homeostat::app
