#pragma once

// SimulatedExecutor: a thread of the healing graph, advanced against a simulated world.
//
// It stands for everything that a process of ours knows (thread, history) and for the ledger, which
// is all that its successor gets. The process dies when `points_left` reaches zero: there is a
// point before and after every commit, and before, inside and after every effect. A referee watches
// that no effect happens without a durable intent.
//
// Pure.

#include "homeostat/decide/decide.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/heal/healing_graph.hpp"
#include "homeostat/heal/simulated_world_for_test.hpp"

#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::heal {

/// Everything is permitted that a permission can be given for.
[[nodiscard]] Around around_for_test();

inline constexpr Duration question_for_max_for_test = std::chrono::seconds{30};

/// Where in an effect a process dies.
enum class DeathIn : std::uint8_t { before, inside, after };

class SimulatedExecutor {
  public:
    explicit SimulatedExecutor(SimulatedWorld& world);
    ~SimulatedExecutor();
    SimulatedExecutor(const SimulatedExecutor&) = delete;
    SimulatedExecutor& operator=(const SimulatedExecutor&) = delete;

    // What a test sets.
    Around around{around_for_test()};
    decide::Settings decide{};          ///< Of the agent's choices, for whoever replays them.
    std::optional<Proposal> cure;       ///< What the agent says while a stopgap holds.
    std::deque<ProofKind> proofs_next;  ///< Empty: the world is judged as it is.
    std::string facts_trouble;          ///< Why the world cannot be read; empty: it can.
    int points_left{std::numeric_limits<int>::max()};
    std::map<EffectId, DeathIn> deaths_next;
    std::function<void(const HealingThread&, const std::vector<Entry>&)> on_commit;
    std::function<void(const std::string&)> on_command;  ///< As it ends, in one line.

    // What survives us.
    std::vector<EntryGroup> ledger;
    std::vector<std::string> notices;  ///< What a person was told.
    std::vector<std::string> broken;   ///< Promises that the referee saw broken.

    /// Ends where the thread waits for time, for the agent or for a person.
    void open(Proposal proposal);

    /// What another incident of the same executor writes.
    void write(Entry entry);

    void tell(Incident::Message message);

    /// A person answers what is asked. False: nothing is.
    bool answer(AnswerKind kind, const std::string& by = "alice");

    /// When the thread wants to be woken.
    [[nodiscard]] std::optional<Instant> wake_at() const;

    [[nodiscard]] bool wakes_by(Instant at) const { return wake_at() && *wake_at() <= at; }

    /// Lets time pass until the thread wants to be woken. False: it waits for something else.
    bool wake();

    /// A person was called, and all that is left is to judge anew one day.
    [[nodiscard]] bool is_put_off() const;

    /// A rollout stands until a person has done something about it.
    [[nodiscard]] bool is_left() const;

    /// Lets time pass until the thread has ended or waits for the agent or a person.
    void settle();

    /// Lets time pass until the thread is at `node`; false if it never gets there.
    bool settle_at(std::string_view node);

    /// A new process: all that it knows is the ledger.
    void restart();

    [[nodiscard]] bool is_dead() const { return is_dead_; }
    [[nodiscard]] const guard::History& history() const { return history_; }

    /// Where the thread is; empty before its first commit.
    [[nodiscard]] std::string node() const { return thread_ ? node_of(*thread_) : ""; }
    [[nodiscard]] bool has_ended() const { return has_ended_; }
    [[nodiscard]] const HealingThread& thread() const { return *thread_; }
    [[nodiscard]] const IncidentState& incident() const { return incident_of(*thread_); }

    /// What was written, without starts and checkpoints.
    [[nodiscard]] std::vector<std::string> story() const;

  private:
    /// What a process of ours writes first.
    void begin_run();

    bool dies_here();
    bool dies_in(const EffectId& effect, DeathIn where);
    void told(const std::string& line);
    [[nodiscard]] static const HealingGraph& graph();
    [[nodiscard]] bool has_work() const;

    /// What a node is entered with comes before what was told meanwhile.
    HealingInput next_input();

    /// Until the thread waits or ends.
    void crank(HealingInput first);

    void step(const HealingInput& input);

    /// False: the process died before it or after it.
    bool commit(HealingAdvance& advance);

    std::optional<Incident::Message> perform(Incident::Command command);
    std::optional<Incident::Message> perform_effect(const Request& request);
    Proof prove();

    SimulatedWorld& world_;
    std::set<EffectId> intents_;  ///< That are in the ledger.
    guard::History history_;
    std::optional<HealingThread> thread_;
    std::deque<HealingInput> inputs_;
    std::vector<Entry> unwritten_;  ///< For the group of the next step.
    bool has_ended_{false};
    bool is_dead_{false};
};

}  // namespace homeostat::heal
