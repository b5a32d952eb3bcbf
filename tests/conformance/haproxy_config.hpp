#pragma once

// The configuration of HaproxyWorld's HAProxy: every server and every address is a UNIX socket in
// the test's directory.
//
// For tests only.

#include "homeostat/net/scripted_peer_for_test.hpp"

#include <chrono>
#include <fstream>
#include <string>

namespace homeostat::conformance {

/// `lasts`: how long a circuit stays open, and a route or dimmer turned, that nobody turns back.
inline void write_haproxy_config(const net::TemporaryDirectory& directory,
                                 bool has_checks,
                                 std::chrono::milliseconds lasts) {
    const std::string check = has_checks ? " check inter 50ms fall 2 rise 1" : "";
    const std::string checks = has_checks ? "  option httpchk GET /healthz\n" : "";
    std::ofstream config(directory.file("haproxy.cfg"));
    config << "global\n  nbthread 1\n  maxconn 200\n  stats socket "
           << directory.file("haproxy.sock")
           << " mode 600 level admin\n  stats timeout 1h\n"
              "defaults\n  mode http\n  timeout connect 200ms\n  timeout client 5s\n"
              "  timeout server 800ms\n  timeout queue 60ms\n  timeout check 200ms\n"
              "  retries 1\n  option redispatch\n"
              "frontend edge\n  bind unix@"
           << directory.file("edge.sock")
           << "\n  default_backend payments\n"
              "backend payments\n  balance roundrobin\n"
           << checks << "  server p0 unix@" << directory.file("p0.sock") << check
           << "\n  server p1 unix@" << directory.file("p1.sock") << check
           << "\nbackend circuits\n  stick-table type string len 65 size 100 expire "
           << lasts.count()
           << "ms store gpt0\nbackend dimmers\n"
              "  stick-table type string len 65 size 100 expire "
           << lasts.count() << "ms store gpt0\nfrontend fraud_in\n  bind unix@"
           << directory.file("fraud.sock")
           << "\n  http-request set-var(txn.held) str(fraud),table_gpt0(dimmers)\n"
              "  http-request return status 200 content-type text/plain string fallback "
              "if { str(fraud),table_gpt0(circuits) gt 0 }\n"
              "  http-request return status 200 content-type text/plain string fallback "
              "if { rand(1000),sub(txn.held) lt 0 }\n"
              "  default_backend fraud\nbackend fraud\n"
           << checks << "  server f0 unix@" << directory.file("p0.sock") << check
           << "\nbackend reroutes\n  stick-table type string len 65 size 100 expire "
           << lasts.count() << "ms store gpt0\nfrontend quotes_in\n  bind unix@"
           << directory.file("quotes.sock")
           << "\n  use_backend source if { str(quotes),table_gpt0(reroutes) gt 0 }\n"
              "  default_backend quotes\nbackend quotes\n  server q0 unix@"
           << directory.file("p0.sock") << "\nbackend source\n"
           << checks << "  server s0 unix@" << directory.file("p1.sock") << check << "\n";
    config.close();
}

}  // namespace homeostat::conformance
