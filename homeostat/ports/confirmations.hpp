#pragma once

// ConfirmationSource: what somebody outside has of our ledger, by their own word.
//
// Asked before remedies that may not begin without it (docs/confirmed.md). It gives out what they
// say and judges nothing: whoever asks holds it against the chain.

#include "homeostat/base/result.hpp"

#include <cstdint>
#include <string>

namespace homeostat::ports {

/// The last group that they have, and the hash of the ledger's chain after it, hex.
struct HeldOutside {
    std::uint64_t group{0};
    std::string hash;
    std::string trouble{};  ///< What is known to be in the way of more; empty: nothing. Bounded.

    friend bool operator==(const HeldOutside&, const HeldOutside&) = default;
};

class ConfirmationSource {
  public:
    virtual ~ConfirmationSource() = default;

    /// What `from` said last, whenever that was. Does not block but for a small file.
    /// ERRORS: absent: nothing yet; those of reading it, with what a person may look at.
    [[nodiscard]] virtual Result<HeldOutside> last_word(const std::string& from) const = 0;

    /// Somebody waits for `from` to have what is durable by now. Does not block.
    virtual void hurry(const std::string& from) = 0;
};

}  // namespace homeostat::ports
