#pragma once

// Proposals as an agent would make them, for tests that begin where the agent ends.
//
// Pure.

#include "homeostat/decide/decide.hpp"
#include "homeostat/domain/proposal.hpp"

#include <cstdint>
#include <string>

namespace homeostat::heal {

[[nodiscard]] Symptom errors_for_test(Instant now);

[[nodiscard]] Symptom about_instance_for_test(SymptomKind kind,
                                              const std::string& instance,
                                              Instant now);

[[nodiscard]] Symptom stale_for_test(Instant now);

/// Of a model that is no wiser for the evidence, so that the order is the rules'.
[[nodiscard]] decide::Opinion opinion_for_test(const Menu& menu, const decide::Settings& settings);

/// A calibration of that model with one bar.
[[nodiscard]] decide::Settings bar_for_test(RemedyKind kind, double confidence_min);

[[nodiscard]] Proposal proposal_for_test(Symptom symptom,
                                         Remedy remedy,
                                         const decide::Settings& settings = {});

[[nodiscard]] Remedy rollback_for_test();

/// With what is chosen, and what else is on the menu.
[[nodiscard]] Proposal with_other_for_test(Proposal proposal, Remedy other);

[[nodiscard]] Remedy flag_rollback_for_test();

[[nodiscard]] Remedy pause_for_test();

[[nodiscard]] Remedy config_rollback_for_test();

[[nodiscard]] Remedy rolling_restart_for_test();

[[nodiscard]] Remedy restart_for_test(const std::string& instance);

[[nodiscard]] Remedy open_circuit_for_test();

[[nodiscard]] Remedy reroute_for_test();

[[nodiscard]] Remedy invalidate_for_test();

[[nodiscard]] Remedy scale_for_test(std::uint32_t from, std::uint32_t to);

[[nodiscard]] Remedy eject_for_test(const std::string& instance);

}  // namespace homeostat::heal
