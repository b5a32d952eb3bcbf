#include "homeostat/app/config_sink_check.hpp"

#include "homeostat/net/endpoint.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

namespace homeostat::app {

namespace {

/// How many of the ways to say an address were taken.
int addresses_of(const SecretUrlConfig& url) {
    return (url.file.empty() ? 0 : 1) + (url.environment.empty() ? 0 : 1);
}

void check_nats(const NatsSinkConfig& nats, const std::string& key, ConfigReading& reading) {
    if (addresses_of(nats.named) + (nats.url.empty() ? 0 : 1) != 1) {
        reading.tell_at(key,
                        "its address is needed once — write url: nats://…, url_file: FILE, or "
                        "url_env: NAME");
    }
    if (nats.stream.contains('.')) {
        reading.tell_at(key + ".stream", "a stream's name has no dots — write another one");
    }
}

void check_webhook(const WebhookSinkConfig& webhook,
                   const std::string& key,
                   ConfigReading& reading) {
    if (webhook.url.starts_with("https://") == webhook.authorities.empty()) {
        reading.tell_at(key, webhook.authorities.empty()
                                 ? "nobody vouches for an https receiver — write authorities: FILE"
                                 : "authorities are for https — write https:// in url, or leave "
                                   "them out");
    }
    const Result<net::Address> plain = net::parse_endpoint(webhook.url);
    if (!webhook.headers_file.empty() && plain && !net::is_local(plain->endpoint)) {
        reading.tell_at(key + ".headers_file",
                        "a token would cross the network as it is — write https:// in url");
    }
}

void check_sink(const SinkSection& sink, const std::string& key, ConfigReading& reading) {
    const int kinds = (sink.postgres ? 1 : 0) + (sink.nats ? 1 : 0) + (sink.webhook ? 1 : 0);
    if (kinds != 1) {
        reading.tell_at(key, kinds == 0 ? "names no sink — add postgres: …, nats: … or webhook: …"
                                        : "names several sinks — make an item of each");
        return;
    }
    if (sink.postgres && addresses_of(sink.postgres->config.url) != 1) {
        reading.tell_at(key + ".postgres",
                        "its address is needed once — write url_file: FILE, or url_env: NAME");
    }
    if (sink.nats) {
        check_nats(sink.nats->config, key + ".nats", reading);
    }
    if (sink.webhook) {
        check_webhook(sink.webhook->config, key + ".webhook", reading);
    }
}

/// REQUIRES: `guard.fleet` is sound.
void check_fleet(const FleetSection& fleet, ConfigReading& reading) {
    if (!fleet.postgres || addresses_of(fleet.postgres->config.url) != 1) {
        reading.tell_at("guard.fleet.postgres",
                        "its address is needed once — write url_file: FILE, or url_env: NAME");
    }
}

}  // namespace

void check_sinks(const ConfigFile& file, ConfigReading& reading) {
    if (file.guard.fleet && reading.is_sound("guard.fleet")) {
        check_fleet(*file.guard.fleet, reading);
    }
    std::set<std::string> names;
    for (std::size_t index = 0; index < file.record.sinks.size(); ++index) {
        const SinkSection& sink = file.record.sinks[index];
        const std::string key = fmt::format("record.sinks[{}]", index);
        if (!reading.is_sound(key)) {
            continue;
        }
        check_sink(sink, key, reading);
        if (!names.insert(name_of(sink)).second) {
            reading.tell_at(
                key, fmt::format("a second sink called '{}' — give it a name: …", name_of(sink)));
        }
    }
}

}  // namespace homeostat::app
