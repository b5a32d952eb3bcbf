#include "homeostat/sim/sut/pledge_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

namespace homeostat::sim::sut {

namespace {

struct ModeInFile {
    mesh::ModeId mode;
    std::uint32_t depth{1};
    std::optional<mesh::AgentId> via;

    static void fields(auto& self, auto&& field) {
        field("mode", self.mode);
        field("depth", self.depth, may_be_absent);
        field("via", self.via);
    }
};

struct NeighbourInFile {
    mesh::AgentId agent;
    std::string key;
    std::string url;

    static void fields(auto& self, auto&& field) {
        field("agent", self.agent);
        field("key", self.key);
        field("url", self.url);
    }
};

struct RouteInFile {
    mesh::RouteId route;
    mesh::AgentId callee;
    std::uint32_t floor_rps{0};
    std::vector<ModeInFile> modes;

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        field("callee", self.callee);
        field("floor_rps", self.floor_rps);
        field("modes", self.modes);
    }
};

struct CallerInFile {
    mesh::AgentId caller;
    mesh::RouteId route;
    std::vector<ModeInFile> modes;

    static void fields(auto& self, auto&& field) {
        field("caller", self.caller);
        field("route", self.route);
        field("modes", self.modes);
    }
};

struct BorrowerInFile {
    mesh::AgentId caller;
    mesh::RouteId route;

    static void fields(auto& self, auto&& field) {
        field("caller", self.caller);
        field("route", self.route);
    }
};

struct File {
    mesh::AgentId self;
    std::string signing_seed;
    std::vector<NeighbourInFile> neighbours;
    std::vector<RouteInFile> routes;
    std::vector<CallerInFile> callers;
    std::vector<BorrowerInFile> borrowers;
    std::map<std::string, std::uint32_t> limits;
    std::vector<FoundMode> found;
    std::string epoch_file;
    std::uint64_t jitter_seed{0};

