#pragma once

// ConfirmationPlace: where the agent hears what sinks and witnesses have of its ledger: of a sink
// by the file that homeostat-shipper writes, of a witness by the ledger, which writes to it itself.
//
// Lives on the agent's strand; not thread-safe. Reads a small file or two at each question.

#include "homeostat/adapters/segment_log/segment_log.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/ports/confirmations.hpp"

#include <string>

namespace homeostat::app {

class ConfirmationPlace final : public ports::ConfirmationSource {
  public:
    /// Both outlive it.
    ConfirmationPlace(const Config& config, adapters::segment_log::SegmentLog& ledger)
        : config_(config), ledger_(ledger) {}

    [[nodiscard]] Result<ports::HeldOutside> last_word(const std::string& from) const override;
    void hurry(const std::string& from) override;

  private:
    [[nodiscard]] const SinkConfig* sink_called(const std::string& name) const;
    [[nodiscard]] Result<ports::HeldOutside> word_of_sink(const SinkConfig& sink) const;
    [[nodiscard]] Result<ports::HeldOutside> word_of_witness(const std::string& file) const;
    [[nodiscard]] std::string trouble_of(const std::string& sink) const;

    const Config& config_;
    adapters::segment_log::SegmentLog& ledger_;
};

}  // namespace homeostat::app
