#pragma once

// FlagActuator: takes back a change of flags, and says which version of them is in force.
//
// Class: conditional, as far as a file can be (flag_file.hpp), and read-back: done means that flagd
// evaluates by what was written, where it can be asked. What a write that nobody has confirmed came
// to is not known: until flagd confirms it no version is in force there.
//
// A crash at any point leaves the old file or the new one with the effect's mark in it.
//
// A file that cannot be read is no version, and no reason to see nothing else.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/flagd/flag_revert.hpp"
#include "homeostat/adapters/flagd/flags.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/ports/actuator.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace homeostat::adapters::flagd {

/// A flagd that watches its file takes it at once, one that looks at it every second within that.
constexpr Duration confirm_within = std::chrono::seconds{5};
constexpr Duration ask_within = std::chrono::milliseconds{500};  ///< One evaluation of all flags.

class FlagActuator final : public ports::Actuator {
  public:
    /// REQUIRES: `flags` and `clock` outlive it.
    FlagActuator(Flags& flags, boost::asio::any_io_executor executor, ports::Clock& clock)
        : flags_(flags), executor_(std::move(executor)), clock_(clock) {}

    [[nodiscard]] bool performs(const Step& step) const override;
    Task<Outcome> perform(Request request, Instant deadline) override;

    /// FlagFacts, with no version while flagd is known, or may be, to evaluate by another.
    Task<Result<FactsPart>> read(Instant deadline) override;

    /// Of the file alone.
    Task<Result<FactsPart>> glance(Instant deadline) override;

  private:
    [[nodiscard]] FlagFacts facts();
    [[nodiscard]] Result<FlagRevert> prepare(const SwapVersion& step, const EffectId& effect);
    [[nodiscard]] Outcome write(const FlagRevert& revert);
    Task<Outcome> confirm(VersionId version, Instant deadline);
    Task<std::string> objection(Instant deadline);
    void reach(Phase phase) const;

    Flags& flags_;
    boost::asio::any_io_executor executor_;
    ports::Clock& clock_;
    std::string confirmed_;  ///< The mark that flagd has told us last.
};

}  // namespace homeostat::adapters::flagd
