#include "homeostat/adapters/a2a/header_list.hpp"

#include <algorithm>
#include <cstddef>

namespace homeostat::adapters::a2a {

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    const std::size_t end = text.find_last_not_of(" \t");
    return begin == std::string_view::npos ? std::string_view()
                                           : text.substr(begin, end - begin + 1);
}

std::vector<std::string_view> items_of(std::string_view list) {
    std::vector<std::string_view> items;
    while (!list.empty()) {
        const std::string_view whole = list.substr(0, list.find(','));
        list.remove_prefix(std::min(whole.size() + 1, list.size()));
        const std::string_view item = trimmed(whole);
        if (!item.empty()) {
            items.push_back(item);
        }
    }
    return items;
}

}  // namespace homeostat::adapters::a2a
