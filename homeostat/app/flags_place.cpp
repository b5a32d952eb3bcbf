#include "homeostat/app/flags_place.hpp"

#include "homeostat/adapters/flagd/flag_telemetry.hpp"
#include "homeostat/net/endpoint.hpp"

#include <optional>
#include <utility>

namespace homeostat::app {

namespace flagd = adapters::flagd;

Result<std::unique_ptr<FlagsPlace>> FlagsPlace::make(const Config& config,
                                                     const boost::asio::any_io_executor& executor,
                                                     ports::Clock& clock,
                                                     std::function<void(const std::string&)> log,
                                                     ProcessRole role) {
    if (!config.flags) {
        return nullptr;
    }
    flagd::Options options;
    options.service = config.service;
    options.file = config.flags->file.string();
    options.log = std::move(log);
    if (!config.flags->url.empty()) {
        const Result<net::Address> address = net::parse_endpoint(config.flags->url);
        if (!address) {
            return fail("flags.flagd.url", address.error());
        }
        options.evaluates = address->endpoint;
    }
    const bool may_act = role != ProcessRole::agent;
    Result<flagd::FlagHistory> history = flagd::FlagHistory::open(
        config.service, may_act ? config.run_directory.string() + "/flags.json" : std::string());
    if (!history) {
        return fail("flags", history.error());
    }
    std::unique_ptr<FlagsPlace> place(
        new FlagsPlace(flagd::Flags(std::move(options), *std::move(history)), clock));
    if (may_act) {
        place->actuator_ = std::make_unique<flagd::FlagActuator>(place->flags_, executor, clock);
    }
    return place;
}

void FlagsPlace::add_watchers(std::vector<ports::Telemetry*>& sources, VersionId known) {
    telemetry_.push_back(std::make_unique<flagd::FlagTelemetry>(flags_, std::move(known), clock_));
    sources.push_back(telemetry_.back().get());
}

}  // namespace homeostat::app
