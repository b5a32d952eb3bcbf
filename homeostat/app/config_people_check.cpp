#include "homeostat/app/config_people_check.hpp"

#include "homeostat/net/endpoint.hpp"

#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>

namespace homeostat::app {

namespace {

void check_channel(const ConfigFile& file, std::size_t index, ConfigReading& reading) {
    const ChannelConfig& channel = file.notify[index].webhook.config;
    const auto tell = [&](std::string_view says) {
        reading.tell_at(fmt::format("notify[{}].webhook", index), says);
    };
    if (channel.url.empty() == channel.url_file.empty()) {
        tell(channel.url.empty() ? "no address to post to — add url: https://…, or url_file: a "
                                   "file with it"
                                 : "url and url_file both say where — keep one of them");
    }
    if (!channel.people.empty() && !file.console) {
        tell(
            "people get links, and nothing serves the page behind them — add console: { url: "
            "https://… }, or leave people out");
    }
    std::set<std::string> names;
    for (const std::string& name : channel.people) {
        if (!names.insert(name).second) {
            tell(fmt::format("'{}' stands twice under people — keep one of them", name));
        }
    }
}

void check_console(const ConsoleConfig& console, ConfigReading& reading) {
    if (console.listen.starts_with("unix:")) {
        reading.tell_at("console.listen",
                        "a proxy reaches it by TCP — write an address with a port, as in "
                        "127.0.0.1:7443");
        return;
    }
    const Result<net::Address> address = net::parse_endpoint("http://" + console.listen);
    if (!address || net::is_local(address->endpoint)) {
        return;
    }
    if (!console.is_open) {
        reading.tell_at("console.listen",
                        "other machines reach this address, and there is no TLS at it — write "
                        "127.0.0.1:7443 and put a proxy with TLS before it, or add open: true");
    }
    if (console.url.empty()) {
        reading.tell_at("console",
                        "how people reach it is not known — add url: https://… of the proxy "
                        "before it");
    }
}

}  // namespace

void check_people(const ConfigFile& file, ConfigReading& reading) {
    if (file.console && reading.is_sound("console")) {
        check_console(file.console->config, reading);
    }
    if (!reading.is_sound("notify")) {
        return;
    }
    for (std::size_t index = 0; index < file.notify.size(); ++index) {
        check_channel(file, index, reading);
    }
}

}  // namespace homeostat::app
