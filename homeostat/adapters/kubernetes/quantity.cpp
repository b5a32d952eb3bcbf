#include "homeostat/adapters/kubernetes/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace homeostat::adapters::kubernetes {

namespace {

__extension__ using Wide = unsigned __int128;

/// A number as its digits: `whole` times ten to the power of minus `decimals`.
struct Mantissa {
    std::uint64_t digits{0};
    int decimals{0};
};

/// What stands behind the number: times `factor`, times ten to the power of `exponent`.
struct Suffix {
    std::uint64_t factor{1};
    int exponent{0};
};

struct Named {
    std::string_view name;
    Suffix suffix;
};

constexpr std::array named{
    Named{"", {}},
    Named{"Ki", {std::uint64_t{1} << 10U, 0}},
    Named{"Mi", {std::uint64_t{1} << 20U, 0}},
    Named{"Gi", {std::uint64_t{1} << 30U, 0}},
    Named{"Ti", {std::uint64_t{1} << 40U, 0}},
    Named{"n", {1, -9}},
    Named{"u", {1, -6}},
    Named{"m", {1, -3}},
    Named{"k", {1, 3}},
    Named{"M", {1, 6}},
    Named{"G", {1, 9}},
    Named{"T", {1, 12}},
};

constexpr std::size_t digits_max = 18;
constexpr int exponent_max = 18;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// "12.5", without a sign: nobody has less than nothing.
std::optional<Mantissa> parse_mantissa(std::string_view text) {
    Mantissa mantissa;
    std::size_t digits = 0;
    bool is_behind_point = false;
    for (const char c : text) {
        if (c == '.' && !is_behind_point) {
            is_behind_point = true;
            continue;
        }
        if (!is_digit(c) || ++digits > digits_max) {
            return std::nullopt;
        }
        mantissa.digits = mantissa.digits * 10 + static_cast<std::uint64_t>(c - '0');
        mantissa.decimals += is_behind_point ? 1 : 0;
    }
    return digits > 0 ? std::optional(mantissa) : std::nullopt;
}

std::optional<Suffix> parse_suffix(std::string_view text) {
    const auto* const found = std::ranges::find(named, text, &Named::name);
    if (found != named.end()) {
        return found->suffix;
    }
    if (text.size() < 2 || (text.front() != 'e' && text.front() != 'E')) {
        return std::nullopt;
    }
    text.remove_prefix(text[1] == '+' ? 2 : 1);
    int exponent = 0;
    const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    const bool is_whole = trouble == std::errc{} && end == text.data() + text.size();
    const bool is_near = exponent >= -exponent_max && exponent <= exponent_max;
    return is_whole && is_near ? std::optional(Suffix{1, exponent}) : std::nullopt;
}

/// Rounded up. Nothing: more than `memory_bytes_most`.
std::optional<std::uint64_t> product_of(const Mantissa& mantissa, const Suffix& suffix) {
    // Below 2^60 times 2^40.
    Wide value = Wide{mantissa.digits} * suffix.factor;
    bool has_rest = false;
    for (int tens = suffix.exponent - mantissa.decimals; tens != 0 && value > 0;
         tens += tens < 0 ? 1 : -1) {
        if (tens > 0 && value > memory_bytes_most) {
            return std::nullopt;
        }
        has_rest = has_rest || (tens < 0 && value % 10 != 0);
        value = tens < 0 ? value / 10 : value * 10;
    }
    value += has_rest ? 1 : 0;
    return value <= memory_bytes_most ? std::optional(static_cast<std::uint64_t>(value))
                                      : std::nullopt;
}

}  // namespace

Result<std::uint64_t> parse_memory(std::string_view text) {
    if (text.empty() || text.size() > quantity_bytes_max) {
        return fail(Fault::invalid, "is no quantity of memory: it is empty, or much too long");
    }
    const auto is_of_number = [](char c) { return is_digit(c) || c == '.'; };
    const auto* const end = std::ranges::find_if_not(text, is_of_number);
    const auto at = static_cast<std::size_t>(end - text.begin());
    const std::optional<Mantissa> mantissa = parse_mantissa(text.substr(0, at));
    const std::optional<Suffix> suffix = parse_suffix(text.substr(at));
    if (!mantissa || !suffix) {
        return fail(Fault::invalid,
                    "is no quantity of memory, as 96Mi, 1Gi, 500M or a number of bytes are");
    }
    const std::optional<std::uint64_t> bytes = product_of(*mantissa, *suffix);
    if (!bytes) {
        return fail(Fault::invalid, "is more memory than any machine has");
    }
    return *bytes;
}

std::string memory_quantity(std::uint64_t bytes) {
    for (const std::string_view name : {"Gi", "Mi", "Ki"}) {
        const std::uint64_t factor = std::ranges::find(named, name, &Named::name)->suffix.factor;
        if (bytes > 0 && bytes % factor == 0) {
            return fmt::format("{}{}", bytes / factor, name);
        }
    }
    return fmt::format("{}", bytes);
}

}  // namespace homeostat::adapters::kubernetes
