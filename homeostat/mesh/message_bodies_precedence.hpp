#pragma once

// The two kinds by which neighbours go one after the other. They belong to no pledge: nothing is
// promised, and no route is meant.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/neighbour_word.hpp"

#include <cstdint>
#include <string_view>

namespace homeostat::mesh {

/// To each neighbour: I am about to take capacity of mine away. WORD answers.
struct Intend {
    static constexpr std::string_view kind_name = "intend";
    std::uint64_t ask{0};

    static void fields(auto& self, auto&& field) { field("ask", self.ask); }
    friend bool operator==(const Intend&, const Intend&) = default;
};

/// To who asked: whether anything of mine is in the way. Expires.
struct Word {
    static constexpr std::string_view kind_name = "word";
    std::uint64_t ask{0};
    NeighbourSays says{NeighbourSays::go};
    std::uint32_t lasts_ms{0};  ///< 0 with `go`.

    static void fields(auto& self, auto&& field) {
        field("ask", self.ask);
        field("says", self.says);
        field("lasts_ms", self.lasts_ms);
    }
    friend bool operator==(const Word&, const Word&) = default;
};

}  // namespace homeostat::mesh
