#pragma once

// ChangesFile: a file to which deploy tools append what they did, a JSON object per line.
//
//     {"kind":"deploy","service":"fraud","from":"v6","to":"v7","reference":"release-118"}
//
// `to` is needed for a deploy; `from` and `reference` may be absent. What it says is hearsay: it
// may explain a fault, and is never what a rollback is offered for. A line that is not such an
// object is reported once, with its number, and skipped; it changes nothing.
//
// Lines that stand there at the first read are history and not news: they have no date. A file that
// was replaced or cut is read from its beginning.
//
// Small reads, inline. Lives on one strand.

#include "homeostat/base/result.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::process {

constexpr std::size_t change_line_bytes_max = 1024;  ///< Four names of 64 bytes and their keys.

/// The change that a line tells of, without id and time. ERRORS: invalid, with the field. Pure.
[[nodiscard]] Result<Change> parse_change_line(std::string_view line);

class ChangesFile final : public ports::Telemetry {
  public:
    /// `report` gets "FILE:LINE: what is wrong with it" for each bad line. REQUIRES: `clock`
    /// outlives it.
    ChangesFile(std::string path,
                std::function<void(const std::string&)> report,
                ports::Clock& clock);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{500}; }

    /// One ChangeReading per good new line. A file that does not exist has none.
    /// ERRORS: unreachable: it is there and cannot be read.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    void take(std::string_view line, std::vector<Reading>& readings);
    [[nodiscard]] std::size_t take_lines(std::string_view piece, std::vector<Reading>& readings);

    std::string path_;
    std::string name_;
    std::function<void(const std::string&)> report_;
    ports::Clock& clock_;
    std::optional<os::FileIdentity> seen_;  ///< Absent: it did not exist, all that comes is news.
    bool is_first_{true};                   ///< What is there at the first read is only counted.
    std::uint64_t offset_{0};               ///< Behind the last whole line.
    std::uint64_t lines_count_{0};          ///< Before `offset_`.
    bool is_too_long_{false};               ///< Inside a line whose beginning was reported.
};

}  // namespace homeostat::adapters::process
