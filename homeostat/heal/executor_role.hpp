#pragma once

// ExecutorRole: guards, acts, verifies and records. Alone holds the means to act.
//
// It owns the threads of the healing graph. An event for a thread goes into the thread's inbox; one
// pump per thread takes the events in order: one superstep, its entries and checkpoint appended to
// the ledger as one group, then its commands. If the append fails, the commands are dropped and the
// thread stands still: no ledger, no action. One remedy goes on without, because nothing is alive
// at its target that it could harm: a process that has ended is started again. Its groups are kept
// in memory, as far as there is room, and written first once the ledger takes groups again.
//
// Lives on one strand (a single-threaded io_context); not thread-safe.

#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/inventory.hpp"
#include "homeostat/guard/guard.hpp"
#include "homeostat/heal/healing_graph.hpp"
#include "homeostat/heal/port_calls.hpp"
#include "homeostat/ports/actuator.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/executor.hpp"
#include "homeostat/ports/kill_switch.hpp"
#include "homeostat/ports/ledger.hpp"
#include "homeostat/ports/telemetry.hpp"
#include "homeostat/sense/sense.hpp"
#include "homeostat/verify/verify.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace homeostat::heal {

struct ExecutorSettings {
    Inventory inventory;
    guard::Limits guard;
    verify::Limits verify;
    StartedBody started;       ///< What the first entry of this run says.
    std::string boot_id;       ///< As the ledger writes it: instants of other boots mean nothing.
    Duration proof_time{};     ///< A version that served this long is good.
    Duration drain_for_max{};  ///< See heal::Around for this and the next five.
    Duration refusal_for_max{};
    Duration plan_for_max{};
    Duration rejudge_for_max{};
    Duration question_for_max{};
    Duration hold_for_max{};
    Duration perform_for_max{};                      ///< Deadline of one effect.
    Duration read_for_max{};                         ///< Deadline of one reading of the world.
    std::function<void(const std::string&)> notify;  ///< Tells a person. Must not block.
    std::function<std::string()> unwitnessed{};  ///< Why nothing judged may begin; empty: it may.
};

struct ExecutorPorts {
    ports::Clock& clock;
    ports::Ledger& ledger;
    ports::KillSwitch& kill_switch;
    std::vector<ports::Actuator*> actuators;
    std::vector<ports::Telemetry*> verifiers;  ///< Fresh samples for verify; own connections.
};

/// What `status` and `incidents` show of an open incident.
struct IncidentView {
    IncidentId incident;
    Symptom symptom;
    std::string node;
    Instant opened_at{};
    std::vector<Remedy> tried;
    std::string trouble;

    static void fields(auto& self, auto&& field) {
        field("incident", self.incident);
        field("symptom", self.symptom);
        field("node", self.node);
        field("opened_at", self.opened_at);
        field("tried", self.tried);
        field("trouble", self.trouble);
    }
};

class ExecutorRole final : public ports::Executor {
  public:
    ExecutorRole(boost::asio::any_io_executor strand,
                 ExecutorPorts ports,
                 ExecutorSettings settings);

    /// Reads the ledger: history, good versions, threads that were open. Call once, first.
    /// ERRORS: corrupt, invalid: a person has to look; nothing was changed.
    [[nodiscard]] Result<void> recover();

    /// Writes `started`, goes on with the recovered threads, and serves until `stop`.
    Task<void> run();

    /// No superstep begins after this; what is in flight is settled by the next start.
    void stop();

    [[nodiscard]] std::optional<Standing> standing(const Symptom& symptom) const override;
    [[nodiscard]] std::vector<Symptom> open_symptoms() const override;
    Task<Result<Standing>> submit(Proposal proposal) override;
    Task<void> clear(Symptom symptom) override;
    Task<Result<Change>> note(Change change) override;

    /// Engages or releases the kill switch and records who did. ERRORS: full.
    Task<Result<void>> flip_switch(bool engage, SwitchBody body);

