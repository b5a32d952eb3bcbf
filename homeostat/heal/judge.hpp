#pragma once

// Judge: the agent's half of the loop up to the question to the model, as one pure value.
//
//     readings → sense → signals → detect → symptoms → diagnose → diagnosis and menu
//
// It says what is wrong and what could be done; it holds no means to do it.
//
// Pure. Not thread-safe.

#include "homeostat/detect/detect.hpp"
#include "homeostat/diagnose/diagnose.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/inventory.hpp"
#include "homeostat/domain/symptom.hpp"
#include "homeostat/sense/sense.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace homeostat::heal {

struct JudgeSettings {
    Inventory inventory;
    std::vector<std::string> notes{};         ///< The operator's words: at most notes_max.
    std::vector<sense::UserGloss> glosses{};  ///< The operator's meanings of log lines.
    std::vector<Change> changes{};  ///< Noted by an earlier agent; they may be to blame as well.
    /// Some instances are all that it sees: it says nothing of the others, not even that they are
    /// well, and what it offers touches the one that is ill.
    bool is_of_some{false};
    detect::Limits detect;
    diagnose::Limits diagnose;
};

class Judge {
  public:
    explicit Judge(JudgeSettings settings);

    /// Takes in what a source read. Changes among the readings are given back: the executor has to
    /// remember them before `note` brings them in.
    [[nodiscard]] std::vector<Change> take(std::span<const Reading> readings, Instant now);

    void note(const Change& change);

    /// What a diagnosis knows of, oldest first.
    [[nodiscard]] std::span<const Change> changes() const { return diagnose_.changes; }

    /// The symptoms present now, most urgent first: what a reflex deals with, then what users feel.
    [[nodiscard]] std::vector<Symptom> symptoms(Instant now);

    /// `tried`: kinds that did not help in this incident.
    [[nodiscard]] diagnose::Finding diagnose(const Symptom& symptom,
                                             std::span<const RemedyKind> tried) const;

  private:
    JudgeSettings settings_;
    sense::State sense_;
    detect::State detect_;
    diagnose::State diagnose_;
    std::vector<Signal> fresh_;  ///< Since the last look for symptoms.
};

}  // namespace homeostat::heal
