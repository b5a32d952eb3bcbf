#pragma once

// Stage: what of a cell outlives every process of ours in it, and when its fault begins and ends.

#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/sim/disk/sim_disk.hpp"

#include "cell.hpp"
#include "cell_clock.hpp"
#include "cluster.hpp"
#include "others.hpp"
#include "witness.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::matrix {

struct Stage {
    explicit Stage(const Cell& cell);

    /// The incident has come to a phase. The first time at that of the cell its fault begins.
    void enter(Phase phase);
    /// Ends the fault if its time is over; lets time pass for those outside.
    void pass();
    void say(std::string_view line);
    /// Tells a person.
    void notify(const std::string& text);

    /// How long the fault lasts.
    [[nodiscard]] Duration fault_for() const;

    Spoiler spoiler;
    CellClock clock;
    Cluster cluster;
    sim::disk::SimDisk disk;
    LeasePort lease;
    SinkPort sink;
    BudgetPort budget;
    Witness witness;
    net::TemporaryDirectory directory;
    std::optional<Instant> fault_ends_at;
    std::vector<std::string> notices;
    std::vector<std::string> trace;
};

}  // namespace homeostat::matrix
