#pragma once

// Others outside, with the fault of a cell: the server of the Lease and the agent that waits for
// it, who confirms what they have of the ledger, and the budget of a fleet. Each knows what is
// really so, whatever it says.
//
// They outlive every process of a cell.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/ports/confirmations.hpp"
#include "homeostat/ports/fleet_budget.hpp"
#include "homeostat/ports/ledger.hpp"

#include "cell.hpp"
#include "cell_clock.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::matrix {

/// One Lease, as the real server keeps it: a patch of another version is a conflict.
class LeasePort final : public adapters::kubernetes::ApiClient {
  public:
    LeasePort(CellClock& clock, Spoiler& spoiler) : clock_(clock), spoiler_(spoiler) {}

    Task<Result<adapters::kubernetes::ApiReply>> get(std::string path, Instant deadline) override;
    Task<Result<adapters::kubernetes::ApiReply>> write(adapters::kubernetes::ApiWrite write,
                                                       Instant deadline) override;

    /// The agent beside us: takes what has run out, and gives it back once the fault is over.
    void pass();
    /// By the last renewal that the server has really granted us.
    [[nodiscard]] bool is_ours_to_act() const;

  private:
    [[nodiscard]] adapters::kubernetes::ApiReply object() const;
    [[nodiscard]] adapters::kubernetes::ApiReply take(const adapters::kubernetes::ApiWrite& write);
    Task<std::optional<adapters::kubernetes::ApiReply>> meet(bool is_write);
    void spoil(adapters::kubernetes::ApiReply& reply) const;

    CellClock& clock_;
    Spoiler& spoiler_;
    std::string holder_;
    std::uint64_t version_{0};  ///< 0: there is none.
    Instant renewed_at_{};
    std::optional<adapters::kubernetes::ApiReply> old_;  ///< As it was when the fault began.
};

/// What the ledger has, and since when.
struct Taken {
    Instant at{};
    ports::Position position;
};

class SinkPort final : public ports::ConfirmationSource {
  public:
    SinkPort(CellClock& clock, Spoiler& spoiler) : clock_(clock), spoiler_(spoiler) {}

    [[nodiscard]] Result<ports::HeldOutside> last_word(const std::string& from) const override;
    void hurry(const std::string& /*from*/) override {}

    void note(const ports::Position& position) { taken_.push_back({clock_.now(), position}); }
    /// As time passes.
    void pass();
    /// The groups that they really have.
    [[nodiscard]] std::size_t held_count() const { return held_count_; }

  private:
    CellClock& clock_;
    Spoiler& spoiler_;
    std::vector<Taken> taken_;
    std::size_t held_count_{0};
    std::optional<std::size_t> old_count_;  ///< When the fault began.
};

class BudgetPort final : public ports::FleetBudget {
  public:
    BudgetPort(CellClock& clock, Spoiler& spoiler) : clock_(clock), spoiler_(spoiler) {}

    Task<Result<FleetWord>> take(FleetAsk ask, Instant deadline) override;
    Task<Result<void>> give_back(FleetWord granted, bool was_used, Instant deadline) override;

    [[nodiscard]] bool is_in_hand(const EffectId& place) const;
    /// The most that were ever in hand at once.
    [[nodiscard]] std::size_t in_hand_max() const { return in_hand_max_; }

  private:
    struct Place {
        Instant began_at{};
        Instant ends_at{};
        std::uint64_t ticket{0};
    };

    [[nodiscard]] FleetWord grant(const FleetAsk& ask);
    [[nodiscard]] std::size_t in_hand() const;

    CellClock& clock_;
    Spoiler& spoiler_;
    std::map<std::string, Place> places_;
    std::uint64_t tickets_count_{0};
    std::size_t in_hand_max_{0};
};

}  // namespace homeostat::matrix
