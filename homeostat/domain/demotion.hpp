#pragma once

// Demotion: a kind of remedy that may no longer act alone, because verification found that one of
// it did not help, or because a person took one back.
//
// Promoting is a person's: nothing of ours raises what a demotion has lowered, and no time does. It
// is kept in the ledger as an entry of its own rather than inferred from proofs, so that whoever
// reads the ledger later need not know by which rule it was decided then.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/remedy_kind.hpp"

#include <string>
#include <vector>

namespace homeostat {

/// The body of a `demoted` entry.
struct Demotion {
    RemedyKind remedy{RemedyKind::observe};
    IncidentId incident;  ///< In which it did not help.
    std::string because;  ///< What verification said, or the person who took it back.
    std::string by{};     ///< User name of that person; empty: verification did.

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("incident", self.incident);
        field("because", self.because);
        field("by", self.by, may_be_absent);
    }
    friend bool operator==(const Demotion&, const Demotion&) = default;
};

/// The body of a `promoted` entry: a person says that the kind may do again what its configuration
/// lets it do.
struct PromotedBody {
    RemedyKind remedy{RemedyKind::observe};
    std::string by;       ///< User name of the caller, from the socket's peer credentials.
    std::string because;  ///< Their words; at most 200 bytes, never decided on.

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("by", self.by);
        field("because", self.because);
    }
};

/// The kinds that are demoted now.
struct Demotions {
    std::vector<Demotion> all;  ///< Each kind once, in the order of the kinds.

    /// Takes in an entry, in the order of the ledger.
    void learn(const Entry& entry);

    /// Null: it is not demoted.
    [[nodiscard]] const Demotion* find(RemedyKind kind) const;

    friend bool operator==(const Demotions&, const Demotions&) = default;
};

}  // namespace homeostat
