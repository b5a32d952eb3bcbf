#include "homeostat/app/doctor_people.hpp"

#include "homeostat/app/people.hpp"
#include "homeostat/console/door.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_client.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace homeostat::app {

namespace {

/// What does not begin meanwhile.
std::string waits_for(const ChannelConfig& channel) {
    std::string kinds;
    for (const RequiredFor word : channel.required_for) {
        kinds += (kinds.empty() ? "" : ", ") + std::string(to_text(word));
    }
    return kinds.empty() ? kinds : ", and what it is required for does not begin: " + kinds;
}

}  // namespace

Task<Findings> check_channel(boost::asio::any_io_executor executor,
                             Config config,
                             std::size_t index,
                             Instant deadline) {
    const std::string name = channel_name(index);
    Findings found;
    Result<console::Target> target = target_of(config.channels[index]);
    if (!target) {
        found.push_back(ill("notify", name + ": " + target.error().text,
                            "the agent does not start without it"));
        co_return found;
    }
    const std::string where = console::origin_of(target->address);
    const Result<void> reached =
        co_await console::try_target(std::move(executor), *std::move(target), deadline);
    if (!reached) {
        found.push_back(ill("notify", fmt::format("{}: {}", name, reached.error().text),
                            "until it is reached nobody is told that way; questions are in "
                            "`homeostat status`" +
                                waits_for(config.channels[index])));
        co_return found;
    }
    found.push_back(well("notify", fmt::format("{} is reached at {}; `homeostat notify --test` "
                                               "sends a message",
                                               name, where)));
    co_return found;
}

Task<Findings> check_page(boost::asio::any_io_executor executor, Config config, Instant deadline) {
    const std::string listen = config.console->listen;
    Findings found;
    const Result<net::Address> address = net::parse_endpoint("http://" + listen);
    if (!address) {
        co_return found;  // Refused when the configuration was read.
    }
    net::HttpRequest request;
    request.path = "/answer/doctor";
    net::Endpoint endpoint = address->endpoint;
    const Result<net::HttpResponse> response = co_await net::request_once(
        std::move(executor), std::move(endpoint), std::move(request), deadline);
    if (!response) {
        found.push_back(note("console", "nobody serves the page at " + listen + " now",
                             "the agent does, once it runs"));
    } else if (!response->body.contains(console::bad_link_title)) {
        found.push_back(ill("console", "another program answers at " + listen,
                            "end it, or write a free port into console.listen"));
    } else {
        found.push_back(well("console", "the page of questions is served at " + listen));
    }
    co_return found;
}

}  // namespace homeostat::app
