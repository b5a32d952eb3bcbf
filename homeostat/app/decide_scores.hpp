#pragma once

// DecideScores: what the answers to cases are worth, where a case says what is right.
//
// Pure. Not thread-safe.

#include "homeostat/base/fields.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace homeostat::app {

struct CaseScore {
    bool is_acceptable{false};   ///< The chosen remedy is one of the acceptable that are possible.
    bool is_harmful{false};      ///< It costs clearly more than doing nothing.
    bool is_on_menu{false};      ///< One of the acceptable is on our menu.
    bool is_cause_found{false};  ///< The first cause is at the service where the fault is.
    bool has_cause{false};

    static void fields(auto& self, auto&& field) {
        field("acceptable", self.is_acceptable);
        field("harmful", self.is_harmful);
        field("on_menu", self.is_on_menu);
        field("cause_found", self.is_cause_found);
        field("has_cause", self.has_cause);
    }
};

struct FamilyScores {
    std::uint64_t cases{0};
    std::uint64_t acceptable{0};
    std::uint64_t harmful{0};
    std::uint64_t on_menu{0};
    std::uint64_t with_cause{0};
    std::uint64_t cause_found{0};
};

class DecideScores {
  public:
    void add(const std::string& family, const CaseScore& score);

    [[nodiscard]] std::size_t count() const { return count_; }
    /// Families are equally heavy, however many cases each has.
    [[nodiscard]] double macro() const;
    [[nodiscard]] std::string table() const;
    [[nodiscard]] json::object document() const;

  private:
    [[nodiscard]] FamilyScores sum() const;

    std::size_t count_{0};
    std::map<std::string, FamilyScores> families_;
};

}  // namespace homeostat::app
