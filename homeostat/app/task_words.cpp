#include "homeostat/app/task_words.hpp"

#include <cstddef>

namespace homeostat::app {

namespace {

constexpr std::string_view word_letters = "abcdefghijklmnopqrstuvwxyz_";

/// The name of the word that begins with the brace at `open`; empty: it is none.
std::string_view name_at(std::string_view text, std::size_t open) {
    const std::size_t end = text.find_first_not_of(word_letters, open + 1);
    const bool is_word = end != std::string_view::npos && text[end] == '}';
    return is_word ? text.substr(open + 1, end - open - 1) : std::string_view();
}

}  // namespace

bool is_word_name(std::string_view name) {
    return !name.empty() && name.find_first_not_of(word_letters) == std::string_view::npos;
}

std::vector<std::string> words_in(std::string_view text) {
    std::vector<std::string> words;
    for (std::size_t open = text.find('{'); open != std::string_view::npos;
         open = text.find('{', open + 1)) {
        if (const std::string_view name = name_at(text, open); !name.empty()) {
            words.emplace_back(name);
        }
    }
    return words;
}

std::string without_words(std::string_view text) {
    std::map<std::string, std::string> letters;
    for (const std::string& word : words_in(text)) {
        letters[word] = "x";
    }
    return with_words(text, letters);
}

std::map<std::string, std::string> values_of(const TaskConfig& task, const std::string& service) {
    std::map<std::string, std::string> values{{std::string(service_word), service}};
    for (const auto& [name, parameter] : task.parameters) {
        values[name] = parameter.integer ? std::to_string(*parameter.integer) : parameter.value;
    }
    return values;
}

std::string with_words(std::string_view text, const std::map<std::string, std::string>& values) {
    std::string replaced;
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        replaced += text.substr(0, open);
        if (open == std::string_view::npos) {
            break;
        }
        const std::string_view name = name_at(text, open);
        const auto value = values.find(std::string(name));
        if (value == values.end()) {
            replaced += '{';
            text.remove_prefix(open + 1);
        } else {
            replaced += value->second;
            text.remove_prefix(open + name.size() + 2);
        }
    }
    return replaced;
}

}  // namespace homeostat::app
