#pragma once

// ExecutorRole: guards, acts, verifies and records. Alone holds the means to act.
//
// It owns the threads of the healing graph. What happens to a thread goes into the thread's inbox;
// one pump per thread takes it in order: one step, its entries and its commit appended to the
// ledger as one group, then its commands. If the append fails, the commands are dropped and the
// thread stands still: no ledger, no action. One remedy goes on without, because nothing is alive
// at its target that it could harm: a process that has ended is started again. Its groups are kept
// in memory, as far as there is room, and written first once the ledger takes groups again.
//
// A thread that cannot go on is parked: nothing is done for it, a person is told why, and all
// others go on. So is one that this program cannot read, as another program wrote it.
//
// Lives on one strand (a single-threaded io_context); not thread-safe.

#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/dropped.hpp"
#include "homeostat/heal/executor_settings.hpp"
#include "homeostat/heal/executor_slot.hpp"
#include "homeostat/heal/healing_graph.hpp"
#include "homeostat/heal/outside_desk.hpp"
#include "homeostat/heal/port_calls.hpp"
#include "homeostat/heal/signature_desk.hpp"
#include "homeostat/ports/executor.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace homeostat::heal {

class ExecutorRole final : public ports::Executor {
  public:
    ExecutorRole(boost::asio::any_io_executor strand,
                 ExecutorPorts ports,
                 ExecutorSettings settings,
                 std::shared_ptr<const HealingGraph> graph = {});  ///< Null: one of its own.

    /// Reads the ledger: history, good versions, threads that were open. Call once, first.
    /// ERRORS: those of the ledger: a person has to look; nothing was changed.
    [[nodiscard]] Result<void> recover();

    /// Writes `started`, goes on with the recovered threads, and serves until `stop`.
    Task<void> run();

    /// From now on neighbours are asked before capacity is taken away. Call it before `run`.
    void consult(ports::Neighbours& neighbours);

    /// No superstep begins after this; what is in flight is settled by the next start.
    void stop();

    [[nodiscard]] std::optional<Standing> standing(const Symptom& symptom) const override;
    [[nodiscard]] std::vector<Symptom> open_symptoms() const override;
    Task<Result<Standing>> submit(Proposal proposal) override;
    Task<void> clear(Symptom symptom) override;
    Task<Result<Change>> note(Change change) override;

    /// A person's answer to the question that `answer` names. Once this returns it is durable, and
    /// guard is asked again; a yes that needs further signatures is durable, and waits for them.
    /// ERRORS: absent: no such incident; refused: it asks nothing, something else, or too long ago,
    /// or a yes is not signed by who has to; full: no ledger, no action; busy: not taken, say it
    /// again; late: it may have been recorded or not.
    Task<Result<void>> answer(IncidentId incident, Answer answer);

    /// A person says that an incident is over for which they were needed: one that is parked or
    /// stands by. What it left behind is theirs. ERRORS: absent, full, busy; refused: in hand.
    Task<Result<void>> close(IncidentId incident, std::string by, std::string because);

    /// A person takes back what an incident did last: what it holds is given back now; what one
    /// that is closed did is undone by the incident returned; where approvers are listed, once they
    /// have signed its form. ERRORS: absent, refused, full, busy: others have to sign it, too.
    Task<Result<IncidentId>> undo(IncidentId incident,
                                  TakenBack said,
                                  std::vector<ApprovalSignature> signatures = {});
    /// What they are to sign for that. ERRORS: absent: nobody has to sign; else as above.
    Task<Result<QuestionView>> undo_form(IncidentId incident);
    [[nodiscard]] std::vector<UndoableView> undoable() const;

    /// Engages or releases the kill switch and records who did. ERRORS: full.
    Task<Result<void>> flip_switch(bool engage, SwitchBody body);

    /// A person gives a demoted kind its autonomy back. ERRORS: absent: it is not demoted; full.
    Task<Result<void>> promote(PromotedBody body);
    [[nodiscard]] const Demotions& demotions() const { return history_.demotions(); }

    /// Entries of others on this side of the door, for the one log; an announced effect is on the
    /// disk when it returns. False: the ledger takes nothing now.
    Task<bool> keep(std::vector<Entry> entries);

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
    Task<Facts> read_facts();  ///< The world as guard sees it.
    Task<Facts> glance();      ///< As it was seen last: for looks by which nothing is done.

  private:
    using Incoming = ExecutorIncoming;
    using Slot = ExecutorSlot;

