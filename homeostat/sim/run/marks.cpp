#include "homeostat/sim/run/trace.hpp"

#include <array>

namespace homeostat::sim {

std::span<const std::string_view> all_marks() {
    static constexpr std::array<std::string_view, 46> marks{
        "a process was replaced in two steps",
        "a record arrived and nobody was told",
        "a record was lost on its way",
        "autoscaler took it back",
        "caches order_lost",
        "counters dropped",
        "counters duplicated",
        "counters reordered",
        "died idle",
        "died in an incident",
        "died while recovering",
        "edge late_effect",
        "edge order_lost",
        "edge reply_lost",
        "edge silent",
        "edge stale",
        "edge throttled",
        "ended well",
        "ended with a person told",
        "entry escalated",
        "entry gap",
        "entry given_back",
        "entry good",
        "entry held",
        "entry intent",
        "entry proof",
        "entry undo",
        "entry verdict",
        "forged proposal refused",
        "forged proposal taken",
        "gitops took it back",
        "kill switch",
        "ledger full",
        "ledger has room again",
        "model asked: demon",
        "model asked: garbage",
        "model asked: slow",
        "outcome refused",
        "person came",
        "restarted under our hands",
        "runtime late_effect",
        "runtime order_lost",
        "runtime partial",
        "runtime reply_lost",
        "runtime throttled",
        "script took it back",
    };
    return marks;
}

}  // namespace homeostat::sim
