#pragma once

// PledgeView: what people are shown of one route on which services have agreed, or could.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry_bodies_pledges.hpp"

#include <cstdint>
#include <string>

namespace homeostat::heal {

/// One route, as its caller or as its callee sees it.
struct PledgeView {
    std::string role;  ///< "caller", "callee".
    std::string route;
    std::string neighbour;
    bool is_heard{false};  ///< The neighbour has spoken in this life.
    std::string phase;
    std::string mode;
    std::uint32_t rps_max{0};
    std::uint32_t permille{0};  ///< Held back at the edge; callers only.
    std::uint32_t calls_rps{0};
    std::uint32_t errors_permille{0};
    std::uint32_t wait_ms{0};
    std::int64_t lasts_ms{0};  ///< Of the promise, or of counting on it.
    std::string thread;

    static void fields(auto& self, auto&& field) {
        field("role", self.role);
        field("route", self.route);
        field("neighbour", self.neighbour);
        field("is_heard", self.is_heard);
        field("phase", self.phase);
        field("mode", self.mode);
        field("rps_max", self.rps_max);
        field("permille", self.permille);
        field("calls_rps", self.calls_rps);
        field("errors_permille", self.errors_permille);
        field("wait_ms", self.wait_ms);
        field("lasts_ms", self.lasts_ms);
        field("thread", self.thread);
    }
};

/// Something that happened to a pledge lately; the ledger has it, too.
struct PledgeMoment {
    WallTime wall_at{};
    PledgeBody pledge;
};

}  // namespace homeostat::heal
