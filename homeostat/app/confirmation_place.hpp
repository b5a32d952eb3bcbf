#pragma once

// ConfirmationPlace: where the agent hears what sinks and witnesses have of its ledger: of a sink
// by the file that homeostat-shipper writes, of a witness by the ledger, which writes to it itself.
// And whether people can be told now, by each channel: it stands for all of the ledger before it
// was tried last.
//
// Lives on the agent's strand; not thread-safe. Reads a small file or two at each question.

#include "homeostat/adapters/segment_log/segment_log.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/app/people.hpp"
#include "homeostat/ports/confirmations.hpp"

#include <memory>
#include <string>

namespace homeostat::app {

class ConfirmationPlace final : public ports::ConfirmationSource {
  public:
    /// All of it outlives it. `people`: null as long as nobody tells them; no channel gets through.
    ConfirmationPlace(const Config& config,
                      adapters::segment_log::SegmentLog& ledger,
                      const std::unique_ptr<People>& people)
        : config_(config), ledger_(ledger), people_(people) {}

    [[nodiscard]] Result<ports::HeldOutside> last_word(const std::string& from) const override;
    void hurry(const std::string& from) override;

  private:
    [[nodiscard]] bool is_channel(const std::string& name) const;
    [[nodiscard]] Result<ports::HeldOutside> word_of_channel(const std::string& name) const;
    [[nodiscard]] const SinkConfig* sink_called(const std::string& name) const;
    [[nodiscard]] Result<ports::HeldOutside> word_of_sink(const SinkConfig& sink) const;
    [[nodiscard]] Result<ports::HeldOutside> word_of_witness(const std::string& file) const;
    [[nodiscard]] std::string trouble_of(const std::string& sink) const;

    const Config& config_;
    adapters::segment_log::SegmentLog& ledger_;
    const std::unique_ptr<People>& people_;
};

}  // namespace homeostat::app
