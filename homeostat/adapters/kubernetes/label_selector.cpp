#include "homeostat/adapters/kubernetes/label_selector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::string_view space = "%20";
constexpr std::size_t terms_max = 64;

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    std::size_t from = 0;
    for (std::size_t end = text.find(at); end != std::string_view::npos;
         end = text.find(at, from)) {
        parts.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    parts.push_back(text.substr(from));
    return parts;
}

/// At the commas that are in no brackets.
std::vector<std::string_view> terms_of(std::string_view query) {
    std::vector<std::string_view> terms;
    std::size_t from = 0;
    bool is_inside = false;
    for (std::size_t index = 0; index < query.size(); ++index) {
        const char c = query[index];
        is_inside = c == '(' || (is_inside && c != ')');
        if (c == ',' && !is_inside) {
            terms.push_back(query.substr(from, index - from));
            from = index + 1;
        }
    }
    terms.push_back(query.substr(from));
    return terms;
}

/// "tier%20in%20(web,api)", "app=payments", "!canary" or "app"; nothing: it is none of these.
std::optional<LabelTerm> parse_term(std::string_view term) {
    if (term.starts_with('!')) {
        return LabelTerm{std::string(term.substr(1)), LabelTest::absent};
    }
    if (const std::size_t equals = term.find('='); equals != std::string_view::npos) {
        return LabelTerm{std::string(term.substr(0, equals)),
                         LabelTest::in,
                         {std::string(term.substr(equals + 1))}};
    }
    const std::size_t gap = term.find(space);
    if (gap == std::string_view::npos) {
        return LabelTerm{std::string(term), LabelTest::exists};
    }
    const std::string_view rest = term.substr(gap + space.size());
    for (const auto& [word, test] : {std::pair{std::string_view("in%20("), LabelTest::in},
                                     std::pair{std::string_view("notin%20("), LabelTest::not_in}}) {
        if (rest.starts_with(word) && rest.ends_with(')')) {
            LabelTerm read{std::string(term.substr(0, gap)), test};
            for (const std::string_view value :
                 split(rest.substr(word.size(), rest.size() - word.size() - 1), ',')) {
                read.values.emplace_back(value);
            }
            return read;
        }
    }
    return std::nullopt;
}

bool holds(const LabelTerm& term, const json::object& labels) {
    const json::value* label = labels.if_contains(term.key);
    const auto* text = label == nullptr ? nullptr : label->if_string();
    const bool is_listed =
        text != nullptr && std::ranges::any_of(term.values, [&](const std::string& value) {
            return std::string_view(*text) == value;
        });
    switch (term.test) {
        case LabelTest::in:
            return is_listed;
        case LabelTest::not_in:
            return !is_listed;
        case LabelTest::exists:
            return label != nullptr;
        case LabelTest::absent:
            return label == nullptr;
    }
    return false;
}

}  // namespace

bool LabelSelector::fits(const json::object& labels) const {
    return !terms.empty() &&
           std::ranges::all_of(terms, [&](const LabelTerm& term) { return holds(term, labels); });
}

Result<LabelSelector> parse_label_selector(std::string_view query) {
    LabelSelector selector;
    for (const std::string_view term : terms_of(query)) {
        std::optional<LabelTerm> read = parse_term(term);
        if (!read || read->key.empty() || selector.terms.size() == terms_max) {
            return fail(Fault::invalid,
                        fmt::format("'{}' is no selector of labels that we know", query));
        }
        selector.terms.push_back(*std::move(read));
    }
    return selector;
}

}  // namespace homeostat::adapters::kubernetes
