#pragma once

// Replies as Envoy 1.40.0 gave them, shortened to what is read and a little more.

#include <string>

namespace homeostat::adapters::envoy {

inline const std::string clusters_reply = R"({
 "cluster_statuses": [
  {
   "name": "payments",
   "host_statuses": [
    {
     "address": {"pipe": {"path": "/run/p0.sock"}},
     "stats": [
      {"value": "4", "name": "cx_connect_fail"},
      {"value": "3", "name": "rq_error"},
      {"value": "17", "name": "rq_success"},
      {"name": "rq_timeout"},
      {"value": "21", "name": "rq_total"},
      {"type": "GAUGE", "value": "2", "name": "rq_active"},
      {"type": "GAUGE", "name": "rq_pending_active"}
     ],
     "health_status": {"eds_health_status": "DRAINING"},
     "weight": 1,
     "hostname": "p0",
     "locality": {}
    },
    {
     "address": {"socket_address": {"address": "127.0.0.1", "port_value": 9102}},
     "stats": [
      {"name": "rq_error"}, {"name": "rq_success"},
      {"type": "GAUGE", "name": "rq_active"}, {"type": "GAUGE", "name": "rq_pending_active"}
     ],
     "health_status": {"failed_active_health_check": true, "eds_health_status": "HEALTHY"},
     "weight": 1,
     "hostname": "p1",
     "locality": {}
    }
   ],
   "circuit_breakers": {"thresholds": [{"max_connections": 1024}]},
   "observability_name": "payments"
  },
  {"name": "fraud", "observability_name": "fraud"}
 ]
}
)";

inline const std::string stats_reply =
    R"({"stats":[{"name":"cluster.payments.version_text","value":"h-i-1.e1"},)"
    R"({"name":"runtime.version_text","value":"start"},)"
    R"({"name":"cluster.payments.update_rejected","value":1},)"
    R"({"name":"cluster.payments.upstream_cx_protocol_error","value":9},)"
    R"({"name":"cluster.payments.upstream_rq_502","value":2},)"
    R"({"name":"cluster.payments.upstream_rq_504","value":3},)"
    R"({"name":"cluster.payments.upstream_rq_5xx","value":11},)"
    R"({"name":"cluster.payments.upstream_rq_active","value":5},)"
    R"({"name":"cluster.payments.upstream_rq_completed","value":100},)"
    R"({"name":"cluster.payments.upstream_rq_pending_active","value":6},)"
    R"({"name":"cluster.payments.upstream_rq_retry","value":4},)"
    R"({"name":"cluster.payments.upstream_rq_timeout","value":8},)"
    R"({"name":"cluster.payments.upstream_rq_total","value":104},)"
    R"({"name":"cluster.fraud.upstream_rq_total","value":0},)"
    R"({"name":"runtime.update_rejected","value":7},)"
    R"({"histograms":{"supported_percentiles":[0,50],"details":[)"
    R"({"name":"cluster.payments.upstream_rq_time","totals":[)"
    R"({"lower_bound":0,"width":0,"count":4},{"lower_bound":3,"width":0.1,"count":2},)"
    R"({"lower_bound":200,"width":10,"count":1}],"intervals":[],)"
    R"("percentiles":[{"cumulative":0,"interval":null}]}]}}]})";

inline const std::string runtime_reply = R"({
 "entries": {
  "homeostat.circuit.fraud": {"layer_values": ["100"], "final_value": "100"},
  "homeostat.circuit.fraud.until": {"layer_values": ["1.79593e+12"], "final_value": "1.79593e+12"},
  "homeostat.route.quotes": {"layer_values": ["0"], "final_value": "0"},
  "theirs": {"layer_values": ["blue"], "final_value": "blue"}
 },
 "layers": ["homeostat"]
}
)";

/// What Envoy 1.40 prints for a fraction of the runtime, as it stands in its JSON.
inline const std::string dimmed_text =
    R"(goo.gle/debugonly  \nfields {\n  key: \"denominator\"\n  value {\n    string_value: )"
    R"(\"TEN_THOUSAND\"\n  }\n}\nfields {\n  key: \"numerator\"\n  value {\n    )"
    R"(number_value: 2510\n  }\n}\n)";

inline const std::string dimmed_reply =
    R"({"entries": {"homeostat.dimmer.fraud.permille": {"final_value": "251"},)"
    R"("homeostat.dimmer.fraud.until": {"final_value": "1.796e+12"},)"
    R"("homeostat.dimmer.fraud": {"final_value": ")" +
    dimmed_text + R"("}}, "layers": ["homeostat"]})";

}  // namespace homeostat::adapters::envoy
