#pragma once

// The hash chain: each group's hash covers its bytes and the hash before it, so that a group cannot
// be changed, removed or put elsewhere without changing every hash after it.
//
// hash = SHA-256(previous hash as 64 hex digits ‖ payload). Text on purpose: a person can check a
// record with printf and sha256sum. What the chain cannot show is a cut end; the witness outside
// the directory does (file_sink.hpp).
//
// Pure. Thread-safe.

#include <cstddef>
#include <string>
#include <string_view>

namespace homeostat::adapters::segment_log {

constexpr std::size_t hash_digits = 64;

/// What stands before the first group: 64 zeros.
[[nodiscard]] std::string genesis_hash();

/// REQUIRES: `previous` is a hash of this chain.
[[nodiscard]] std::string next_hash(std::string_view previous, std::string_view payload);

/// Says whether `text` is 64 lower-case hex digits.
[[nodiscard]] bool is_hash(std::string_view text);

}  // namespace homeostat::adapters::segment_log
