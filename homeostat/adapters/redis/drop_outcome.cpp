#include "homeostat/adapters/redis/drop_outcome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace homeostat::adapters::redis {

namespace {

/// Of the nodes that a sentence names; it is read by a person.
constexpr std::size_t named_max = 3;

std::string keys(std::size_t count) {
    return fmt::format("{} {}", count, count == 1 ? "key" : "keys");
}

std::string told(const NodeTrouble& trouble) {
    return fmt::format(
        "{}: {} {}: {}", net::to_text(trouble.node), keys(trouble.keys_count),
        trouble.may_have_done ? "sent, and what became of it is not known" : "not dropped",
        trouble.error.text);
}

void add_sentence(std::string& text, const std::string& sentence) {
    text += text.empty() ? sentence : "; " + sentence;
}

struct Holding {
    net::Endpoint replica;
    std::size_t keys_count{0};
};

/// Replicas that still hold what their primary no longer does.
std::vector<Holding> holding_replicas(const CopiesRead& left) {
    std::vector<Holding> holding;
    for (const KeyCopies& key : left.keys) {
        for (const ReplicaCopy& copy : key.at_replicas) {
            if (!copy.value || key.at_primary) {
                continue;
            }
            auto found = std::ranges::find(holding, copy.node, &Holding::replica);
            if (found == holding.end()) {
                found = holding.insert(found, Holding{copy.node});
            }
            found->keys_count += 1;
        }
    }
    return holding;
}

}  // namespace

Outcome outcome_of(const Unlinked& unlinked) {
    std::string text;
    for (std::size_t index = 0; index < std::min(unlinked.troubles.size(), named_max); ++index) {
        add_sentence(text, told(unlinked.troubles[index]));
    }
    if (unlinked.troubles.size() > named_max) {
        add_sentence(text, fmt::format("{} nodes more", unlinked.troubles.size() - named_max));
    }
    if (unlinked.keys_count > 0) {
        add_sentence(text, fmt::format("{} dropped", keys(unlinked.keys_count)));
    }
    const bool has_done_nothing =
        unlinked.keys_count == 0 &&
        std::ranges::none_of(unlinked.troubles, &NodeTrouble::may_have_done);
    return {has_done_nothing ? OutcomeKind::refused : OutcomeKind::unknown, std::move(text)};
}

Outcome outcome_of(const Unlinked& unlinked, const CopiesRead& left) {
    std::string text =
        fmt::format("{} of {} keys were there", unlinked.there_count, unlinked.keys_count);
    const auto again_count = std::ranges::count_if(
        left.keys, [](const KeyCopies& key) { return key.at_primary.has_value(); });
    if (again_count > 0) {
        add_sentence(text, keys(static_cast<std::size_t>(again_count)) + " there again");
    }
    const std::vector<Holding> holding = holding_replicas(left);
    for (std::size_t index = 0; index < std::min(holding.size(), named_max); ++index) {
        add_sentence(text,
                     fmt::format("replica {} still holds {}", net::to_text(holding[index].replica),
                                 keys(holding[index].keys_count)));
    }
    for (std::size_t index = 0; index < std::min(left.troubles.size(), named_max); ++index) {
        const NodeTrouble& trouble = left.troubles[index];
        add_sentence(text, fmt::format("{}{} could not be read again: {}",
                                       trouble.is_replica ? "replica " : "",
                                       net::to_text(trouble.node), trouble.error.text));
    }
    return {holding.empty() ? OutcomeKind::done : OutcomeKind::unknown, std::move(text)};
}

}  // namespace homeostat::adapters::redis
