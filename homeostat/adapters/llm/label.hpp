#pragma once

// Label: the one word, and one token, by which the model names a kind of remedy.
//
// The word is fixed per kind and no menu stands in the prompt: the menu enters only as the set of
// labels that are scored. A small model learns such a task in minutes; lettered menus in changing
// order it did not learn at all. Each word has its leading space, because that is the form which
// follows "Remedy:", and must be a single token of the model's vocabulary: the oracle asks the
// server at start-up and does not work with a vocabulary in which one is not.
//
// For the kinds still to come, single tokens in Gemma 3's vocabulary as well: " shed", " reduce"
// (reduce_mode), " resize", " block" (block_source). " reroute" would be two.
//
// Pure. Values only.

#include "homeostat/domain/remedy.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace homeostat::adapters::llm {

/// A token's number in the model's vocabulary.
using TokenId = std::int32_t;

/// Every kind that a model can be asked about, in the order of the enumeration.
constexpr std::array kinds_all{
    RemedyKind::observe,          RemedyKind::eject,   RemedyKind::open_circuit,
    RemedyKind::invalidate_cache, RemedyKind::reroute, RemedyKind::restart,
    RemedyKind::rolling_restart,  RemedyKind::scale,   RemedyKind::rollback};

[[nodiscard]] constexpr std::string_view label_of(RemedyKind kind) {
    switch (kind) {
        case RemedyKind::observe:
            return " observe";
        case RemedyKind::eject:
            return " eject";
        case RemedyKind::open_circuit:
            return " circuit";
        case RemedyKind::invalidate_cache:
            return " invalidate";
        case RemedyKind::reroute:
            return " redirect";
        case RemedyKind::readmit:
        case RemedyKind::close_circuit:
        case RemedyKind::route_back:
        case RemedyKind::take_back_task:  // They take something back, and are on no menu.
        case RemedyKind::resume_rollout:
        case RemedyKind::pause_rollout:  // Likewise, until one has.
        case RemedyKind::run_task:       // What it does its operator knows, no model has learnt.
        case RemedyKind::resize:         // No model has learnt it yet: " resize" is its word.
            break;
        case RemedyKind::restart:
            return " restart";
        case RemedyKind::rolling_restart:
            return " rolling";
        case RemedyKind::scale:
            return " scale";
        case RemedyKind::rollback:
            return " rollback";
    }
    return "";  // No token, so that the start-up test refuses it.
}

/// What a case of judgement lets a model answer besides: that a person has to come. It is no
/// remedy, so that no menu of the loop holds it and no answer of the loop's model can be it.
constexpr std::string_view label_of_calling_a_person = " person";

}  // namespace homeostat::adapters::llm
