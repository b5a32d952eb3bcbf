#include "homeostat/app/mesh_story.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A ledger of one service that holds one pledge entry.
std::vector<EntryGroup> ledger_of(const std::string& service, PledgeBody pledge, milliseconds at) {
    StartedBody started;
    started.service = ServiceId(service);
    EntryGroup group;
    group.at = Instant{at};
    group.wall_at = WallTime{at};
    group.entries = {record::started(started), record::pledge(pledge)};
    return {std::move(group)};
}

PledgeBody word(PledgeEvent event, const std::string& neighbour) {
    PledgeBody body;
    body.event = event;
    body.neighbour = neighbour;
    body.thread = "i-7";
    body.traceparent = trace;
    body.says = "mine";
    body.lasts = seconds{2};
    return body;
}

}  // namespace

TEST_CASE("a wait for a neighbour is one story of two ledgers") {
    std::vector<MeshMoment> moments =
        moments_of(ledger_of("payments", word(PledgeEvent::waited, "orders"), milliseconds{1'004}));
    for (MeshMoment& moment : moments_of(
             ledger_of("orders", word(PledgeEvent::held_up, "payments"), milliseconds{1'001}))) {
        moments.push_back(std::move(moment));
    }
    CHECK(to_lines(story_of(moments, "i-7")) ==
          "i-7, trace 0af7651916cd43dd8448eb211c80319c\n"
          "   +0.000 s  orders           is at it, and told payments \"mine\", for 2.0 s\n"
          "   +0.003 s  payments         waits for orders: it said \"mine\", for 2.0 s\n");
}

}  // namespace homeostat::app