    static void fields(auto& file, auto&& field) {
        field("self", file.self);
        field("signing_seed", file.signing_seed);
        field("neighbours", file.neighbours);
        field("routes", file.routes, may_be_absent);
        field("callers", file.callers, may_be_absent);
        field("borrowers", file.borrowers, may_be_absent);
        field("limits", file.limits, may_be_absent);
        field("found", file.found, may_be_absent);
        field("epoch_file", file.epoch_file);
        field("jitter_seed", file.jitter_seed, may_be_absent);
    }
};

using Count = std::pair<std::string_view, std::uint32_t mesh::Limits::*>;
using Span = std::pair<std::string_view, Duration mesh::Limits::*>;

constexpr auto counts = std::to_array<Count>({
    {"errors_enter_permille", &mesh::Limits::errors_enter_permille},
    {"windows_enter", &mesh::Limits::windows_enter},
    {"errors_leave_permille", &mesh::Limits::errors_leave_permille},
    {"windows_leave", &mesh::Limits::windows_leave},
    {"windows_relief", &mesh::Limits::windows_relief},
    {"jitter_percent", &mesh::Limits::jitter_percent},
    {"changes_max", &mesh::Limits::changes_max},
    {"share_percent", &mesh::Limits::share_percent},
    {"neighbours_bad_percent_max", &mesh::Limits::neighbours_bad_percent_max},
    {"self_health_max", &mesh::Limits::self_health_max},
});

constexpr auto spans = std::to_array<Span>({
    {"queue_enter_ms", &mesh::Limits::queue_enter},
    {"queue_leave_ms", &mesh::Limits::queue_leave},
    {"trial_after_ms", &mesh::Limits::trial_after},
    {"ask_deadline_ms", &mesh::Limits::ask_deadline},
    {"renew_deadline_ms", &mesh::Limits::renew_deadline},
    {"ttl_ms", &mesh::Limits::ttl},
    {"release_again_after_ms", &mesh::Limits::release_again_after},
    {"dwell_ms", &mesh::Limits::dwell},
    {"ramp_step_ms", &mesh::Limits::ramp_step},
    {"changes_window_ms", &mesh::Limits::changes_window},
    {"hold_down_ms", &mesh::Limits::hold_down},
    {"hold_down_max_ms", &mesh::Limits::hold_down_max},
    {"beacon_every_ms", &mesh::Limits::beacon_every},
    {"beacon_every_in_need_ms", &mesh::Limits::beacon_every_in_need},
    {"hint_for_ms", &mesh::Limits::hint_for},
    {"word_for_ms", &mesh::Limits::word_for},
    {"leave_for_ms", &mesh::Limits::leave_for},
});

Result<mesh::Limits> limits_of(const std::map<std::string, std::uint32_t>& values) {
    mesh::Limits limits;
    for (const auto& [name, value] : values) {
        const auto* const count = std::ranges::find(counts, std::string_view(name), &Count::first);
        const auto* const span = std::ranges::find(spans, std::string_view(name), &Span::first);
        if (count != counts.end()) {
            limits.*count->second = value;
        } else if (span != spans.end()) {
            limits.*span->second = std::chrono::milliseconds{value};
        } else {
            return fail(Fault::invalid, fmt::format("limits: there is none named {}", name));
        }
    }
    return limits;
}

Result<std::array<std::uint8_t, 32>> parse_key(std::string_view hex, std::string_view of) {
    constexpr int hex_base = 16;
    std::array<std::uint8_t, 32> key{};
    bool is_hex = hex.size() == 2 * key.size();
    for (std::size_t at = 0; is_hex && at < key.size(); ++at) {
        const char* const begin = hex.data() + 2 * at;
        const auto [end, error] = std::from_chars(begin, begin + 2, key[at], hex_base);
        is_hex = error == std::errc() && end == begin + 2;
    }
    return is_hex ? Result<std::array<std::uint8_t, 32>>(key)
                  : fail(Fault::invalid, fmt::format("{}: not 64 hex digits", of));
}

std::vector<mesh::ModeSettings> modes_of(const std::vector<ModeInFile>& modes) {
    std::vector<mesh::ModeSettings> settings;
    for (const ModeInFile& mode : modes) {
        settings.push_back({.id = mode.mode, .depth = mode.depth, .via = mode.via});
    }
    return settings;
}

mesh::Settings settings_of(const File& file, const mesh::Limits& limits) {
    mesh::Settings settings{.self = file.self,
                            .neighbours = {},
                            .routes = {},
                            .callers = {},
                            .borrowers = {},
                            .limits = limits};
    for (const NeighbourInFile& neighbour : file.neighbours) {
        settings.neighbours.push_back(neighbour.agent);
    }
    for (const RouteInFile& route : file.routes) {
        settings.routes.push_back({.route = route.route,
                                   .callee = route.callee,
                                   .floor_rps = route.floor_rps,
                                   .modes = modes_of(route.modes)});
    }
    for (const CallerInFile& caller : file.callers) {
        settings.callers.push_back({caller.caller, caller.route, modes_of(caller.modes)});
    }
    for (const BorrowerInFile& borrower : file.borrowers) {
        settings.borrowers.push_back({borrower.caller, borrower.route});
    }
    return settings;
}

Result<void> add_neighbours(const File& file, PledgeConfig& config) {
    for (const NeighbourInFile& neighbour : file.neighbours) {
        const Result<mesh::PublicKey> key = parse_key(neighbour.key, neighbour.agent.text());
        if (!key) {
            return std::unexpected(key.error());
        }
        const Result<net::Address> address = net::parse_endpoint(neighbour.url);
        if (!address) {
            return std::unexpected(address.error());
        }
        config.keyring.emplace(neighbour.agent, *key);
        config.neighbours.emplace(neighbour.agent.text(), address->endpoint);
    }
    return {};
}

}  // namespace

Result<PledgeConfig> parse_pledge_config(std::string_view text) {
    const Result<json::value> value = parse_json(text);
    if (!value) {
        return std::unexpected(value.error());
    }
    const Result<File> file = from_json<File>(*value);
    if (!file) {
        return std::unexpected(file.error());
    }
    const Result<mesh::Limits> limits = limits_of(file->limits);
    if (!limits) {
        return std::unexpected(limits.error());
    }
    const Result<mesh::SigningSeed> seed = parse_key(file->signing_seed, "signing_seed");
    if (!seed) {
        return std::unexpected(seed.error());
    }
    PledgeConfig config{.settings = settings_of(*file, *limits),
                        .keyring = {},
                        .seed = *seed,
                        .neighbours = {},
                        .found = file->found,
                        .epoch_file = file->epoch_file,
                        .jitter_seed = file->jitter_seed};
    const Result<void> neighbours = add_neighbours(*file, config);
    if (!neighbours) {
        return std::unexpected(neighbours.error());
    }
    const std::optional<std::string> objection = mesh::objection_to(config.settings);
    return objection ? fail(Fault::invalid, *objection) : Result<PledgeConfig>(std::move(config));
}

}  // namespace homeostat::sim::sut
