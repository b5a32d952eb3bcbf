#pragma once

// TemplateTable: which log templates a service has written, up to a maximum.
//
// Once it is full it forgets nothing and takes nothing in: whoever floods a log with new shapes
// loses their own lines in "overflow" and cannot push known templates out, so that an old line
// never looks new again.
//
// Pure. Not thread-safe.

#include "homeostat/domain/ids.hpp"

#include <cstddef>
#include <set>

namespace homeostat::sense {

/// The id under which lines count that found no room in the table.
[[nodiscard]] TemplateId overflow_template();

struct SeenTemplate {
    TemplateId id;       ///< The line's own, or the overflow template.
    bool is_new{false};  ///< It was put into the table just now. Never true of the overflow.
};

struct TemplateTable {
    std::set<TemplateId> ids;
};

/// Remembers `id` if there is room among `templates_max`, and says under which id the line counts.
[[nodiscard]] SeenTemplate see(TemplateTable& table,
                               const TemplateId& id,
                               std::size_t templates_max);

}  // namespace homeostat::sense
