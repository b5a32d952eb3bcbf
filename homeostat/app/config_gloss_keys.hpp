#pragma once

// The keys of a file of glosses: the operator's own words for lines of their logs.
//
// Pure. Values only.

#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/sense/gloss.hpp"

#include <vector>

namespace homeostat::app {

struct GlossSection {
    sense::UserGloss gloss;
    static void keys(auto& self, auto&& key) {
        key(Key{"pattern", "Words of the line in their order, * for any between", Need::required},
            GlossPatternValue{}, self.gloss.pattern);
        key(Key{"words", "What it means, for the model and for people", Need::required},
            TextValue{.bytes_max = sense::gloss_words_bytes_max}, self.gloss.words);
        key(Key{"class", "What kind of trouble it is; code without it"},
            EnumValue<sense::GlossClass>{}, self.gloss.kind);
    }
};

struct GlossesFile {
    std::vector<GlossSection> glosses;
    static void keys(auto& self, auto&& key) {
        key(Key{"glosses", "The first that fits with the most words counts", Need::required},
            SectionsKind{sense::user_glosses_max}, self.glosses);
    }
};

}  // namespace homeostat::app
