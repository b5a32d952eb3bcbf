#include "homeostat/app/pledges.hpp"

#include "homeostat/adapters/modes/mode_file.hpp"
#include "homeostat/app/chance.hpp"
#include "homeostat/app/mesh_key.hpp"
#include "homeostat/app/mesh_place.hpp"
#include "homeostat/app/pledge_tasks.hpp"
#include "homeostat/base/named_enum.hpp"

#include <optional>
#include <utility>

namespace homeostat::app {

namespace {

constexpr int ok = 200;
constexpr int accepted = 202;
constexpr int bad_request = 400;
constexpr int too_large = 413;
constexpr int not_ready = 503;

net::HttpResponse discarded(mesh::Discard why) {
    json::object document;
    document["discarded"] = json::value(std::string(to_text(why)));
    return {.status = why == mesh::Discard::oversized ? too_large : bad_request,
            .body = to_text(json::value(document)),
            .content_type = "application/json"};
}

/// For a service that does not map the file: in which mode is each of its routes?
net::HttpResponse modes(const std::vector<heal::PledgeView>& views) {
    json::array modes;
    for (const heal::PledgeView& view : views) {
        if (view.role != "caller") {
            continue;
        }
        json::object mode;
        mode["route"] = json::value(view.route);
        mode["mode"] = json::value(view.mode);
        mode["permille"] = view.permille;
        mode["rps_max"] = view.rps_max;
        mode["lasts_ms"] = view.lasts_ms;
        modes.push_back(std::move(mode));
    }
    json::object document;
    document["modes"] = std::move(modes);
    return {
        .status = ok, .body = to_text(json::value(document)), .content_type = "application/json"};
}

}  // namespace

Result<std::unique_ptr<Pledges>> Pledges::make(const Config& config, PledgesContext context) {
    Result<mesh::Settings> mesh = mesh_settings_of(config);
    if (!mesh) {
        return std::unexpected(mesh.error());
    }
    const Result<mesh::SigningSeed> seed = read_or_make_key(config.mesh->key_file);
    if (!seed) {
        return fail("mesh.key", seed.error());
    }
    const Result<std::map<std::string, net::Endpoint>> peers = peers_of(config);
    if (!peers) {
        return std::unexpected(peers.error());
    }
    const Result<std::uint64_t> stored = begin_epoch(config.mesh->epoch_file);
    if (!stored) {
        return fail("mesh.key", stored.error());
    }
    auto pledges = std::unique_ptr<Pledges>(new Pledges(config));
    context.edge.add(pledges->windows_);
    pledges->links_ =
        std::make_unique<adapters::peers::PeerLinks>(context.executor, *peers, context.log);
    if (!config.mesh->mode_file.empty()) {
        auto board = adapters::modes::ModeFile::open(config.mesh->mode_file.string());
        if (!board) {
            return fail("mesh.mode_file", board.error());
        }
        pledges->board_ = *std::move(board);
    }
    heal::PledgeSettings settings;
    settings.service = config.service;
    settings.mesh = *std::move(mesh);
    settings.keyring = keyring_of(config);
    settings.seed = *seed;
    settings.stored_epoch = *stored;
    settings.chance = draw_chance();
    settings.neighbours = dimmed_neighbours_of(config);
    settings.dimmers = dimmer_limits_of(config);
    settings.autonomy = config.reduce_mode;
    settings.capacity_rps = config.mesh->capacity_rps;
    settings.floor_rps = config.mesh->floor_rps;
    settings.log = context.log;
    settings.keep = [&role = context.role](std::vector<Entry> entries) {
        return role.keep(std::move(entries));
    };
    settings.unwitnessed = context.unwitnessed;
    pledges->role_ =
        std::make_unique<heal::PledgeRole>(context.executor,
                                           heal::PledgePorts{.clock = context.clock,
                                                             .kill_switch = context.kill_switch,
                                                             .dimmer = *context.edge.dimmer(),
                                                             .edge = *pledges->windows_.front(),
                                                             .peers = *pledges->links_,
                                                             .board = pledges->board_.get()},
                                           std::move(settings));
    context.role.consult(*pledges->role_);
    adapters::a2a::DoorSettings door;
    door.card = card_settings_of(config);
    door.life = std::to_string(*stored + 1);
    pledges->door_ = std::make_unique<adapters::a2a::Door>(context.executor, door, pledges->desk());
    pledges->server_ = std::make_unique<net::HttpServer>(
        context.executor,
        [own = pledges.get()](net::HttpRequest request) { return own->answer(std::move(request)); },
        adapters::a2a::door_limits());
    return pledges;
}

Result<void> Pledges::listen() {
    const Result<net::Address> address = net::parse_endpoint("http://" + config_.mesh->listen);
    if (!address) {
        return fail("mesh.listen", address.error());
    }
    const Result<void> listening = server_->listen_openly(address->endpoint);
    return listening ? listening : fail("mesh.listen", listening.error());
}

adapters::a2a::Desk Pledges::desk() {
    adapters::a2a::Desk desk;
    desk.take_pledge = [this](std::string_view bytes) -> std::optional<std::string> {
        if (!role_->is_ready()) {
            return "not_ready";
        }
        const std::optional<mesh::Discard> why = role_->hear(std::string(bytes));
        return why ? std::optional(std::string(to_text(*why))) : std::nullopt;
    };
    desk.tasks = [this] { return tasks_of(role_->moments()); };
    desk.task_of = [this](std::string_view id) -> std::optional<adapters::a2a::A2aTask> {
        for (adapters::a2a::A2aTask& task : tasks_of(role_->moments())) {
            if (task.id == id) {
                return std::move(task);
            }
        }
        return std::nullopt;
    };
    // No `cancel`: a promise is for the two who made it to end.
    return desk;
}

/// The fast path between agents, and the outer door for everybody else.
Task<net::HttpResponse> Pledges::answer(net::HttpRequest request) {
    if (request.method == "POST" && request.path == adapters::peers::pledges_path) {
        if (!role_->is_ready()) {
            co_return net::HttpResponse{.status = not_ready};
        }
        const std::optional<mesh::Discard> why = role_->hear(std::move(request.body));
        co_return why ? discarded(*why) : net::HttpResponse{.status = accepted};
    }
    if (request.method == "GET" && request.path == "/v1/modes") {
        co_return modes(role_->pledges());
    }
    net::HttpResponse response = co_await door_->answer(std::move(request));
    co_return response;
}

Task<void> Pledges::stop(Instant deadline) {
    role_->stop();
    co_await server_->stop(deadline);
}

}  // namespace homeostat::app
