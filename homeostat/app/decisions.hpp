#pragma once

// Decision: what one incident came to, in one line: when, of which service, by which rule, and what
// became of it. Made of a ledger's entries here; the view homeostat_decisions of the PostgreSQL
// sink makes the same of its rows (adapters/postgres/migrations), and a conformance test compares.
//
// There is one for every remedy that an incident came to, by the first verdict about it, and one
// for an incident that was handed to a person before there was any.
//
// Pure.

#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

struct Decision {
    std::string at;  ///< RFC 3339: of the first verdict.
    std::string service;
    std::string incident;
    std::string symptom;  ///< "errors on payments"; whoever prints it escapes it.
    std::string remedy;   ///< Its kind; empty: there was none.
    json::value target;   ///< An object: what else the remedy says.
    std::string verdict;  ///< Guard's last one about it.
    std::string rule;     ///< By which it decided.
    std::string because;
    std::string outcome;   ///< Of its last effect; empty: nothing was done.
    std::string proof;     ///< What verification found last; empty: nothing.
    std::string approver;  ///< Who was asked, and answered.

    static void fields(auto& self, auto&& field) {
        field("at", self.at);
        field("service", self.service);
        field("incident", self.incident);
        field("symptom", self.symptom);
        field("remedy", self.remedy);
        field("target", self.target);
        field("verdict", self.verdict);
        field("rule", self.rule);
        field("because", self.because);
        field("outcome", self.outcome);
        field("proof", self.proof);
        field("approver", self.approver);
    }
};

/// What a remedy says besides its kind, with its names in order: a database has another one.
[[nodiscard]] json::value target_of(const json::value& remedy);

/// Which of them; what is empty or absent asks for nothing.
struct DecisionSelection {
    std::optional<WallTime> since{};  ///< Decided then or later.
    std::optional<WallTime> until{};  ///< Decided before.
    std::string service{};
    std::string remedy{};  ///< Its kind.
};

/// Takes a ledger's groups, oldest first, and knows the decisions in them.
class Decisions {
  public:
    /// `service`: whose ledger it is.
    explicit Decisions(std::string service) : service_(std::move(service)) {}

    void take(const EntryGroup& group);

    /// In the order of their first verdicts.
    [[nodiscard]] std::vector<Decision> selected(const DecisionSelection& selection) const;

  private:
    struct Known {
        Decision decision;
        WallTime at{};
        bool has_verdict{false};
        std::string answered_by{};
    };
    void take_entry(const EntryGroup& group, const Entry& entry);
    void take_verdict(const EntryGroup& group, const Entry& entry);
    void take_escalation(const EntryGroup& group, const Entry& entry);
    [[nodiscard]] Known* about(const Entry& entry);

    std::string service_;
    std::vector<Known> all_;
    std::map<std::string, std::string> symptoms_;       ///< By incident.
    std::map<std::string, std::size_t> by_remedy_;      ///< Incident and remedy → all_.
    std::map<std::string, std::size_t> handed_over_;    ///< Incident → all_.
    std::map<std::string, std::string> effect_remedy_;  ///< Incident and effect → incident, remedy.
    std::map<std::string, std::size_t> verdicts_count_;  ///< Of an incident.
};

enum class DecisionFormat : std::uint8_t { table, json, csv };

/// Lines with what stands before and behind them; texts are escaped where people read them.
[[nodiscard]] std::string to_text(const std::vector<Decision>& decisions, DecisionFormat format);

}  // namespace homeostat::app
