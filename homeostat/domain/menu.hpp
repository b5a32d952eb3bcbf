#pragma once

// Menu: the remedies that the rules permit now, with the rules' own opinion of each.
//
// Made of structured first-hand signals and the inventory only. At most one entry per remedy kind
// and target; never empty, because `observe` is always on it.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/remedy.hpp"

#include <string>
#include <vector>

namespace homeostat {

constexpr std::size_t menu_items_max = 8;  ///< One model position ranks at most 8 labels well.

struct MenuItem {
    Remedy remedy;
    double prior{0};      ///< 0…1, all items of a menu sum to 1: the rules' weight.
    std::string because;  ///< One sentence of ours.

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("prior", self.prior);
        field("because", self.because);
    }
    friend bool operator==(const MenuItem&, const MenuItem&) = default;
};

struct Menu {
    std::vector<MenuItem> items;  ///< Highest prior first; ties by the order of the remedy kinds.

    static void fields(auto& self, auto&& field) { field("items", self.items); }
    friend bool operator==(const Menu&, const Menu&) = default;
};

extern template struct fields_detail::Codec<Menu>;

}  // namespace homeostat
