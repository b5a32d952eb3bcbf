#include "homeostat/adapters/redis/options.hpp"

#include "homeostat/base/id.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::adapters::redis {

std::string with_entry(std::string_view pattern, std::string_view entry) {
    std::string text(pattern);
    const std::size_t at = text.find(entry_word);
    return at == std::string::npos ? text : text.replace(at, entry_word.size(), entry);
}

Result<void> check(const CacheOptions& options) {
    const bool is_right_count = !options.entries.empty() && options.entries.size() <= entries_max;
    if (!is_right_count || !std::ranges::all_of(options.entries, is_plain_name)) {
        return fail(Fault::invalid,
                    fmt::format("cache {}: 1 to {} entries, each a plain name, are wanted",
                                options.cache.text(), entries_max));
    }
    std::vector<std::string_view> patterns{options.key, options.source.path};
    if (options.readers) {
        patterns.push_back(options.readers->path);
    }
    for (const std::string_view pattern : patterns) {
        if (!pattern.contains(entry_word)) {
            return fail(Fault::invalid, fmt::format("cache {}: '{}' has no {} in it",
                                                    options.cache.text(), pattern, entry_word));
        }
    }
    return {};
}

}  // namespace homeostat::adapters::redis
