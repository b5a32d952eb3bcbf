#pragma once

// A write that is tried without effect first: the server says whether it would accept it and what
// would come of it, and only then is it sent. Its preconditions are in the write itself, so that
// what changes in between makes the second one fail, too.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/ports/clock.hpp"

#include <functional>
#include <string>

namespace homeostat::adapters::kubernetes {

struct RehearsedWrite {
    ApiWrite write;
    /// Whether the answer shows what was wanted.
    std::function<bool(const ApiReply&)> is_as_wanted;
    std::string other;  ///< What it shows else, for people: "another template".
    std::string done;   ///< What is true where it does: "v1 is in force".
};

/// `reach`: told of each phase. Refused: nothing has changed. Unknown: as write_outcome.hpp says,
/// or the server took it and shows something else.
Task<Outcome> write_rehearsed(ApiClient& api,
                              const ports::Clock& clock,
                              RehearsedWrite wanted,
                              Instant deadline,
                              std::function<void(Phase)> reach);

}  // namespace homeostat::adapters::kubernetes
