#pragma once

// Arguments: `--name value` pairs of a command line, checked against the names a program knows.
//
// The demo's programs take few arguments and no libraries beyond Boost and fmt, hence no CLI11
// here.

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace payment_gateway {

class Arguments {
  public:
    /// Reads the pairs; an unknown name, a repeated one or a missing value is an error in words.
    static std::expected<Arguments, std::string> parse(int count,
                                                       const char* const* words,
                                                       std::span<const std::string_view> known);

    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise = {}) const;

    /// The whole number behind `name`, or `otherwise` when it was not given; an error outside
    /// [least, most].
    [[nodiscard]] std::expected<std::uint64_t, std::string> number(std::string_view name,
                                                                   std::uint64_t otherwise,
                                                                   std::uint64_t least,
                                                                   std::uint64_t most) const;

    /// A time such as `60`, `60s`, `1500ms` or `2m`; a bare number means seconds.
    [[nodiscard]] std::expected<std::chrono::milliseconds, std::string> duration(
        std::string_view name, std::chrono::milliseconds otherwise) const;

  private:
    std::map<std::string, std::string, std::less<>> values_;
};

/// Prints `problem` on stderr as this program's last words and gives its exit status (2: wrong
/// use).
int refuse(std::string_view program, std::string_view problem);

}  // namespace payment_gateway
