#include "homeostat/adapters/redis/drop_outcome.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

namespace homeostat::adapters::redis {

namespace {

NodeTrouble trouble_at(std::uint16_t port, bool may_have_done, std::size_t keys_count = 1) {
    return {.node = net::TcpEndpoint{"127.0.0.1", port},
            .may_have_done = may_have_done,
            .keys_count = keys_count,
            .error = {Fault::late, "it hangs"}};
}

ReplicaCopy replica_copy(std::uint16_t port, std::optional<std::string> value) {
    return {net::TcpEndpoint{"127.0.0.1", port}, std::move(value)};
}

}  // namespace

TEST_CASE("an outcome is refused only if no node can have dropped anything") {
    Unlinked unlinked{.troubles = {trouble_at(1, false, 2), trouble_at(2, false)}};
    CHECK(outcome_of(unlinked) == Outcome{OutcomeKind::refused,
                                          "127.0.0.1:1: 2 keys not dropped: it hangs; "
                                          "127.0.0.1:2: 1 key not dropped: it hangs"});
    unlinked.troubles.back().may_have_done = true;
    CHECK(outcome_of(unlinked) ==
          Outcome{OutcomeKind::unknown,
                  "127.0.0.1:1: 2 keys not dropped: it hangs; 127.0.0.1:2: 1 key sent, and what "
                  "became of it is not known: it hangs"});
    unlinked = {.keys_count = 3, .there_count = 1, .troubles = {trouble_at(1, false)}};
    CHECK(
        outcome_of(unlinked) ==
        Outcome{OutcomeKind::unknown, "127.0.0.1:1: 1 key not dropped: it hangs; 3 keys dropped"});
}

TEST_CASE("a sentence names three nodes and counts the others") {
    Unlinked unlinked;
    for (std::uint16_t port = 1; port <= 5; ++port) {
        unlinked.troubles.push_back(trouble_at(port, false));
    }
    const std::string because = outcome_of(unlinked).because;
    CHECK(because.contains("127.0.0.1:3"));
    CHECK_FALSE(because.contains("127.0.0.1:4"));
    CHECK(because.ends_with("; 2 nodes more"));
}

TEST_CASE("a key that is there again is no failure, and one that a replica goes on holding is") {
    const Unlinked unlinked{.keys_count = 2, .there_count = 2};
    CopiesRead left{.keys = {KeyCopies{.at_primary = "7", .at_replicas = {replica_copy(1, "7")}},
                             KeyCopies{.at_replicas = {replica_copy(1, std::nullopt)}}}};
    CHECK(outcome_of(unlinked, left) ==
          Outcome{OutcomeKind::done, "2 of 2 keys were there; 1 key there again"});
    left.keys.back().at_replicas = {replica_copy(1, "7"), replica_copy(2, std::nullopt)};
    CHECK(outcome_of(unlinked, left) ==
          Outcome{OutcomeKind::unknown,
                  "2 of 2 keys were there; 1 key there again; replica 127.0.0.1:1 still holds 1 "
                  "key"});
}

TEST_CASE("what cannot be read again is told, and what its node said before holds") {
    const Unlinked unlinked{.keys_count = 1, .there_count = 1};
    CopiesRead left{.keys = {KeyCopies{}}, .troubles = {trouble_at(1, false)}};
    CHECK(outcome_of(unlinked, left) ==
          Outcome{OutcomeKind::done,
                  "1 of 1 keys were there; 127.0.0.1:1 could not be read again: it hangs"});
    left.troubles.front().is_replica = true;
    CHECK(outcome_of(unlinked, left).because.contains("replica 127.0.0.1:1 could"));
}

}  // namespace homeostat::adapters::redis
