#pragma once

// PledgeRole: keeps the pledges of one service with its neighbours (docs/pledges.md).
//
// It drives mesh::Agent, which decides, with what the edge counts, and carries out what that
// orders: turns the dimmers of the edge, tells the service its mode, sends messages. It belongs to
// the executor's side: each turn of a dimmer is asked of guard, announced in the ledger, performed,
// read back and recorded, in that order. Nothing of it needs a diagnosis or a model; from a
// question to the mode in force there are 50 ms.
//
// What it has in force is no state of the process: the edge ends it, and a successor looks at the
// edge first.
//
// It is also the executor's way to ask neighbours before capacity is taken away. That needs no
// leave of a person: whoever asks or answers holds back remedies of its own at most.
//
// Lives on one strand (a single-threaded io_context); not thread-safe.

#include "homeostat/domain/dimmer.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/entry_bodies_pledges.hpp"
#include "homeostat/guard/dimming.hpp"
#include "homeostat/heal/edge_windows.hpp"
#include "homeostat/heal/pledge_settings.hpp"
#include "homeostat/heal/pledge_view.hpp"
#include "homeostat/heal/service_load.hpp"
#include "homeostat/heal/wanted_calls.hpp"
#include "homeostat/mesh/mesh.hpp"
#include "homeostat/ports/mode_board.hpp"
#include "homeostat/ports/neighbours.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::heal {

class PledgeRole final : public ports::Neighbours {
  public:
    static constexpr std::size_t notes_max = 256;
    static constexpr std::size_t moments_max = 256;

    /// REQUIRES: no objection to the mesh's settings.
    PledgeRole(boost::asio::any_io_executor strand, PledgePorts ports, PledgeSettings settings);

    /// Looks at what the edge is in, then keeps pledges until `stop`.
    Task<void> run();
    void stop() { is_stopping_ = true; }

    /// False: it does not know yet which modes are in force, and hears nobody.
    [[nodiscard]] bool is_ready() const { return agent_.outbox.is_stored(); }

    /// Bytes from somebody. Empty: taken; else why they were thrown away. REQUIRES: is_ready().
    std::optional<mesh::Discard> hear(std::string bytes);

    Task<std::vector<NeighbourWord>> ask(IncidentId incident) override;
    void note(CapacityWork work) override { take(mesh::Working{work}); }

    [[nodiscard]] std::vector<PledgeView> pledges() const;
    /// The latest, oldest first; `moments_max` at most.
    [[nodiscard]] const std::deque<PledgeMoment>& moments() const { return moments_; }
    [[nodiscard]] const mesh::Agent& agent() const { return agent_; }

  private:
    /// One route of which we are the caller.
    struct Route {
        WantedCalls calls;
        std::uint32_t permille{0};  ///< In force, as far as we know.
        Instant permille_until{};
        std::uint32_t permille_held{0};         ///< When the last promise ended: the way back.
        std::optional<mesh::EnterMode> mode{};  ///< The last one ordered; none: as usual.
        bool is_found{false};                   ///< Of our last life: it is left as it is.
        bool is_bad{false};                     ///< In the last window.
        bool is_thread_used{true};  ///< By trouble; the next trouble gets one of its own.
        mesh::Thread thread{};
    };

    /// A dimmer to be turned.
    struct Work {
        mesh::RouteId route;
        Dim dim;
        std::optional<std::uint64_t> order{};  ///< Of the EnterMode that waits for it.
        ports::ModeNotice notice;
    };

    /// What the ledger knows of a route's promise.
    struct Told {
        mesh::Phase phase{mesh::Phase::normal};
        std::optional<mesh::Terms> terms{};
    };

    /// What it knows of a caller's.
    struct ToldOfCaller {
        mesh::RelierPhase phase{mesh::RelierPhase::idle};
        std::uint64_t pledge{0};
        mesh::Terms relied{};
    };

    std::optional<mesh::Discard> take(const mesh::Event& event);
    void tell_changes();
    void tell_change(Told& told, const mesh::Provider& provider);
    void tell_change(ToldOfCaller& told, const mesh::Relier& relier);
    void note(PledgeEvent event, const mesh::Provider& provider);
    void note(PledgeEvent event, const mesh::Relier& relier);
    void note(PledgeEvent event, const NeighbourWord& word, const mesh::Thread& thread);
    void note_answer(const mesh::Message& message);
    void note(const PledgeBody& body);
    void note(Entry entry);
    void obey(const mesh::EnterMode& order);
    void obey(const mesh::Ramp& order);
    void obey(const mesh::Restore& order);
    void obey(const mesh::Throttle& order);
    void obey(const mesh::NoteOutcome& order);
    void obey(const mesh::Rely& /*order*/) {}  // Nothing to do: the relier's own state says so.
    void obey(const mesh::StopRelying& /*order*/) {}
    void begin(const mesh::RouteId& route,
               std::uint32_t permille,
               Instant until,
               std::optional<std::uint64_t> order);
    [[nodiscard]] std::uint32_t within_floor(const mesh::RouteId& id, std::uint32_t permille) const;
    [[nodiscard]] bool is_needless(const Work& work) const;
    Task<void> carry_out_all();
    Task<bool> carry_out(Work work);
    [[nodiscard]] std::expected<DimPermit, Verdict> permit_for(const Work& work, EffectId effect);
    void refuse(const EffectId& effect, const Verdict& verdict);
    void show(const ports::ModeNotice& notice);
    void report(const std::string& trouble);
    Task<void> write_notes();
    Task<void> find_modes();
    void take_over(const std::vector<DimmerFacts>& found);
    Task<void> watch();
    Task<void> wake_later(Instant at);
    void wake_in_time();
    void look(Instant now, Duration late);
    void look_at(const mesh::RouteSettings& of, const EdgeWindow& window);
    void keep_rate(const mesh::RouteSettings& of);
    [[nodiscard]] bool has_heard_all() const;
    [[nodiscard]] Instant heard_by() const;
    [[nodiscard]] mesh::Thread next_thread();
    [[nodiscard]] mesh::Load load_now(const EdgeWindow& window, Instant now);
    [[nodiscard]] mesh::Condition condition(Duration late) const;

    boost::asio::any_io_executor strand_;
    PledgePorts ports_;
    PledgeSettings settings_;
    mesh::Agent agent_;
    Instant born_at_;
    std::optional<Instant> ready_at_;
    Rng chance_;
    EdgeWindows windows_;
    guard::DimmerPace pace_;
    std::map<mesh::RouteId, Route> routes_;
    std::map<mesh::RouteId, Told> told_;
    std::map<mesh::ShareKey, ToldOfCaller> told_of_callers_;
    std::deque<Work> works_;
    std::deque<Entry> notes_;  ///< To be written. At most `notes_max`.
    std::deque<PledgeMoment> moments_;
    std::map<mesh::AgentId, Instant> held_up_at_;  ///< When that was last told of a neighbour.
    std::uint64_t threads_count_{0};
    std::uint64_t effects_count_{0};
    std::string trouble_;  ///< Of the last turn that was not made; told once.
    Struggles struggles_;  ///< Of this service.
    Instant wake_at_{Instant::max()};
    bool is_working_{false};
    bool is_writing_{false};
    bool is_stopping_{false};
};

}  // namespace homeostat::heal
