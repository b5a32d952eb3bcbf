#pragma once

// What became of the dropping of keys, in one word and a sentence.
//
// A key is dropped once the node that it is written to said so. Some keys dropped and others not is
// `unknown`, not `refused`: something has changed, and only a look at the world says what is left.
// The same goes for a replica that goes on holding what its primary has dropped. That a key is
// there again is no failure: whoever fills the cache has filled it.
//
// Pure.

#include "homeostat/adapters/redis/redis_nodes.hpp"
#include "homeostat/domain/outcome.hpp"

namespace homeostat::adapters::redis {

/// Without a look at what is left. REQUIRES: `unlinked` has a trouble.
[[nodiscard]] Outcome outcome_of(const Unlinked& unlinked);

/// `left`: what was there afterwards. REQUIRES: `unlinked` has no trouble.
[[nodiscard]] Outcome outcome_of(const Unlinked& unlinked, const CopiesRead& left);

}  // namespace homeostat::adapters::redis
