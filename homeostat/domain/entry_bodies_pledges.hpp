#pragma once

// The bodies of ledger entries about pledges between neighbours, and of what was done for them.
//
// Pure; values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/dimmer.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/verdict.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace homeostat {

/// What happened to a pledge.
enum class PledgeEvent : std::uint8_t {
    asked,        ///< This caller asks its callee what would help.
    promised,     ///< A mode is in force, and was promised on these terms.
    leaving,      ///< The caller would leave it early.
    ended,        ///< The promise is over; traffic comes back in steps.
    helped_self,  ///< No agreement: the caller throttles on its own.
    returned,     ///< All is as usual.
    frozen,       ///< Nothing new begins.
    offered,      ///< This callee has asked a caller for terms.
    relied_on,    ///< The caller has promised; the callee counts on it.
    let_go,       ///< The callee counts on it no more.
    reported,     ///< What users got under a promise, as its caller says.
    waited,       ///< A remedy of ours waits: a neighbour takes capacity away, or looks after it.
    held_up,      ///< We do, and have told a neighbour so that asked.
};

constexpr auto names_of(std::type_identity<PledgeEvent>) {
    return std::to_array<std::string_view>({"asked", "promised", "leaving", "ended", "helped_self",
                                            "returned", "frozen", "offered", "relied_on", "let_go",
                                            "reported", "waited", "held_up"});
}

struct PledgeBody {
    PledgeEvent event{PledgeEvent::asked};
    std::string route;
    std::string neighbour;       ///< The agent on the other side.
    std::string thread;          ///< Of the side that asked: the same in both ledgers.
    std::string traceparent;     ///< W3C Trace Context, likewise.
    std::string mode;            ///< Empty where no terms are meant.
    std::uint32_t rps_max{0};    ///< Likewise. UNITS: requests/s.
    std::uint32_t permille{0};   ///< Held back when it was written.
    std::uint32_t calls_rps{0};  ///< To the callee, held back or not, in the last window.
    std::uint32_t errors_permille{0};
    std::uint32_t wait_ms{0};  ///< Longer than usual, on average, in the last window.
    Duration lasts{};          ///< Of the promise, from then on; or of a neighbour's word.
    std::string says{};        ///< That word: "wait", "mine". Else empty.

    static void fields(auto& self, auto&& field) {
        field("event", self.event);
        field("route", self.route);
        field("neighbour", self.neighbour);
        field("thread", self.thread);
        field("traceparent", self.traceparent);
        field("mode", self.mode, may_be_absent);
        field("rps_max", self.rps_max, may_be_absent);
        field("permille", self.permille, may_be_absent);
        field("calls_rps", self.calls_rps, may_be_absent);
        field("errors_permille", self.errors_permille, may_be_absent);
        field("wait_ms", self.wait_ms, may_be_absent);
        field("lasts", self.lasts, may_be_absent);
        field("says", self.says, may_be_absent);
    }
};

/// A dimmer is about to be turned: durable before it is.
struct DimmingBody {
    EffectId effect;
    Dim dim;
    std::string route;
    std::uint32_t calls_rps{0};  ///< What guard knew.

    static void fields(auto& self, auto&& field) {
        field("effect", self.effect);
        field("dim", self.dim);
        field("route", self.route);
        field("calls_rps", self.calls_rps);
    }
};

/// What became of it; or why guard did not permit it.
struct DimmedBody {
    EffectId effect;
    Outcome outcome;
    std::string rule{};  ///< Of guard's, where it was refused; else empty.

    static void fields(auto& self, auto&& field) {
        field("effect", self.effect);
        field("outcome", self.outcome);
        field("rule", self.rule, may_be_absent);
    }
};

}  // namespace homeostat
