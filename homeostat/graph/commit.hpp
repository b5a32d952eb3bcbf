#pragma once

// Commit: what one input made of a thread, as it is kept: the change, or, now and then, all of it.
//
// A commit is named by its thread and a number without gaps, and holds the hash of its content and
// of its predecessor's. No clock and no chance goes into it but what was given with the input, so
// that the same inputs make the same bytes, on any machine and in any build.
//
// Pure. Values only.

#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/time.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace homeostat::graph {

/// XXH3, 128 bits: finds what was altered by accident. Against intent there is the ledger's chain.
struct ContentHash {
    std::uint64_t high{0};
    std::uint64_t low{0};

    static void fields(auto& self, auto&& field) {
        field("high", self.high);
        field("low", self.low);
    }
    friend bool operator==(const ContentHash&, const ContentHash&) = default;
};

[[nodiscard]] ContentHash hash_of(std::string_view bytes);

/// 32 hex digits.
[[nodiscard]] std::string to_hex(const ContentHash& hash);

enum class Cause : std::uint8_t {
    started,
    stepped,   ///< What was ready ran.
    told,      ///< A message came.
    ticked,    ///< A time had come.
    answered,  ///< A person answered.
    reopened,  ///< Another process took the thread over.
    retried,   ///< A person let a parked thread try again.
    released,  ///< A person let a paused thread go on.
    branched,  ///< It begins where another thread was.
};

constexpr auto names_of(std::type_identity<Cause>) {
    return std::to_array<std::string_view>({"started", "stepped", "told", "ticked", "answered",
                                            "reopened", "retried", "released", "branched"});
}

struct Commit {
    std::string thread;
    std::uint64_t number{0};  ///< 1, 2, 3, … without gaps.
    std::uint64_t graph_digest{0};
    ContentHash parent;  ///< The hash of the commit before; zero for the first.
    Instant at{};        ///< The time that the input brought.
    Cause cause{Cause::started};
    bool is_snapshot{false};  ///< The body is all of the thread, not what changed.
    std::string body;         ///< Of a Delta (state_graph.hpp), in binary.
    ContentHash hash;         ///< Of everything above.

    static void fields(auto& self, auto&& field) {
        field("thread", self.thread);
        field("number", self.number);
        field("graph_digest", self.graph_digest);
        field("parent", self.parent);
        field("at", self.at);
        field("cause", self.cause);
        field("is_snapshot", self.is_snapshot);
        field("body", self.body);
        field("hash", self.hash);
    }
    friend bool operator==(const Commit&, const Commit&) = default;
};

/// The hash that the commit should have.
[[nodiscard]] ContentHash content_hash_of(const Commit& commit);

}  // namespace homeostat::graph
