#include "examples/payment_gateway/service/arguments.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>

namespace payment_gateway {

namespace {

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

}  // namespace

std::expected<Arguments, std::string> Arguments::parse(int count,
                                                       const char* const* words,
                                                       std::span<const std::string_view> known) {
    Arguments arguments;
    for (int index = 1; index < count; index += 2) {
        const std::string_view name = words[index];
        if (std::ranges::find(known, name) == known.end()) {
            return std::unexpected(fmt::format("unknown argument '{}'", name));
        }
        if (index + 1 == count) {
            return std::unexpected(fmt::format("'{}' needs a value", name));
        }
        if (!arguments.values_.emplace(name, words[index + 1]).second) {
            return std::unexpected(fmt::format("'{}' was given twice", name));
        }
    }
    return arguments;
}

bool Arguments::has(std::string_view name) const {
    return values_.find(name) != values_.end();
}

std::string Arguments::text(std::string_view name, std::string_view otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::string{otherwise} : found->second;
}

std::expected<std::uint64_t, std::string> Arguments::number(std::string_view name,
                                                            std::uint64_t otherwise,
                                                            std::uint64_t least,
                                                            std::uint64_t most) const {
    if (!has(name)) {
        return otherwise;
    }
    const auto value = whole_number(text(name));
    if (!value || *value < least || *value > most) {
        return std::unexpected(
            fmt::format("'{}' must be a whole number from {} to {}", name, least, most));
    }
    return *value;
}

std::expected<std::chrono::milliseconds, std::string> Arguments::duration(
    std::string_view name, std::chrono::milliseconds otherwise) const {
    if (!has(name)) {
        return otherwise;
    }
    const std::string words = text(name);
    std::string_view digits = words;
    std::uint64_t unit_ms = 1'000;
    if (digits.ends_with("ms")) {
        digits.remove_suffix(2);
        unit_ms = 1;
    } else if (digits.ends_with('s')) {
        digits.remove_suffix(1);
    } else if (digits.ends_with('m')) {
        digits.remove_suffix(1);
        unit_ms = 60'000;
    }
    const auto value = whole_number(digits);
    if (!value || *value == 0 || *value > 86'400'000) {
        return std::unexpected(
            fmt::format("'{}' must be a time above zero such as 60s, 1500ms or 2m", name));
    }
    return std::chrono::milliseconds{*value * unit_ms};
}

int refuse(std::string_view program, std::string_view problem) {
    fmt::print(stderr, "{}: {}\n", program, problem);
    return 2;
}

}  // namespace payment_gateway
