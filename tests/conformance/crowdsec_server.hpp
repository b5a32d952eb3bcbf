#pragma once

// CrowdsecServer: the local API of a real CrowdSec, with a database of its own and no line to
// anybody outside. It is killed with the test. For tests only.

#include "homeostat/adapters/crowdsec/crowdsec_feed.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/child.hpp"
#include "homeostat/ports/threat_feed.hpp"

#include "reserved_port.hpp"

#include <boost/asio/io_context.hpp>

#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::conformance {

/// The one that `tools/setup.sh check` unpacks, else that of PATH; nothing when there is none.
inline std::optional<std::string> crowdsec_program(const std::string& name) {
    for (const std::string& place : {std::string(CROWDSEC_DIR) + "/usr/bin/" + name, name}) {
        if (Result<std::string> found = os::find_program(place, "")) {
            return *found;
        }
    }
    return std::nullopt;
}

/// A suite whose peer is missing says so; the line makes ctest count it as skipped.
inline bool has_crowdsec() {
    const bool is_there = crowdsec_program("crowdsec") && crowdsec_program("cscli");
    if (!is_there) {
        std::cout << "SKIPPED: crowdsec is not installed (tools/setup.sh check brings it)\n";
    }
    return is_there;
}

class CrowdsecServer {
  public:
    /// REQUIRES: `context` outlives it.
    explicit CrowdsecServer(boost::asio::io_context& context) : context_(context) {
        write_config();
        run_cscli({"machines", "add", "m1", "--password", "machine-for-test", "-f",
                   directory_.file("credentials.yaml"), "-u",
                   "http://127.0.0.1:" + std::to_string(port_.port())});
        run_cscli({"bouncers", "add", "homeostat", "-o", "raw", "-k", key()});
        start();
    }
    ~CrowdsecServer() { kill(); }  // NOLINT(bugprone-exception-escape): a test ends with it.
    CrowdsecServer(const CrowdsecServer&) = delete;
    CrowdsecServer& operator=(const CrowdsecServer&) = delete;

    void start() {
        child_.emplace(spawn("crowdsec", {}));
        // It listens a little later. Without a key it says no, and that is an answer.
        net::run_until_for_test(context_, [&] {
            net::HttpRequest request;
            request.path = "/v1/decisions/stream";
            return net::run_for_test(
                       context_,
                       net::request_once(context_.get_executor(), endpoint(), std::move(request),
                                         net::now_for_test() + std::chrono::seconds{1}))
                .has_value();
        });
    }
    void signal(int number) { static_cast<void>(child_->process().send(number)); }
    void kill() {
        if (child_) {
            signal(SIGKILL);
            net::run_until_for_test(context_, [&] { return child_->has_ended(); });
            child_.reset();
        }
    }

    void add(const std::string& network, std::chrono::minutes lasts) {
        run_cscli({"decisions", "add", flag_of(network), network, "--duration",
                   std::to_string(lasts.count()) + "m"});
    }
    void remove(const std::string& network) {
        run_cscli({"decisions", "delete", flag_of(network), network});
    }

    [[nodiscard]] std::unique_ptr<ports::ThreatFeed> feed() { return feed_with(key()); }
    [[nodiscard]] std::unique_ptr<ports::ThreatFeed> stranger() { return feed_with("not-a-key"); }

  private:
    [[nodiscard]] std::unique_ptr<ports::ThreatFeed> feed_with(std::string key) {
        return std::make_unique<adapters::crowdsec::CrowdsecFeed>(
            context_.get_executor(), adapters::crowdsec::Options{endpoint(), std::move(key)});
    }
    [[nodiscard]] static std::string flag_of(const std::string& network) {
        return network.contains('/') ? "--range" : "--ip";
    }
    [[nodiscard]] net::Endpoint endpoint() const {
        return net::TcpEndpoint{"127.0.0.1", port_.port()};
    }
    [[nodiscard]] static std::string key() { return "key-of-a-bouncer-for-test"; }

    [[nodiscard]] os::Child spawn(const std::string& name, std::vector<std::string> arguments) {
        os::Program program;
        program.argv = {crowdsec_program(name).value(), "-c", directory_.file("config.yaml")};
        program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
        program.ends_with_us = true;
        Result<os::Child> child = os::spawn(program);
        if (!child) {
            throw std::runtime_error(child.error().text);
        }
        return *std::move(child);
    }
    void run_cscli(std::vector<std::string> arguments) {
        const std::string command = arguments.front() + " " + arguments[1];
        os::Child child = spawn("cscli", std::move(arguments));
        net::run_until_for_test(context_, [&] { return child.has_ended(); });
        if (child.exit_status() != 0) {
            throw std::runtime_error("cscli " + command + " failed");
        }
    }

    void write_config() const {
        for (const char* name : {"hub", "plugins"}) {
            std::filesystem::create_directories(directory_.file(name));
        }
        std::ofstream(directory_.file("hub/.index.json")) << "{}";
        std::ofstream(directory_.file("simulation.yaml")) << "simulation: false\n";
        std::ofstream(directory_.file("profiles.yaml"))
            << "name: default\nfilters: [ 'false' ]\non_success: break\n";
        std::ofstream(directory_.file("config.yaml"))
            << "common: {daemonize: false, log_media: stdout, log_level: error, working_dir: "
            << directory_.file("") << "}\nconfig_paths: {config_dir: " << directory_.file("")
            << ", data_dir: " << directory_.file("")
            << ", simulation_path: " << directory_.file("simulation.yaml")
            << ", hub_dir: " << directory_.file("hub")
            << ", index_path: " << directory_.file("hub/.index.json")
            << ", notification_dir: " << directory_.file("")
            << ", plugin_dir: " << directory_.file("plugins")
            << "}\ncrowdsec_service: {enable: false}\ncscli: {output: human}\n"
               "db_config: {log_level: error, type: sqlite, use_wal: true, db_path: "
            << directory_.file("crowdsec.db")
            << ", flush: {max_items: 5000, max_age: 7d}}\napi:\n  client: {credentials_path: "
            << directory_.file("credentials.yaml")
            << "}\n  server: {enable: true, log_level: error, listen_uri: \"127.0.0.1:"
            << port_.port() << "\", profiles_path: " << directory_.file("profiles.yaml")
            << ", trusted_ips: [127.0.0.1]}\nprometheus: {enabled: false}\n";
    }

    boost::asio::io_context& context_;
    net::TemporaryDirectory directory_;
    ReservedPort port_;
    std::optional<os::Child> child_;
};

}  // namespace homeostat::conformance
