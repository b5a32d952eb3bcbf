#pragma once

// MarkedHaproxy: a real HAProxy with tables for marks, as docs/block_sources.md has them. It is
// killed with the test. For tests only.

#include "homeostat/adapters/haproxy/haproxy_marker.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/child.hpp"

#include "haproxy_world.hpp"
#include "visitor.hpp"

#include <signal.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::conformance {

class MarkedHaproxy {
  public:
    boost::asio::io_context context{1};

    /// Where a mark for 900 ms ends not much later.
    static MarkedHaproxy ending_soon() { return MarkedHaproxy("1s"); }

    /// `expire`: of the tables, as it stands in HAProxy's configuration; empty: none.
    explicit MarkedHaproxy(const std::string& expire = "3m") : MarkedHaproxy(expire, expire) {}
    MarkedHaproxy(const std::string& of_addresses, const std::string& of_networks) {
        const auto word = [](const std::string& expire) {
            return expire.empty() ? "" : " expire " + expire;
        };
        write_config(word(of_addresses), word(of_networks));
        start();
    }
    ~MarkedHaproxy() { kill(); }  // NOLINT(bugprone-exception-escape): a test ends with it.
    MarkedHaproxy(const MarkedHaproxy&) = delete;
    MarkedHaproxy& operator=(const MarkedHaproxy&) = delete;

    void start() {
        os::Program haproxy;
        haproxy.argv = {haproxy_program().value(), "-q", "-db", "-f",
                        directory_.file("haproxy.cfg")};
        haproxy.ends_with_us = true;
        Result<os::Child> child = os::spawn(haproxy);
        if (!child) {
            throw std::runtime_error(child.error().text);
        }
        child_.emplace(*std::move(child));
        net::run_until_for_test(context, [&] { return count().has_value(); });
    }
    void signal(int number) { static_cast<void>(child_->process().send(number)); }
    void kill() {
        if (child_) {
            signal(SIGKILL);
            net::run_until_for_test(context, [&] { return child_->has_ended(); });
            child_.reset();
        }
    }

    [[nodiscard]] haproxy::MarkerOptions options() const {
        return {net::UnixEndpoint{directory_.file("haproxy.sock")},
                {"block_addresses", "block_networks", "block_counts"}};
    }
    [[nodiscard]] haproxy::HaproxyMarker marker() { return {context.get_executor(), options()}; }

    Outcome mark(Mark mark,
                 std::vector<Network> sources,
                 Duration lasts = std::chrono::minutes{2},
                 std::optional<haproxy::MarkerOptions> options = std::nullopt) {
        haproxy::HaproxyMarker marker(context.get_executor(), options.value_or(this->options()));
        const Instant now = net::now_for_test();
        return net::run_for_test(
            context, marker.mark(mark_request_for_test({mark, std::move(sources), now + lasts}),
                                 now + within));
    }
    Outcome mark(Mark mark, const std::string& source) {
        return this->mark(mark, std::vector{network_for_test(source)});
    }
    Result<MarkCounts> count() {
        haproxy::HaproxyMarker marker(context.get_executor(), options());
        return net::run_for_test(context, marker.count(net::now_for_test() + within));
    }

    /// The status that a visitor from there gets; 0: none.
    int visit(const std::string& source, const std::string& path = "/") {
        return visit_from(context, directory_.file("edge.sock"), source, path);
    }

  private:
    static constexpr Duration within = std::chrono::seconds{5};

    void write_config(const std::string& of_addresses, const std::string& of_networks) const {
        std::ofstream config(directory_.file("haproxy.cfg"));
        config << "global\n  nbthread 1\n  maxconn 200\n  stats socket "
               << directory_.file("haproxy.sock")
               << " mode 600 level admin\n"
                  "defaults\n  mode http\n  timeout connect 200ms\n  timeout client 5s\n"
                  "  timeout server 5s\n"
                  "backend block_addresses\n  stick-table type ipv6 size 64k"
               << of_addresses
               << " store gpt0\n"
                  "backend block_networks\n  stick-table type ipv6 size 64k"
               << of_networks
               << " store gpt0\n"
                  "backend block_counts\n"
                  "  stick-table type string len 8 size 16 store http_req_cnt,gpc(6)\n"
                  "backend no_gpt0\n  stick-table type ipv6 size 64k expire 3m store conn_cnt\n"
                  "frontend edge\n  bind unix@"
               << directory_.file("edge.sock")
               << " accept-proxy\n"
                  "  http-request track-sc2 str(all) table block_counts\n"
                  "  http-request set-var(txn.address) src,table_gpt0(block_addresses)\n"
                  "  http-request set-var(txn.network) "
                  "src,ipmask(24,64),table_gpt0(block_networks)\n"
                  "  acl is_watched var(txn.address) -m int 1\n"
                  "  acl is_watched var(txn.network) -m int 1\n"
                  "  acl is_on_trial var(txn.address) -m int 2\n"
                  "  acl is_on_trial var(txn.network) -m int 2\n"
                  "  acl is_denied var(txn.address) -m int 3\n"
                  "  acl is_denied var(txn.network) -m int 3\n"
                  "  acl is_critical path_beg /pay\n"
                  "  http-request sc-inc-gpc(0,2) if is_watched\n"
                  "  http-request sc-inc-gpc(1,2) if is_on_trial\n"
                  "  http-request sc-inc-gpc(2,2) if is_denied\n"
                  "  http-request sc-inc-gpc(3,2) if is_critical\n"
                  "  http-request sc-inc-gpc(4,2) if is_critical is_on_trial\n"
                  "  http-request sc-inc-gpc(5,2) if is_critical is_denied\n"
                  "  http-request deny deny_status 403 if is_denied\n"
                  "  http-request return status 200\n";
    }

    net::TemporaryDirectory directory_;
    std::optional<os::Child> child_;
};

}  // namespace homeostat::conformance
