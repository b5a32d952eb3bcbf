#pragma once

// Sink: a place outside where decisions are kept.
//
// One thread has it, and it may block that thread as long as its own deadlines allow. It says
// itself how far it has a ledger: what it was sent and did not confirm, it may have or not, so
// after an error it is asked again before anything more is sent.
//
// ERRORS of both calls, and what is done about them:
//   unreachable, late, broken, full, busy   tried again, for ever, at a growing distance
//   invalid, refused, absent, corrupt       a person has to look: nothing more is sent until the
//                                           shipper is started anew
// No text of an error holds a password or a token.
//
// Not thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/outbox/batch.hpp"

#include <string>

namespace homeostat::outbox {

class Sink {
  public:
    virtual ~Sink() = default;

    /// Connects if need be, and says how far it has this ledger.
    [[nodiscard]] virtual Result<Cursor> resume(const std::string& ledger,
                                                const std::string& service) = 0;

    /// Takes the entries in their order; those that it has already it leaves alone. Success: all of
    /// it is kept there. REQUIRES: resume() succeeded, and every take() since; the batch goes on
    /// where that ended, or later where groups in between are gone.
    [[nodiscard]] virtual Result<void> take(const Batch& batch) = 0;
};

/// Says whether a later try may succeed without anybody's doing.
[[nodiscard]] constexpr bool may_pass(Fault fault) {
    switch (fault) {
        case Fault::unreachable:
        case Fault::late:
        case Fault::broken:
        case Fault::full:
        case Fault::busy:
            return true;
        case Fault::invalid:
        case Fault::absent:
        case Fault::refused:
        case Fault::corrupt:
            return false;
    }
    return false;
}

}  // namespace homeostat::outbox
