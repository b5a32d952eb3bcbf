#include "homeostat/app/advise_trials.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/os/child.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t report_bytes_max = 65'536;
/// A pair of worlds takes about half a second on a busy core; a thousand may be asked for.
constexpr std::chrono::minutes trial_for_max{30};

double ms_of(Duration span) {
    return to_seconds(span) * 1'000;
}

std::vector<std::string> arguments_of(const advise::TrialOrder& order) {
    std::vector<std::string> arguments{"before-after", "--json"};
    const auto add = [&](const char* name, std::string value) {
        arguments.emplace_back(name);
        arguments.push_back(std::move(value));
    };
    add("--cause", std::string(to_text(order.cause)));
    add("--advice", std::string(to_text(order.advice)));
    add("--instances", std::to_string(order.instances));
    add("--spares", std::to_string(order.spares));
    add("--min-healthy", std::to_string(order.min_healthy));
    add("--neighbours", std::to_string(order.neighbours));
    add("--latency-goal-ms", fmt::format("{}", ms_of(order.latency_goal)));
    add("--max-age-ms", fmt::format("{}", ms_of(order.max_age)));
    add("--worlds", std::to_string(order.worlds_count));
    add("--seed", std::to_string(order.seed));
    if (order.has_circuit) {
        arguments.emplace_back("--circuit");
    }
    return arguments;
}

/// False: the deadline came first.
bool wait_readable(int descriptor, steady_clock::time_point deadline) {
    while (true) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
        pollfd waited{.fd = descriptor, .events = POLLIN, .revents = 0};
        const int found =
            ::poll(&waited, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
        if (found >= 0 || errno != EINTR) {
            return found > 0;
        }
    }
}

/// All that comes until the other end is closed.
Result<std::string> read_to_end(const os::Fd& reader, steady_clock::time_point deadline) {
    std::string text;
    std::array<char, 4'096> block{};
    while (text.size() <= report_bytes_max) {
        if (!wait_readable(reader.number(), deadline)) {
            return fail(Fault::late, "homeostat-lab takes too long; fewer worlds may help");
        }
        const ssize_t count = ::read(reader.number(), block.data(), block.size());
        if (count == 0) {
            return text;
        }
        if (count < 0 && errno != EINTR) {
            return fail(Fault::broken, "what homeostat-lab says cannot be read");
        }
        text.append(block.data(), static_cast<std::size_t>(std::max<ssize_t>(0, count)));
    }
    return fail(Fault::broken, "homeostat-lab says more than a report is");
}

Result<std::string> output_of(const std::filesystem::path& lab, const advise::TrialOrder& order) {
    Result<os::Pipe> pipe = os::make_pipe();
    if (!pipe) {
        return std::unexpected<Error>(pipe.error());
    }
    std::vector<std::string> argv = arguments_of(order);
    argv.insert(argv.begin(), lab.string());
    Result<os::Child> child = os::spawn({.argv = std::move(argv),
                                         .directory = {},
                                         .environment = {},
                                         .ends_with_us = true,
                                         .output_fd = pipe->writer.number(),
                                         .error_fd = STDERR_FILENO});
    if (!child) {
        return fail(child.error().fault,
                    fmt::format("advise: {}: it is built with the target homeostat-lab and has to "
                                "lie beside homeostat",
                                child.error().text));
    }
    pipe->writer.close();  // Else its end would never be seen.
    const steady_clock::time_point deadline = steady_clock::now() + trial_for_max;
    Result<std::string> text = read_to_end(pipe->reader, deadline);
    const bool has_ended = text && wait_readable(child->process().fd(), deadline);
    if (!has_ended) {
        (void)child->process().send(SIGKILL);
        return text ? Result<std::string>(fail(Fault::late, "homeostat-lab does not end")) : text;
    }
    const std::optional<int> status = child->exit_status();
    if (!status || *status != 0) {
        return fail(Fault::broken,
                    "homeostat-lab " + os::describe_exit(status.value_or(0)) + ", see above");
    }
    return text;
}

}  // namespace

Result<advise::BeforeAfter> try_advice(const std::filesystem::path& lab,
                                       const advise::TrialOrder& order) {
    const Result<std::string> text = output_of(lab, order);
    if (!text) {
        return std::unexpected<Error>(text.error());
    }
    const Result<json::value> document = parse_json(*text);
    Result<advise::BeforeAfter> report = document ? from_json<advise::BeforeAfter>(*document)
                                                  : std::unexpected<Error>(document.error());
    if (!report || report->cause != order.cause || report->advice != order.advice) {
        return fail(Fault::broken,
                    "homeostat-lab says what is no report of this advice; it may "
                    "be of another version than homeostat");
    }
    return report;
}

}  // namespace homeostat::app
