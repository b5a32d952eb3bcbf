#include "homeostat/app/letter_door.hpp"

#include "homeostat/app/chance.hpp"
#include "homeostat/app/mesh_key.hpp"
#include "homeostat/detect/slowness.hpp"
#include "homeostat/net/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::app {

namespace {

namespace roles = adapters::roles;

/// Never the same twice, and foreseen by nobody: what is written to an earlier life, or without our
/// last stamps, is worth nothing.
std::string draw_word() {
    return fmt::format("{:016x}{:016x}", draw_chance(), draw_chance());
}

/// Below it the detector of no agent that is ours calls anything slow.
double latency_limit_ms_min(const Config& config) {
    return std::min(to_ms(config.latency_p99_goal), detect::SlowLimits{}.gain_ms_min);
}

std::optional<Symptom> symptom_of(const heal::ExecutorRole& role, const IncidentId& incident) {
    const std::vector<heal::IncidentView> open = role.incidents();
    const auto found = std::ranges::find(open, incident, &heal::IncidentView::incident);
    return found == open.end() ? std::nullopt : std::optional(found->symptom);
}

}  // namespace

Result<std::unique_ptr<LetterDoor>> LetterDoor::make(const Config& config,
                                                     LetterDoorContext context) {
    if (!config.roles) {
        return fail(Fault::invalid,
                    "roles: where the agent is heard is not said; add roles: { agents: [ … ] }, "
                    "docs/roles.md");
    }
    if (config.roles->agents.empty()) {
        return fail(Fault::invalid,
                    "roles.agents: nobody may propose anything; add the key that `homeostat agent "
                    "--role agent --show-key` prints");
    }
    // Before anything is begun, and not only by listen() once all has been.
    if (const Result<net::Endpoint> place = letters_endpoint(*config.roles); !place) {
        return std::unexpected(place.error());
    }
    roles::DeskSettings settings;
    settings.service = config.service;
    for (const RoleAgent& agent : config.roles->agents) {
        settings.agents.push_back({parse_key(agent.key).value_or(mesh::PublicKey{}), agent.scope});
    }
    settings.life = draw_word();
    settings.draw = draw_word;
    settings.boot_id = context.boot_id;
    settings.latency_limit_ms_min = latency_limit_ms_min(config);
    settings.changes_before = context.role.changes_before();
    settings.versions_seen = [&role = context.role] {
        return PerArtifact<VersionId>{role.version_last_seen(Artifact::deploy),
                                      role.version_last_seen(Artifact::config),
                                      role.version_last_seen(Artifact::flag)};
    };
    settings.places = context.places;
    settings.instances_at = context.instances_at;
    settings.symptom_of = [&role = context.role](const IncidentId& incident) {
        return symptom_of(role, incident);
    };
    settings.log = context.log;
    auto door = std::unique_ptr<LetterDoor>(new LetterDoor(config, context.doors));
    door->desk_ =
        std::make_unique<roles::LetterDesk>(context.role, context.clock, std::move(settings));
    if (!context.doors.is_shared_for_letters(*config.roles)) {
        door->server_ = std::make_unique<net::HttpServer>(
            context.executor,
            [desk = door->desk_.get()](net::HttpRequest request) {
                return desk->answer(std::move(request));
            },
            roles::desk_limits(hears_some(*config.roles)));
    }
    return door;
}

Result<void> LetterDoor::listen() {
    if (!server_) {
        return doors_.open_letters(*config_.roles, config_.service,
                                   [desk = desk_.get()](net::HttpRequest request) {
                                       return desk->answer(std::move(request));
                                   });
    }
    const Result<net::Endpoint> endpoint = letters_endpoint(*config_.roles);
    if (!endpoint) {
        return std::unexpected(endpoint.error());
    }
    // The agent is another user. Who may speak is for signatures to say, and who may come near for
    // the directory's mode.
    const Result<void> listening = server_->listen_openly(*endpoint);
    return listening ? listening
                     : fail(config_.roles->listen.empty() ? "roles.socket" : "roles.listen",
                            listening.error());
}

Task<void> LetterDoor::stop(Instant deadline) {
    if (server_) {
        co_await server_->stop(deadline);
    }
}

Result<net::Endpoint> executor_endpoint_of(const Config& config) {
    if (config.roles->url.empty()) {
        const Result<net::Endpoint> endpoint = net::unix_endpoint(config.roles->socket.string());
        return endpoint ? endpoint
                        : fail(Fault::invalid,
                               "roles: where the executor is is not said; write url: "
                               "http://10.0.0.5:7091, or socket: PATH");
    }
    const Result<net::Address> address = net::parse_endpoint(config.roles->url);
    return address ? Result<net::Endpoint>(address->endpoint) : fail("roles.url", address.error());
}

}  // namespace homeostat::app
