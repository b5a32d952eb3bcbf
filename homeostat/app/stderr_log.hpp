#pragma once

// What the program logs: one line per event on stderr, in one format, whoever logs it.
//
// Adapters log to spdlog's default logger, and this replaces that one. It is the only place that
// names a format or a stream. Text from outside is escaped here, where it is printed, so that no
// message can forge a second line, and secrets are taken out of it (record/redact.hpp). Programs
// that we start never write to our stderr: theirs goes to files of their own.

#include <spdlog/formatter.h>

#include <memory>
#include <string>

namespace homeostat::app {

/// "2026-01-31T23:59:59.000Z info text".
[[nodiscard]] std::unique_ptr<spdlog::formatter> log_format();

/// Everything that is logged from here on goes to stderr. `level`: debug · info · warn · error.
void log_to_stderr(const std::string& level);

}  // namespace homeostat::app
