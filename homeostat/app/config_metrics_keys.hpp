#pragma once

// The key that says where /metrics and /healthz are served besides the control socket.
//
// Pure. Values only.

#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_values.hpp"

#include <string>

namespace homeostat::app {

struct MetricsSection {
    std::string listen;
    static void keys(auto& self, auto&& key) {
        key(Key{"listen",
                "Where /metrics and /healthz are read, and nothing else, as in 127.0.0.1:9464; "
                "0.0.0.0:9464 is for other machines",
                Need::required},
            PeerValue{}, self.listen);
    }
};

}  // namespace homeostat::app
