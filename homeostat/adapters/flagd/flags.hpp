#pragma once

// Flags: what the file of the configuration defines now, and what it defined before.
//
// Each look takes what is in force into the history, so that there is something to go back to. The
// file is read each time: two writes within one tick of the file system's clock look the same from
// outside.
//
// A small file, read inline. Not thread-safe; lives on one strand.

#include "homeostat/adapters/flagd/flag_definitions.hpp"
#include "homeostat/adapters/flagd/flag_file.hpp"
#include "homeostat/adapters/flagd/flag_history.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/net/endpoint.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace homeostat::adapters::flagd {

struct Options {
    ServiceId service;
    std::string file;                        ///< Absolute.
    std::optional<net::Endpoint> evaluates;  ///< Where OFREP is answered; absent: nobody is asked.
    std::function<void(const std::string&)> log{};  ///< Told when what was there cannot be kept.
    std::function<void(Phase)> on_phase_for_test{};
};

class Flags {
  public:
    Flags(Options options, FlagHistory history)
        : options_(std::move(options)), history_(std::move(history)) {}

    /// What the file defines, until the next look. ERRORS: as read_flag_file and parse_flag_file,
    /// with the file's name.
    [[nodiscard]] Result<const FlagFile*> look();

    /// The bytes of the last look.
    [[nodiscard]] const std::string& text() const { return text_; }

    [[nodiscard]] const FlagHistory& history() const { return history_; }
    [[nodiscard]] const Options& options() const { return options_; }

  private:
    void take();

    Options options_;
    FlagHistory history_;
    std::string text_;
    Result<FlagFile> parsed_{fail(Fault::late, "the file was not read yet")};
    bool is_kept_{true};
};

}  // namespace homeostat::adapters::flagd
