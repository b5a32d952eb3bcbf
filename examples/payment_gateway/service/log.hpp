#pragma once

// Log: one line per event on stdout, `<UTC time> <LEVEL> <instance> <event text> key=value …`.
//
// A line is one write. When stdout is a full pipe the line is dropped and counted rather than
// stopping the service, because whoever reads it may be gone or late. Single-threaded.

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace payment_gateway {

/// Text from outside, fit for a log line: in quotes, control characters escaped, cut at 80 bytes.
std::string in_quotes(std::string_view text);

class Log {
  public:
    explicit Log(std::string instance);

    template <typename... Values>
    void info(fmt::format_string<Values...> text, Values&&... values) {
        write("INFO", fmt::format(text, std::forward<Values>(values)...));
    }
    template <typename... Values>
    void warn(fmt::format_string<Values...> text, Values&&... values) {
        write("WARN", fmt::format(text, std::forward<Values>(values)...));
    }
    template <typename... Values>
    void error(fmt::format_string<Values...> text, Values&&... values) {
        write("ERROR", fmt::format(text, std::forward<Values>(values)...));
    }

    [[nodiscard]] std::uint64_t dropped_count() const { return dropped_count_; }

  private:
    void write(std::string_view level, std::string_view text);

    std::string instance_;
    std::uint64_t dropped_count_{};
};

}  // namespace payment_gateway
