#pragma once

// The writer of evidence: what a model reads of a moment of judgement, in lines of our own words.
//
// It is the only one. Whoever asks a model in production, judges a case from outside or makes
// lessons of simulated ones fills EvidenceFacts, so that a model is asked in the very words that it
// has learnt. For people there is `Diagnosis::measured`, with names and units.
//
// The services that matter are called A, B, C, D in the order of their importance: who has the most
// of its own stands first, and of equals the one that changed last. The heaviest comes first: what
// users lose, then of each service what shifted, what changed, what its log claims that it did not
// before, and for whom it waits. What exceeds the bound is left out from the end, whole lines at a
// time.
//
// Pure. The same facts give the same bytes.

#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/evidence_facts.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace homeostat {

constexpr std::size_t evidence_bytes_max = 480;  ///< 120 tokens, line ends counted.
constexpr std::size_t services_told_max = 4;

struct WrittenEvidence {
    Evidence evidence;
    std::vector<std::uint32_t> services;  ///< Whom A, B, … stand for: places in the facts.
};

/// "A" for the first. REQUIRES: `place` is below `services_told_max`.
[[nodiscard]] std::string handle_of(std::size_t place);

/// ENSURES: one line at least, at most `evidence_bytes_max`, printable ASCII only, whatever the
/// numbers are.
[[nodiscard]] WrittenEvidence evidence_of(const EvidenceFacts& facts);

/// Puts the operator's notes in front, marked, because they never change: a model's server goes on
/// from the first byte that differs. REQUIRES: at most `notes_max`.
void put_before(Evidence& evidence, std::span<const std::string> notes);

/// The evidence as it is without the notes in front of it. ENSURES: undoes `put_before`.
[[nodiscard]] Evidence without_notes(const Evidence& evidence);

}  // namespace homeostat
