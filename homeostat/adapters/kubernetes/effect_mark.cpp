#include "homeostat/adapters/kubernetes/effect_mark.hpp"

#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/id.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <system_error>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::string_view from_word = " from ";

}  // namespace

std::string manager_text(const EffectMark& mark) {
    return fmt::format("{} {}{}{}", field_manager, mark.effect.text(), from_word, mark.from);
}

std::optional<EffectMark> parse_effect_mark(std::string_view manager) {
    const std::string begin = std::string(field_manager) + " ";
    if (!manager.starts_with(begin)) {
        return std::nullopt;
    }
    manager.remove_prefix(begin.size());
    const std::size_t word = manager.find(from_word);
    if (word == std::string_view::npos || !is_plain_name(manager.substr(0, word))) {
        return std::nullopt;
    }
    EffectMark mark{EffectId{std::string(manager.substr(0, word))}};
    manager.remove_prefix(word + from_word.size());
    const char* const last = manager.data() + manager.size();
    const auto [end, trouble] = std::from_chars(manager.data(), last, mark.from);
    const bool is_whole = trouble == std::errc{} && end == last;
    return is_whole ? std::optional(std::move(mark)) : std::nullopt;
}

}  // namespace homeostat::adapters::kubernetes
