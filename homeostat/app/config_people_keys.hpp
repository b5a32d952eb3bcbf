#pragma once

// The keys that say how people are told, and where they answer.
//
// Pure. Values only.

#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_people.hpp"
#include "homeostat/app/config_sink_keys.hpp"
#include "homeostat/app/config_values.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

constexpr std::size_t channels_max = 8;
constexpr std::size_t channel_people_max = 8;  ///< Each is a button in one message.

/// "https://hooks.example/T0/B0/x". Written without its path, which is a secret.
struct ChannelUrlValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const;
    [[nodiscard]] json::object schema() const;
};

/// "https://homeostat.example/payments".
struct PageUrlValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

struct ChannelSection {
    ChannelConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"url", "Where messages are posted: https, or http on this machine"},
            ChannelUrlValue{}, self.config.url);
        key(Key{"url_file", "Or a file with that address, where it is a secret"}, PathValue{},
            self.config.url_file);
        key(Key{"shape", "json is CloudEvents 1.0; slack is what Slack and Mattermost read"},
            EnumValue<console::Shape>{}, self.config.shape);
        key(Key{"people", "Who gets a link of their own to answer by; needs console"},
            ListOf<NameValue>{NameValue{}, channel_people_max}, self.config.people);
        key(Key{"authorities", "PEM file of who may have signed the receiver's certificate"},
            PathValue{}, self.config.authorities);
        key(Key{"per_minute", "More messages than these within a minute are summed up in one"},
            CountValue<std::uint32_t>{.min = 2, .max = 60}, self.config.per_minute);
    }
};

/// One channel.
struct NotifySection {
    ChannelSection webhook;
    std::vector<RequiredFor> required_for{};
    static void keys(auto& self, auto&& key) {
        key(Key{"webhook", "Messages by HTTP POST", Need::required}, SectionKind{}, self.webhook);
        key(Key{"required_for",
                "Remedies that begin only while messages get through: kinds, or destructive, "
                "docs/confirmed.md"},
            required_for_value, self.required_for);
    }
};

struct ConsoleSection {
    ConsoleConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"listen", "Where the page of questions is served; 127.0.0.1:7443 without it"},
            PeerValue{}, self.config.listen);
        key(Key{"url", "How people reach it, through your own proxy with TLS"}, PageUrlValue{},
            self.config.url);
        key(Key{"open", "Listen on an address that other machines reach, without TLS of its own"},
            FlagValue{}, self.config.is_open);
        key(Key{"key", "Makes links that hold; made if missing; var/SERVICE/console.key"},
            PathValue{}, self.config.key_file);
    }
};

}  // namespace homeostat::app
