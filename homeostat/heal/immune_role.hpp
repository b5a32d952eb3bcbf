#pragma once

// ImmuneRole: marks sources of requests at the edge, as feeds and the edge's counters have it
// (docs/block_sources.md).
//
// It asks each feed in a turn of its own, so that one that hangs holds up nobody, lets the stage
// immune judge, and carries out what that orders: each order is asked of guard, announced in the
// ledger, performed, read back and recorded. It belongs to the executor's side. Nothing of it needs
// a diagnosis or a model, and it is never in the path of a request.
//
// What it has marked is no state of the process: the edge ends it, and a successor's orders replace
// it. While the edge does not say what it counts, nothing is ordered or renewed.
//
// Lives on one strand (a single-threaded io_context); not thread-safe.

#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/entry_bodies_feeds.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/marking.hpp"
#include "homeostat/domain/verdict.hpp"
#include "homeostat/guard/marking.hpp"
#include "homeostat/heal/immune_view.hpp"
#include "homeostat/immune/immune.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/kill_switch.hpp"
#include "homeostat/ports/source_marker.hpp"
#include "homeostat/ports/threat_feed.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace homeostat::heal {

struct ImmuneSettings {
    immune::Settings policy;
    guard::MarkLimits limits;
    Autonomy autonomy{Autonomy::watch};
    std::string life;  ///< Of this process: begins the ids of its effects.
    Duration poll_for_max{std::chrono::seconds{5}};  ///< All that a feed lists may be long.
    Duration look_every{std::chrono::milliseconds{250}};
    Duration look_for_max{std::chrono::milliseconds{500}};
    Duration mark_for_max{std::chrono::seconds{2}};  ///< A thousand sources take some 20 ms.
    /// Between orders that fail in a row: under half a lease.
    Duration retry_for_max{std::chrono::seconds{30}};
    std::function<void(const std::string&)> log;  ///< Not blocking.
    /// True once they are durable.
    std::function<Task<bool>(std::vector<Entry>)> keep;
    /// Why nothing may be done on our own judgement; empty: nothing is in the way.
    std::function<std::string()> unwitnessed;
};

struct ImmunePorts {
    ports::Clock& clock;
    ports::KillSwitch& kill_switch;
    ports::SourceMarker& marker;
    std::vector<ports::ThreatFeed*> feeds;  ///< As in the policy.
};

class ImmuneRole {
  public:
    ImmuneRole(boost::asio::any_io_executor strand, ImmunePorts ports, ImmuneSettings settings);

    /// Runs until it is stopped.
    Task<void> run();
    void stop() { is_stopping_ = true; }

    [[nodiscard]] ImmuneView view() const;
    [[nodiscard]] const immune::State& state() const { return state_; }

  private:
    Task<void> watch_feed(std::size_t feed);
    Task<void> look();
    Task<bool> carry_out(Marking marking);
    [[nodiscard]] guard::MarkMatter matter_of(const Marking& marking) const;
    void put_off();
    void refuse(const EffectId& effect, const Verdict& verdict);
    void tell(const std::vector<FeedBody>& news);
    void report(const std::string& trouble);
    void note(Entry entry);
    Task<void> write_notes();

    boost::asio::any_io_executor strand_;
    ImmunePorts ports_;
    ImmuneSettings settings_;
    immune::State state_;
    guard::MarkPace pace_;
    MarkCounts counts_;
    std::deque<Entry> notes_;  ///< To be written. At most `notes_max`.
    std::uint64_t effects_count_{0};
    Instant retry_at_{};    ///< Nothing is ordered before.
    unsigned failures_{0};  ///< Orders that failed in a row.
    std::string trouble_;   ///< Of the last look; told once.
    bool is_stopping_{false};
};

}  // namespace homeostat::heal
