#include "homeostat/sense/template_table.hpp"

namespace homeostat::sense {

TemplateId overflow_template() {
    return TemplateId("overflow");
}

SeenTemplate see(TemplateTable& table, const TemplateId& id, std::size_t templates_max) {
    if (table.ids.contains(id)) {
        return {id, false};
    }
    if (table.ids.size() >= templates_max) {
        return {overflow_template(), false};
    }
    table.ids.insert(id);
    return {id, true};
}

}  // namespace homeostat::sense
