#pragma once

// Witness: whether a cell keeps our promises, by what the ledger took and what arrived at the
// cluster. It shares no code with the loop.
//
// Outlives every process of a cell.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/ports/ledger.hpp"

#include "cluster.hpp"
#include "others.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace homeostat::matrix {

constexpr std::uint32_t at_once_max = 1;         ///< Of the fleet.
constexpr std::uint32_t remedies_tries_max = 3;  ///< attempts_max.

class Witness {
  public:
    Witness(Cluster& cluster, LeasePort& lease, SinkPort& sink, BudgetPort& budget)
        : cluster_(cluster), lease_(lease), sink_(sink), budget_(budget) {}

    /// A group is in the ledger, and as durable as it was asked to be.
    void see_group(const EntryGroup& group, ports::Durability durability);
    /// A person has said yes to a remedy that they were really asked about.
    void see_yes(const IncidentId& incident) { yes_count_[incident.text()] += 1; }
    /// It was refused.
    void see_yes_refused(const IncidentId& incident) { yes_count_[incident.text()] -= 1; }
    /// A write of ours has changed something.
    void see_effect(const kubernetes::ApiWrite& write);
    /// The cell is over.
    void see_end();

    [[nodiscard]] const std::vector<std::string>& broken() const { return broken_; }
    void accuse(std::string what) { broken_.push_back(std::move(what)); }
    [[nodiscard]] std::size_t effects_count() const { return effects_.size(); }
    [[nodiscard]] const std::vector<EntryGroup>& groups() const { return groups_; }
    [[nodiscard]] const std::set<std::string>& incidents() const { return incidents_; }
    [[nodiscard]] bool has_closed(const std::string& incident) const {
        return closed_.contains(incident);
    }
    /// What a person has to hear of it, by the ledger; empty: nothing. Where they were told of the
    /// same in another incident shortly before it is what they heard then.
    [[nodiscard]] std::string call_of(const IncidentId& incident) const {
        const auto found = calls_.find(incident.text());
        return found == calls_.end() ? std::string() : found->second;
    }

  private:
    /// A remedy that guard has permitted to try: it may take several effects.
    struct Remedy {
        std::size_t decided_in{0};  ///< Groups up to and with the permit.
        std::string first;          ///< Effect, by which its place is called; empty: none yet.
    };
    struct Intent {
        std::string incident;
        bool is_undo{false};
        Remedy of;
    };

    void see_intent(const Entry& entry, ports::Durability durability);
    void see_call(const Entry& entry);
    void check_leave(const std::string& effect, const Intent& intent);

    Cluster& cluster_;
    LeasePort& lease_;
    SinkPort& sink_;
    BudgetPort& budget_;
    std::vector<EntryGroup> groups_;
    std::map<std::string, Intent> intents_;           ///< By effect.
    std::map<std::string, Remedy> permitted_;         ///< By incident, the last.
    std::map<std::string, std::uint32_t> yes_count_;  ///< Likewise.
    std::map<std::string, std::uint32_t> remedies_;   ///< Begun, undos not counted; likewise.
    std::set<std::string> incidents_;
    std::set<std::string> closed_;
    std::map<std::string, std::string> calls_;         ///< By incident, the last.
    std::map<std::string, std::string> calls_before_;  ///< By rule and what it was about.
    std::map<std::string, std::uint32_t> effects_;     ///< How often each was seen.
    std::vector<std::string> broken_;
};

}  // namespace homeostat::matrix
