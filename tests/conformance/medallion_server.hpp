#pragma once

// MedallionServer: medallion, a TAXII 2.1 server in Python, with one empty collection in its memory
// that gives two objects a page. It is killed with the test. For tests only.

#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/adapters/taxii/taxii_feed.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/timestamp.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/child.hpp"

#include "reserved_port.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace homeostat::conformance {

/// The one that `tools/setup.sh check` brings, else that of PATH; nothing when there is none.
inline std::optional<std::string> medallion_program() {
    for (const std::string& place :
         {std::string(MEDALLION_DIR) + "/venv/bin/medallion", std::string("medallion")}) {
        if (Result<std::string> found = os::find_program(place, "")) {
            return *found;
        }
    }
    return std::nullopt;
}

/// A suite whose peer is missing says so; the line makes ctest count it as skipped.
inline bool has_medallion() {
    const bool is_there = medallion_program().has_value();
    if (!is_there) {
        std::cout << "SKIPPED: medallion is not installed (tools/setup.sh check brings it)\n";
    }
    return is_there;
}

class MedallionServer {
  public:
    /// REQUIRES: `context` outlives it.
    explicit MedallionServer(boost::asio::io_context& context) : context_(context) {
        write_config();
        start();
    }
    ~MedallionServer() { kill(); }  // NOLINT(bugprone-exception-escape): a test ends with it.
    MedallionServer(const MedallionServer&) = delete;
    MedallionServer& operator=(const MedallionServer&) = delete;

    /// What was posted before is forgotten.
    void start() {
        os::Program program;
        program.argv = {medallion_program().value(), "--port", std::to_string(port_.port()),
                        directory_.file("config.json")};
        program.ends_with_us = true;
        Result<os::Child> child = os::spawn(program);
        if (!child) {
            throw std::runtime_error(child.error().text);
        }
        child_.emplace(*std::move(child));
        // It listens a little later: Python begins slowly where a machine is busy.
        const Instant ends_at = net::now_for_test() + std::chrono::minutes{1};
        while (!request("GET", "")) {
            if (net::now_for_test() > ends_at) {
                throw std::runtime_error("medallion does not begin");
            }
            context_.restart();
            boost::asio::steady_timer pause(context_, std::chrono::milliseconds{20});
            pause.async_wait([](const boost::system::error_code&) {});
            context_.run_one();
        }
    }
    void kill() {
        if (child_) {
            static_cast<void>(child_->process().send(SIGKILL));
            net::run_until_for_test(context_, [&] { return child_->has_ended(); });
            child_.reset();
        }
    }

    /// An indicator of its own for each address.
    void add(const std::string& address, Duration lasts) {
        post(address, pattern_of(address), lasts);
    }
    void remove(const std::string& address) {
        post(address, pattern_of(address), std::chrono::hours{1}, true);
    }
    /// The next version of the indicator that `name` stands for.
    void post(const std::string& name,
              const std::string& pattern,
              Duration lasts,
              bool is_revoked = false) {
        const auto [known, is_new] = numbers_.try_emplace(name, numbers_.size() + 1);
        const WallTime now = clock_.wall_now();
        last_at_ = std::max(last_at_ + std::chrono::milliseconds{1}, now);
        const WallTime until = now + std::chrono::floor<WallTime::duration>(lasts);
        const WallTime from = std::min(now, until) - std::chrono::seconds{1};
        json::object object;
        object["type"] = "indicator";
        object["spec_version"] = "2.1";
        object["id"] = fmt::format("indicator--00000000-0000-4000-8000-{:012}", known->second);
        object["created"] = to_timestamp(from);
        object["modified"] = to_timestamp(last_at_);
        object["name"] = json::value("of " + name);
        object["pattern"] = json::value(pattern);
        object["pattern_type"] = "stix";
        object["valid_from"] = to_timestamp(from);
        object["valid_until"] = to_timestamp(until);
        object["revoked"] = is_revoked;
        json::object envelope;
        envelope["objects"] = json::array{std::move(object)};
        const Result<net::HttpResponse> reply = request("POST", to_text(json::value(envelope)));
        if (!reply || reply->status != 202) {
            throw std::runtime_error("medallion does not take an indicator");
        }
    }

    [[nodiscard]] std::unique_ptr<adapters::taxii::TaxiiFeed> feed() { return feed_of(collection); }
    [[nodiscard]] std::unique_ptr<adapters::taxii::TaxiiFeed> feed_of(const std::string& path) {
        return feed_of(path, "homeostat:password-for-test");
    }
    [[nodiscard]] std::unique_ptr<adapters::taxii::TaxiiFeed> stranger() {
        return feed_of(collection, "homeostat:guessed");
    }

  private:
    static constexpr const char* collection =
        "/api1/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/";

    [[nodiscard]] std::unique_ptr<adapters::taxii::TaxiiFeed> feed_of(const std::string& path,
                                                                      std::string login) {
        return std::make_unique<adapters::taxii::TaxiiFeed>(
            context_.get_executor(),
            adapters::taxii::Options{
                .api = endpoint(), .collection = path, .login = std::move(login)},
            clock_);
    }
    [[nodiscard]] net::Endpoint endpoint() const {
        return net::TcpEndpoint{"127.0.0.1", port_.port()};
    }
    [[nodiscard]] static std::string pattern_of(const std::string& address) {
        return fmt::format("[ipv{}-addr:value = '{}']", address.contains(':') ? 6 : 4, address);
    }

    [[nodiscard]] Result<net::HttpResponse> request(const std::string& method, std::string body) {
        net::HttpRequest request;
        request.method = method;
        request.path = std::string(collection) + "objects/";
        request.body = std::move(body);
        request.content_type = method == "POST" ? "application/taxii+json;version=2.1" : "";
        request.headers = {{"Accept", "application/taxii+json;version=2.1"},
                           {"Authorization", "Basic aG9tZW9zdGF0OnBhc3N3b3JkLWZvci10ZXN0"}};
        return net::run_for_test(
            context_, net::request_once(context_.get_executor(), endpoint(), std::move(request),
                                        net::now_for_test() + std::chrono::seconds{5}));
    }

    void write_config() const {
        std::ofstream(directory_.file("data.json"))
            << R"({"api1":{"information":{"title":"t","versions":["application/taxii+json;)"
               R"(version=2.1"],"max_content_length":1048576},"status":[],"collections":[{"id":)"
               R"("91a7b528-80eb-42ed-a74d-c6fbd5a26116","title":"t","can_read":true,)"
               R"("can_write":true,"media_types":["application/stix+json;version=2.1"],)"
               R"("objects":[],"manifest":[]}]}})";
        std::ofstream(directory_.file("config.json"))
            << R"({"users":{"homeostat":"password-for-test"},"taxii":{"max_page_size":2},)"
               R"("backend":{"module":"medallion.backends.memory_backend","module_class":)"
               R"("MemoryBackend","filename":")"
            << directory_.file("data.json") << "\"}}";
    }

    boost::asio::io_context& context_;
    adapters::system::SystemClock clock_{context_.get_executor()};
    net::TemporaryDirectory directory_;
    ReservedPort port_;
    std::map<std::string, std::size_t> numbers_;
    WallTime last_at_{};  ///< Of the newest version: each is newer than the one before.
    std::optional<os::Child> child_;
};

}  // namespace homeostat::conformance