    [[nodiscard]] std::vector<IncidentView> incidents() const;
    [[nodiscard]] const std::set<VersionId>& versions_good(Artifact artifact) const {
        return versions_good_[artifact];
    }
    /// The version that was current when the ledger last spoke of one; empty if it never did.
    [[nodiscard]] const VersionId& version_last_seen(Artifact artifact) const {
        return versions_last_seen_[artifact];
    }
    /// The first-hand changes of this boot that the ledger told of, oldest first.
    [[nodiscard]] const std::vector<Change>& changes_before() const { return changes_before_; }
    /// Why nothing can be recorded at present; empty while the ledger works.
    [[nodiscard]] const std::string& ledger_trouble() const { return ledger_trouble_; }
    /// The world as guard sees it.
    Task<Facts> read_facts();

  private:
    struct Slot {
        HealingThread thread;
        std::deque<HealingEvent> inbox;
        bool is_pumping{false};
        std::uint64_t wake_generation{0};
        Instant written_at{};
        bool is_known{false};  ///< The ledger, or what is kept for it, has a checkpoint of it.
        std::string trouble;   ///< In `recover` only: why its checkpoint cannot be read.
    };

    /// A version on its way to being good.
    struct Proving {
        VersionId version;
        Instant since{};  ///< Nothing has disturbed it since.
    };

    void post(const std::string& id, HealingEvent event);
    void begin_pump(const std::string& id);
    Task<void> pump(std::string id);
    Task<void> take_turn();
    Task<bool> advance_once(Slot& slot, HealingEvent event);
    Task<bool> take_step(Slot& slot, HealingEvent event, std::vector<Incident::Command>& commands);
    /// One group of the ledger: what the step wants kept, and the thread as it is after it.
    Task<bool> write_step(Slot& slot, const graph::Advance<Incident>& advance);
    Task<void> carry_out(Slot& slot, Incident::Command command);
    Task<void> wake_later(std::string id, std::uint64_t generation, Instant at);
    Task<bool> append(std::vector<Entry> entries, ports::Durability durability);
    Task<bool> append_or_keep(std::vector<Entry> entries, ports::Durability durability);
    Task<bool> write(const EntryGroup& group, ports::Durability durability);
    Task<void> watch_ledger();
    Task<bool> write_what_was_kept();
    void go_on();
    [[nodiscard]] EntryGroup group_of(std::vector<Entry> entries) const;
    [[nodiscard]] std::string next_incident_id();
    Task<Outcome> perform(Request request);
    Task<Proof> verify(Symptom symptom);
    Task<void> watch_edge();
    Task<void> prove_versions();
    Task<void> prove(Artifact artifact, const Facts& facts, Instant now);
    void learn(const EntryGroup& group, Instant at);
    void learn_versions(const Entry& entry);
    void remember(const Entry& entry, bool is_of_this_boot);
    [[nodiscard]] bool explains(const HealingThread& thread, const Symptom& down) const;
    [[nodiscard]] bool is_about(const HealingThread& thread, const Symptom& symptom) const;
    [[nodiscard]] bool may_account_for(const HealingThread& thread, const Symptom& symptom) const;
    [[nodiscard]] const Slot* slot_for(const Symptom& symptom) const;
    [[nodiscard]] EdgeCounters edge_counters_before() const;

    boost::asio::any_io_executor strand_;
    ExecutorPorts ports_;
    ExecutorSettings settings_;
    PortCalls calls_;
    guard::History history_;
    Around around_;
    std::map<std::string, std::unique_ptr<Slot>> slots_;
    PerArtifact<std::set<VersionId>> versions_good_;
    PerArtifact<VersionId> versions_last_seen_;
    PerArtifact<Proving> provings_;
    std::vector<Change> changes_before_;      ///< Of predecessors: this boot's, first-hand.
    std::set<std::string> swaps_;             ///< Effects of ours that moved the current version.
    std::deque<EdgeCounters> edge_counters_;  ///< Of the last seconds, oldest first.
    std::uint64_t incident_last_{0};          ///< The number of the latest one.
    std::uint64_t changes_count_{0};
    std::string ledger_trouble_;
    WallTime ledger_trouble_since_{};
    std::deque<EntryGroup> kept_;  ///< Groups that the ledger did not take. Learnt already.
    std::uint64_t kept_count_{0};  ///< How many there were since it took the last one.
    bool is_advancing_{false};     ///< A superstep is being taken or written.
    bool is_stopping_{false};
};

}  // namespace homeostat::heal
