#pragma once

// Oracle: ranks the kinds of a menu. It sees glosses and numbers, never text from outside, and
// answers numbers. Assumed wrong: no promise of ours depends on what it says.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/ranking.hpp"
#include "homeostat/domain/remedy.hpp"

#include <string>
#include <vector>

namespace homeostat::ports {

class Oracle {
  public:
    virtual ~Oracle() = default;

    /// REQUIRES: 2…8 different kinds. ENSURES: the ranking holds exactly these kinds.
    /// ERRORS: unreachable (no server), late (deadline), broken (not a ranking): rules carry on.
    virtual Task<Result<Ranking>> rank(Evidence evidence,
                                       std::vector<RemedyKind> kinds,
                                       Instant deadline) = 0;

    /// For `status` and `doctor`: "ready: gemma-3-270m-q8_0", "down: …".
    [[nodiscard]] virtual std::string state() const = 0;
};

}  // namespace homeostat::ports
