#pragma once

// Confirmation: how far somebody outside has our ledger, by their own word.
//
// What they name is a hash of the ledger's chain. Only one that our chain has had since we write it
// counts, and says that they have all that stands before it: so a word that is old, or about
// another ledger, can never pass for one about this.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat {

struct Confirmation {
    std::string from;  ///< The sink or witness, as the configuration calls it.
    /// The last group of the ledger that they have; absent: none that this process wrote.
    std::optional<std::uint64_t> up_to{};
    std::string trouble{};  ///< Why they do not have more, as far as is known. For people.

    static void fields(auto& self, auto&& field) {
        field("from", self.from);
        field("up_to", self.up_to);
        field("trouble", self.trouble);
    }
    friend bool operator==(const Confirmation&, const Confirmation&) = default;
};

/// Asked for one decision, and recorded with what it led to.
struct Confirmations {
    /// The group of the ledger that the decision stands in, or a later one; absent: not known yet.
    std::optional<std::uint64_t> decided_in{};
    std::vector<Confirmation> all{};

    static void fields(auto& self, auto&& field) {
        field("decided_in", self.decided_in);
        field("all", self.all);
    }
    friend bool operator==(const Confirmations&, const Confirmations&) = default;
};

}  // namespace homeostat