    void post(const std::string& id, Incoming incoming);
    void tell(const std::string& id, Incident::Message message);
    void begin_pump(const std::string& id);
    Task<void> pump(std::string id);
    Task<void> take_turn();
    [[nodiscard]] Incoming next_input(Slot& slot) const;
    Task<bool> advance_once(Slot& slot, Incoming incoming);
    Task<Result<void>> take_step(Slot& slot,
                                 HealingInput input,
                                 std::vector<HealingCommand>& commands);
    /// One group of the ledger: what the step wants kept, and its commit.
    Task<bool> write_step(Slot& slot, HealingAdvance& advance);
    void tell_person(const Slot& slot, const HealingInput& input) const;
    Task<void> carry_out(Slot& slot, HealingCommand command, Instant decided_at);
    Task<void> wake_later(std::string id, std::uint64_t generation, Instant at);
    Task<void> tell_of_parked();
    /// Whether that makes enough; what does not is recorded as a part. ERRORS: as of `answer`.
    Task<Result<bool>> take_signatures(IncidentId incident, Answer answer);
    void keep_form(const HealingThread& thread);
    Task<bool> close_as(std::string id, Entry closed);
    [[nodiscard]] Result<IncidentId> begin_thread(IncidentState state);
    Task<Result<void>> take_back_held(IncidentId incident, TakenBack said);
    [[nodiscard]] UndoCase undo_case_of(const IncidentId& incident) const;
    Task<void> read_back_parked(Facts facts);
    Task<bool> append(std::vector<Entry> entries, ports::Durability durability);
    Task<bool> append_or_keep(std::vector<Entry> entries, ports::Durability durability);
    Task<bool> write(const EntryGroup& group, ports::Durability durability);
    Task<void> watch_ledger();
    Task<bool> write_what_was_kept();
    void go_on();
    static void reopen(Slot& slot, bool is_same_process);
    [[nodiscard]] EntryGroup group_of(std::vector<Entry> entries) const;
    [[nodiscard]] std::string next_incident_id();
    [[nodiscard]] std::string time_mark() const;
    Task<Facts> read_facts(Slot& slot, ReadFacts asked);
    void leave_outside(Slot& slot);
    Task<Facts> gather(bool is_glance, std::vector<Subject> about);
    [[nodiscard]] bool has_parked_effects() const;
    void tell_neighbours() const;
    Task<Outcome> perform(Request request, Instant decided_at);
    Task<Proof> verify(Symptom symptom);
    Task<void> watch_edge();
    Task<void> prove_versions();
    Task<Instant> prove_versions_once();  ///< When it looked.
    Task<void> prove(Artifact artifact, const Facts& facts, Instant now);
    void learn(const EntryGroup& group, Instant at);
    void learn_versions(const Entry& entry);
    void remember(const Entry& entry, bool is_of_this_boot);
    void take_over(const CarriedOver& carried);
    [[nodiscard]] bool explains(const HealingThread& thread, const Symptom& down) const;
    [[nodiscard]] bool leaves_target_alone(const HealingThread& thread) const;
    [[nodiscard]] bool is_reflex_of(const HealingThread& thread, const Symptom& symptom) const;
    [[nodiscard]] bool is_about(const HealingThread& thread, const Symptom& symptom) const;
    [[nodiscard]] bool may_account_for(const HealingThread& thread, const Symptom& symptom) const;
    [[nodiscard]] const Slot* slot_for(const Symptom& symptom) const;
    [[nodiscard]] EdgeCounters edge_counters_before() const;

    boost::asio::any_io_executor strand_;
    ExecutorPorts ports_;
    ExecutorSettings settings_;
    PortCalls calls_;
    OutsideDesk outside_;
    guard::History history_;
    Around around_;
    SignatureDesk desk_;
    std::shared_ptr<const HealingGraph> graph_;  ///< Owned with the roles of other services.
    std::map<std::string, std::unique_ptr<Slot>> slots_;
    PerArtifact<std::set<VersionId>> versions_good_;
    PerArtifact<VersionId> versions_last_seen_;
    PerArtifact<VersionProving> provings_;
    std::vector<Change> changes_before_;     ///< Of predecessors: this boot's, first-hand.
    std::set<std::string> swaps_;            ///< Effects of ours that moved the current version.
    std::list<EdgeCounters> edge_counters_;  ///< Of the last seconds, oldest first.
    std::uint64_t incident_last_{0};         ///< The number of the latest one.
    std::uint64_t changes_count_{0};
    std::string ledger_trouble_;
    WallTime ledger_trouble_since_{};
    std::list<EntryGroup> kept_;   ///< Groups that the ledger did not take. Learnt already.
    std::uint64_t kept_count_{0};  ///< How many there were since it took the last one.
    bool is_advancing_{false};     ///< A superstep is being taken or written.
    bool is_stopping_{false};
};

}  // namespace homeostat::heal
