#include "homeostat/app/confirmation_place.hpp"

#include "homeostat/app/confirmed_file.hpp"
#include "homeostat/app/sink_states.hpp"
#include "homeostat/os/clock.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace homeostat::app {

namespace {

/// It goes into the ledger with what it led to.
constexpr std::size_t trouble_bytes_max = 200;

}  // namespace

const SinkConfig* ConfirmationPlace::sink_called(const std::string& name) const {
    const auto found = std::ranges::find(config_.sinks, name, &SinkConfig::name);
    return found == config_.sinks.end() ? nullptr : &*found;
}

std::string ConfirmationPlace::trouble_of(const std::string& sink) const {
    for (SinkState& state : sink_states_now(config_, os::read_wall_clock())) {
        if (state.name == sink) {
            state.trouble.resize(std::min(state.trouble.size(), trouble_bytes_max));
            return std::move(state.trouble);
        }
    }
    return {};
}

Result<ports::HeldOutside> ConfirmationPlace::word_of_sink(const SinkConfig& sink) const {
    Result<ConfirmedGroup> confirmed = read_confirmed(confirmed_file_of(sink, config_));
    std::string trouble = trouble_of(sink.name);
    if (!confirmed) {
        return fail(confirmed.error().fault,
                    confirmed.error().text + (trouble.empty() ? "" : ": " + trouble));
    }
    return ports::HeldOutside{confirmed->group, std::move(confirmed->hash), std::move(trouble)};
}

Result<ports::HeldOutside> ConfirmationPlace::word_of_witness(const std::string& file) const {
    auto taken = ledger_.taken_by(file);
    if (!taken) {
        return fail(Fault::absent, "the witness has taken no head of this process yet");
    }
    return ports::HeldOutside{taken->index, std::move(taken->hash), ledger_.objection()};
}

bool ConfirmationPlace::is_channel(const std::string& name) const {
    for (std::size_t index = 0; index < config_.channels.size(); ++index) {
        if (channel_name(index) == name) {
            return true;
        }
    }
    return false;
}

Result<ports::HeldOutside> ConfirmationPlace::word_of_channel(const std::string& name) const {
    if (people_ == nullptr) {
        return fail(Fault::absent, "nobody tells people yet");
    }
    Result<ports::HeldOutside> word = people_->last_word(name);
    if (word) {
        return word;
    }
    std::string text = "people cannot be told: " + word.error().text;
    text.resize(std::min(text.size(), trouble_bytes_max));
    return fail(word.error().fault, std::move(text));
}

Result<ports::HeldOutside> ConfirmationPlace::last_word(const std::string& from) const {
    if (is_channel(from)) {
        return word_of_channel(from);
    }
    const SinkConfig* sink = sink_called(from);
    return sink != nullptr ? word_of_sink(*sink) : word_of_witness(from);
}

void ConfirmationPlace::hurry(const std::string& from) {
    if (is_channel(from)) {
        if (people_ != nullptr) {
            people_->try_path(from);
        }
    } else if (sink_called(from) == nullptr) {
        ledger_.hurry_head();  // A shipper looks often enough by itself.
    }
}

}  // namespace homeostat::app
