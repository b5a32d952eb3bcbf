#include "homeostat/app/notify_command.hpp"

#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/matter.hpp"
#include "homeostat/app/people.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/plain.hpp"
#include "homeostat/os/clock.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

constexpr Duration answer_within = std::chrono::seconds{10};

struct TriedChannel {
    std::string channel;  ///< "notify[0]"
    bool is_taken{false};
    std::string trouble;  ///< Empty: it was taken.

    static void fields(auto& self, auto&& field) {
        field("channel", self.channel);
        field("is_taken", self.is_taken);
        field("trouble", self.trouble);
    }
};

TriedChannel try_channel(const ChannelConfig& channel, std::string name, std::string body) {
    Result<console::Target> target = target_of(channel);
    if (!target) {
        return {std::move(name), false, target.error().text};
    }
    boost::asio::io_context context{1};
    auto delivered = boost::asio::co_spawn(
        context,
        console::deliver(context.get_executor(), *std::move(target), std::move(body), channel.shape,
                         os::read_boot_clock() + answer_within),
        boost::asio::use_future);
    context.run();
    const console::Delivery delivery = delivered.get();
    return {std::move(name), delivery.is_taken, delivery.trouble};
}

std::vector<TriedChannel> try_channels(const Config& config) {
    std::vector<TriedChannel> tried;
    const auto now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const console::Notice notice = test_notice(config.service, now);
    for (const ChannelConfig& channel : config.channels) {
        tried.push_back(try_channel(channel, fmt::format("notify[{}]", tried.size()),
                                    console::body_of(notice, channel.shape)));
    }
    return tried;
}

void print(const std::vector<TriedChannel>& tried, bool is_json) {
    if (is_json) {
        json::object document;
        document["channels"] = to_json(tried);
        fmt::print("{}", to_pretty_text(document));
        return;
    }
    for (const TriedChannel& one : tried) {
        fmt::print("{}: {}\n", one.channel, one.is_taken ? "taken" : plain(one.trouble));
    }
}

}  // namespace

void add_notify(CLI::App& app, NotifyOptions& options) {
    CLI::App* command =
        app.add_subcommand("notify", "Send a test message to everybody whom `notify` names");
    command->add_option("-c,--config", options.common.config, "The service's configuration")
        ->capture_default_str();
    command->add_flag("--json", options.common.is_json, "Print one JSON document");
    command->add_flag("--test", options.is_test, "Send one message that says that it is a test")
        ->required();
    command->footer(
        "Each channel gets one message, as the agent would send it; nothing in it can be answered. "
        "No agent has\nto run. Where nobody is to be disturbed, `homeostat doctor` asks only "
        "whether each can be reached.\nAddresses are not printed: whoever has one can write there "
        "(docs/people.md).\n\n"
        "Exit status:\n  0  every channel has taken it\n  1  one has not; it is said why\n"
        "  2  the configuration cannot be used, or names no channel\n\n"
        "Example:\n  homeostat notify --test -c payments.yaml");
}

ExitStatus notify_people(const NotifyOptions& options) {
    const ConfigReport report = load_config(options.common.config);
    if (!report.config) {
        complain(describe(report));
        return ExitStatus::usage;
    }
    if (report.config->channels.empty()) {
        complain("the configuration names nobody to tell; add notify: [ { webhook: { url: … } } ]");
        return ExitStatus::usage;
    }
    const std::vector<TriedChannel> tried = try_channels(*report.config);
    print(tried, options.common.is_json);
    return std::ranges::all_of(tried, &TriedChannel::is_taken) ? ExitStatus::ok
                                                               : ExitStatus::unexpected;
}

}  // namespace homeostat::app
