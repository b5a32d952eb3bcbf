#pragma once

// {words} in what a task runs or sends: parameters, and the service's name. Their values come from
// the configuration alone, so nothing from outside can ever stand in a command.
//
// Pure.

#include "homeostat/app/config_tasks.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

/// Stands for the service's name, in every task.
constexpr std::string_view service_word = "service";

/// Small letters and _ alone.
[[nodiscard]] bool is_word_name(std::string_view name);

/// The names between braces, in order. A brace around anything else stands for itself.
[[nodiscard]] std::vector<std::string> words_in(std::string_view text);

/// `text` with each word replaced by a letter, so that it can be read as what it will be.
[[nodiscard]] std::string without_words(std::string_view text);

/// What each word of a task stands for.
[[nodiscard]] std::map<std::string, std::string> values_of(const TaskConfig& task,
                                                           const std::string& service);

/// `text` with each known word replaced, once: a value is not looked into.
[[nodiscard]] std::string with_words(std::string_view text,
                                     const std::map<std::string, std::string>& values);

}  // namespace homeostat::app
