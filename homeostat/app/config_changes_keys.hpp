#pragma once

// The keys that say where changes are told from.
//
// Pure. Values only.

#include "homeostat/app/config_changes.hpp"
#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_values.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::app {

constexpr std::size_t door_hosts_max = 8;

/// "homeostat-payments.shop.svc:9465": what a client's `Host` says.
struct HostValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

struct ChangesDoorSection {
    ChangesDoorConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"listen", "Where POST /v1/changes is taken, and nothing else; 127.0.0.1:9465"},
            PeerValue{}, self.config.listen);
        key(Key{"open", "Listen on an address that other machines reach, without TLS of its own"},
            FlagValue{}, self.config.is_open);
        key(Key{"token_file", "One line that callers send as `Authorization: Bearer …`",
                Need::required},
            PathValue{}, self.config.token_file);
        key(Key{"hosts", "Names with their port by which tools reach it, beside listen"},
            ListOf<HostValue>{HostValue{}, door_hosts_max}, self.config.hosts);
        key(Key{"per_minute", "More changes than these within a minute are put off by 429"},
            CountValue<std::uint32_t>{.min = 1, .max = 600}, self.config.per_minute);
    }
};

struct ChangesSection {
    std::filesystem::path file;
    bool http{false};
    std::optional<ChangesDoorSection> door;
    static void keys(auto& self, auto&& key) {
        key(Key{"file", "Changes, one JSON object a line"}, PathValue{}, self.file);
        key(Key{"http", "POST /v1/changes on the control socket"}, FlagValue{}, self.http);
        key(Key{"door", "The same by TCP for tools of other machines, docs/changes.md"},
            SectionKind{}, self.door);
    }
};

[[nodiscard]] ChangesSection to_section(const ChangesConfig& changes);

}  // namespace homeostat::app
