#include "homeostat/app/doctor_sinks.hpp"

#include "homeostat/app/own_place.hpp"
#include "homeostat/app/sink_states.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/os/child.hpp"
#include "homeostat/os/clock.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

constexpr Duration answers_within = 30s;  ///< Each of eight sinks may take some five of these.
constexpr std::size_t answer_bytes_max = std::size_t{64} << 10U;

struct Found {
    bool is_well{false};
    std::vector<Check> checks;

    static void fields(auto& self, auto&& field) {
        field("is_well", self.is_well);
        field("checks", self.checks);
    }
};

/// To the end of what is written there, or nothing once the deadline has passed.
Result<std::string> read_all(const os::Fd& reader, Instant deadline) {
    std::string text;
    while (text.size() < answer_bytes_max) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - os::read_boot_clock());
        pollfd readable{.fd = reader.number(), .events = POLLIN, .revents = 0};
        if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0) {
            return fail(Fault::late, "homeostat-shipper check does not end");
        }
        std::array<char, 4096> part{};
        const ssize_t count = ::read(reader.number(), part.data(), part.size());
        if (count <= 0) {
            return text;
        }
        text.append(part.data(), static_cast<std::size_t>(count));
    }
    return fail(Fault::broken, "homeostat-shipper check says more than it should");
}

Result<Found> ask_shipper(const Config& config) {
    Result<os::Pipe> pipe = os::make_pipe();
    if (!pipe) {
        return std::unexpected(pipe.error());
    }
    os::Program program;
    program.argv = {(own_directory() / "homeostat-shipper").string(), "check", "--config",
                    config.file.string(), "--json"};
    program.output_fd = pipe->writer.number();
    program.ends_with_us = true;
    Result<os::Child> child = os::spawn(program);
    if (!child) {
        return std::unexpected(child.error());
    }
    pipe->writer.close();
    const Result<std::string> text = read_all(pipe->reader, os::read_boot_clock() + answers_within);
    if (!text) {
        ::kill(child->pid(), SIGKILL);
        return std::unexpected(text.error());
    }
    const Result<json::value> value = parse_json(*text);
    return value ? from_json<Found>(*value)
                 : fail(Fault::broken, "homeostat-shipper check cannot be read");
}

Check check_shipper(const Config& config) {
    std::string behind;
    for (const SinkState& state : sink_states_now(config, os::read_wall_clock())) {
        behind += fmt::format(
            "{}{} {}{}", behind.empty() ? "" : ", ", state.name, to_text(state.standing),
            state.lag_groups ? fmt::format(" (lacks {})", *state.lag_groups) : "");
    }
    return note("shipper", behind, "homeostat status has the reasons, once an agent runs");
}

}  // namespace

std::vector<Check> check_sinks(const Config& config) {
    if (config.sinks.empty() && !config.fleet) {
        return {};
    }
    Result<Found> found = ask_shipper(config);
    if (!found) {
        return {ill("sinks", found.error().text,
                    "homeostat-shipper has to lie beside homeostat, as `make` builds it; until "
                    "then the ledger keeps what they lack")};
    }
    std::vector<Check> checks = std::move(found->checks);
    checks.push_back(check_shipper(config));
    return checks;
}

}  // namespace homeostat::app
