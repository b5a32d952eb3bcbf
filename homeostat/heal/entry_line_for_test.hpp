#pragma once

// One line per ledger entry, for tests that compare what was written with what should be.
//
// Says what decides: kinds, ids, steps, rules. Leaves out what differs from run to run without
// meaning anything: instants, process ids, scores.
//
// Pure.

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

#include <string>

namespace homeostat::heal {

[[nodiscard]] std::string line_for_test(const Step& step);
[[nodiscard]] std::string line_for_test(const Verdict& verdict);
/// Empty for a checkpoint.
[[nodiscard]] std::string line_for_test(const Entry& entry);

/// REQUIRES: the entry is of that kind.
template <class Body>
[[nodiscard]] Body body_for_test(const Entry& entry) {
    const Result<Body> body = from_json<Body>(entry.body);
    ensure(body.has_value(), "an entry's body is of its kind");
    return *body;
}

// What tests ask for, compiled once: each of these reads half of the nouns.
extern template AnsweredBody body_for_test<AnsweredBody>(const Entry& entry);
extern template IntentBody body_for_test<IntentBody>(const Entry& entry);
extern template OutcomeBody body_for_test<OutcomeBody>(const Entry& entry);
extern template ProofBody body_for_test<ProofBody>(const Entry& entry);
extern template Proposal body_for_test<Proposal>(const Entry& entry);
extern template UndoBody body_for_test<UndoBody>(const Entry& entry);

}  // namespace homeostat::heal
