#pragma once

// KeptObject: an object of the cluster as it is kept until it changes: its text.
//
// Parsed it takes four times as much, and a process that guards a thousand Deployments keeps
// thousands of them, each of which is read again only when one beside it changes.
//
// Pure. Values only.

#include "homeostat/base/json.hpp"

#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

class KeptObject {
  public:
    KeptObject() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): nothing of it is lost.
    KeptObject(const json::value& object) : text_(homeostat::to_text(object)) {
        text_.shrink_to_fit();
    }

    /// What it was made of. Null where it was made of nothing.
    [[nodiscard]] json::value parsed() const;

    /// Whether the word stands anywhere in it: without being parsed. REQUIRES: a word of what JSON
    /// writes as it is, letters, digits, "/", "." and the like.
    [[nodiscard]] bool mentions(std::string_view word) const {
        return text_.find(word) != std::string::npos;
    }

  private:
    std::string text_;
};

}  // namespace homeostat::adapters::kubernetes
