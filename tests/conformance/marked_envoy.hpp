#pragma once

// MarkedEnvoy: a real Envoy with a filter for marks, as docs/envoy.md has it, and a watchdog that
// looks before each visit, as its process does all the time.
//
// Envoy is killed with the test. For tests only.

#include "homeostat/adapters/envoy/admin.hpp"
#include "homeostat/adapters/envoy/envoy_marker.hpp"
#include "homeostat/adapters/envoy/source_ends.hpp"
#include "homeostat/adapters/envoy/sources_file.hpp"
#include "homeostat/adapters/envoy/sources_watchdog.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/os/child.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"

#include "envoy_config.hpp"
#include "envoy_program.hpp"
#include "permit_for_test.hpp"
#include "visitor.hpp"

#include <signal.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::conformance {

namespace envoy = adapters::envoy;

class MarkedEnvoy {
  public:
    boost::asio::io_context context{1};

    static MarkedEnvoy ending_soon() { return MarkedEnvoy(); }

    /// `filter`: the type of filter that Envoy takes from the file; another one than RBAC: it
    /// rejects every file of ours.
    explicit MarkedEnvoy(const std::string& filter = "rbac.v3.RBAC",
                         const std::string& version = "start") {
        const envoy::SourcesFile file{version, {"/pay"}, {}};
        write_text(path(), file.render());
        write_config(filter);
        watch();
        start();
    }
    ~MarkedEnvoy() { kill(); }  // NOLINT(bugprone-exception-escape): a test ends with it.
    MarkedEnvoy(const MarkedEnvoy&) = delete;
    MarkedEnvoy& operator=(const MarkedEnvoy&) = delete;

    void start_with_loud_log() {
        is_log_quiet_ = false;
        start();
    }
    void start() {
        os::Program program;
        program.argv = {envoy_program().value(),
                        "-c",
                        directory_.file("envoy.json"),
                        "--concurrency",
                        "1",
                        "--log-level",
                        "warn",
                        "--component-log-level",
                        is_log_quiet_ ? "misc:error" : "misc:warning",
                        "--use-dynamic-base-id",
                        "--reject-unknown-dynamic-fields",
                        "--log-path",
                        directory_.file("envoy.log")};
        program.ends_with_us = true;
        Result<os::Child> child = os::spawn(program);
        if (!child) {
            throw std::runtime_error(child.error().text);
        }
        child_.emplace(*std::move(child));
        admin_.emplace(context.get_executor(), options());
        net::run_until_for_test(context, [&] {
            const Result<envoy::SourcesReply> reply = look();
            return reply && (!reply->version.empty() || reply->rejected_total > 0);
        });
    }
    void signal(int number) { static_cast<void>(child_->process().send(number)); }
    void kill() {
        if (child_) {
            signal(SIGKILL);
            net::run_until_for_test(context, [&] { return child_->has_ended(); });
            child_.reset();
        }
    }
    void watch() {
        Result<envoy::SourcesWatchdog> taken = envoy::SourcesWatchdog::take(directory_.file("."));
        if (!taken) {
            throw std::runtime_error(taken.error().text);
        }
        watchdog_.emplace(*std::move(taken));
    }
    void stop_watching() { watchdog_.reset(); }

    [[nodiscard]] envoy::Options options() const {
        return {.admin = net::UnixEndpoint{directory_.file("admin.sock")},
                .service = ServiceId("payments"),
                .cluster = "payments",
                .endpoints = {},
                .directory = directory_.file(".")};
    }
    [[nodiscard]] std::string path() const { return directory_.file("homeostat.sources.json"); }
    [[nodiscard]] std::string ends_path() const {
        return directory_.file("homeostat.sources.ends");
    }
    [[nodiscard]] std::string text() const {
        return os::read_file(path(), envoy::sources_file_limits.bytes_max).value_or("");
    }

    Outcome mark(Mark mark,
                 std::vector<Network> sources,
                 Duration lasts = std::chrono::minutes{2},
                 std::vector<Network> allowed = {},
                 Duration for_max = within) {
        envoy::EnvoyMarker marker(*admin_, std::move(allowed));
        const Instant now = net::now_for_test();
        return net::run_for_test(
            context, marker.mark(mark_request_for_test({mark, std::move(sources), now + lasts},
                                                       ++orders_count_),
                                 now + for_max));
    }
    Outcome mark(Mark mark, const std::string& source) {
        return this->mark(mark, std::vector{network_for_test(source)});
    }
    Result<MarkCounts> count() {
        envoy::EnvoyMarker marker(*admin_, {});
        return net::run_for_test(context, marker.count(net::now_for_test() + within));
    }
    Result<envoy::SourcesReply> look() {
        return net::run_for_test(context, admin_->look_at_sources(net::now_for_test() + within));
    }

    /// The status that a visitor from there gets; 0: none.
    int visit(const std::string& source, const std::string& path = "/") {
        if (watchdog_ && watchdog_->pass(os::read_wall_clock()).value_or(0) > 0) {
            const Result<envoy::SourcesFile> written = envoy::SourcesFile::parse(text());
            net::run_until_for_test(context, [&] {
                const Result<envoy::SourcesReply> reply = look();
                return reply && reply->version == written.value().version;
            });
        }
        return visit_from(context, directory_.file("edge.sock"), source, path);
    }

  private:
    static constexpr Duration within = std::chrono::seconds{5};

    void write_config(const std::string& filter) const {
        const std::string type = std::string(envoy_types) + "extensions.filters.http." + filter;
        const std::string discovered = fmt::format(
            R"({{"name":"homeostat.sources","config_discovery":{{"config_source":{},"type_urls":)"
            R"(["{}"],"default_config":{{"@type":"{}"}},)"
            R"("apply_default_config_without_warming":true}}}})",
            envoy_file_source(path()), type, type);
        const std::string manager = fmt::format(
            R"({{"@type":"{0}extensions.filters.network.http_connection_manager.v3.)"
            R"(HttpConnectionManager","stat_prefix":"edge","use_remote_address":true,)"
            R"("delayed_close_timeout":"0s",)"
            R"("route_config":{{"name":"edge","virtual_hosts":[{{"name":"all","domains":["*"],)"
            R"("routes":[{{"match":{{"prefix":"/"}},"direct_response":{{"status":200}}}}]}}]}},)"
            R"("http_filters":[{1},{{"name":"envoy.filters.http.router","typed_config":{{"@type":)"
            R"("{0}extensions.filters.http.router.v3.Router"}}}}]}})",
            envoy_types, discovered);
        write_text(
            directory_.file("envoy.json"),
            fmt::format(
                R"({{"node":{{"id":"test","cluster":"test"}},"admin":{{"address":{0}}},)"
                R"("stats_flush_on_admin":true,"static_resources":{{"listeners":[{{"name":"edge",)"
                R"("address":{1},"listener_filters":[{{"name":"proxy","typed_config":{{"@type":)"
                R"("{2}extensions.filters.listener.proxy_protocol.v3.ProxyProtocol"}}}}],)"
                R"("filter_chains":[{{"filters":[{{"name":)"
                R"("envoy.filters.network.http_connection_manager","typed_config":{3}}}]}}]}}]}})"
                R"(}})",
                envoy_socket(directory_.file("admin.sock")),
                envoy_socket(directory_.file("edge.sock")), envoy_types, manager));
    }

    net::TemporaryDirectory directory_;
    std::optional<envoy::Admin> admin_;
    std::optional<envoy::SourcesWatchdog> watchdog_;
    std::optional<os::Child> child_;
    int orders_count_{0};
    bool is_log_quiet_{true};
};

}  // namespace homeostat::conformance
