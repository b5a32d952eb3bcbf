#pragma once

// What the configuration says of how people are told, and how they answer (docs/people.md).
//
// Pure. Values only.

#include "homeostat/app/config_sinks.hpp"
#include "homeostat/console/shape.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace homeostat::app {

/// One of `url` and `url_file` is set.
struct ChannelConfig {
    std::string url;
    std::filesystem::path url_file;  ///< The address alone, where it is a secret, as Slack's is.
    console::Shape shape{console::Shape::json};
    std::vector<std::string> people;  ///< Each gets a link of their own with what is asked.
    /// Who may have signed the receiver's certificate, PEM. Debian's own list: a chat tool is
    /// somebody else's machine.
    std::filesystem::path authorities{"/etc/ssl/certs/ca-certificates.crt"};
    /// Somebody who gets more than one message in ten seconds reads none of them.
    std::uint32_t per_minute{6};
    std::vector<RequiredFor> required_for{};  ///< Empty: nothing waits for it.
};

/// "notify[0]": what a channel is called in the log, and by whoever waits for it.
[[nodiscard]] std::string channel_name(std::size_t index);

/// `console: { … }`: the page behind the links.
struct ConsoleConfig {
    std::string listen{"127.0.0.1:7443"};
    std::string url;      ///< How people reach it, through a proxy with TLS; empty: as it listens.
    bool is_open{false};  ///< It may listen on more than loopback.
    std::filesystem::path key_file;  ///< Of the links.
};

}  // namespace homeostat::app
