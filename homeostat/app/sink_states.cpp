#include "homeostat/app/sink_states.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/base/timestamp.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace homeostat::app {

namespace {

constexpr std::size_t states_bytes_max = std::size_t{64} << 10U;

}  // namespace

std::string_view kind_of(const SinkConfig& sink) {
    return sink.postgres ? "postgres" : sink.nats ? "nats" : "webhook";
}

std::filesystem::path sink_states_file(const Config& config) {
    return config.sinks_directory / "states.json";
}

Result<void> write_sink_states(const std::filesystem::path& file, const SinkStates& states) {
    return os::write_file_atomically(file.string(), to_text(to_json(states)) + "\n", 0600);
}

Result<SinkStates> read_sink_states(const std::filesystem::path& file) {
    const Result<std::string> text = os::read_file(file.string(), states_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    const Result<json::value> value = parse_json(*text);
    Result<SinkStates> states =
        value ? from_json<SinkStates>(*value) : std::unexpected<Error>(value.error());
    return states ? std::move(states)
                  : fail(Fault::corrupt, file.string() + ": " + states.error().text);
}

std::vector<SinkState> sink_states_now(const Config& config, WallTime now) {
    std::vector<SinkState> all;
    if (config.sinks.empty()) {
        return all;
    }
    const Result<SinkStates> read = read_sink_states(sink_states_file(config));
    const bool is_fresh = read && now - read->at < sink_states_good_for;
    for (const SinkConfig& sink : config.sinks) {
        SinkState state{.name = sink.name, .kind = std::string(kind_of(sink))};
        const auto known = read ? std::ranges::find(read->sinks, sink.name, &SinkState::name)
                                : std::vector<SinkState>::const_iterator();
        const bool is_known = read && known != read->sinks.end() && known->kind == state.kind;
        if (is_known) {
            state = *known;
        }
        if (!is_known) {
            state.trouble = read || read.error().fault == Fault::absent
                                ? "homeostat-shipper has said nothing of it yet"
                                : read.error().text;
        } else if (!is_fresh) {
            state.standing = SinkStanding::starting;
            state.trouble = "homeostat-shipper does not run, or hangs: it wrote last at " +
                            to_timestamp(read->at);
        }
        all.push_back(std::move(state));
    }
    return all;
}

std::function<std::vector<SinkState>()> sink_reader_of(const Config& config) {
    if (config.sinks.empty()) {
        return {};
    }
    return [&config] { return sink_states_now(config, os::read_wall_clock()); };
}

}  // namespace homeostat::app
