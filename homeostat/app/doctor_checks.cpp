#include "homeostat/app/doctor_checks.hpp"

#include "homeostat/adapters/haproxy/runtime_reply.hpp"
#include "homeostat/adapters/haproxy/runtime_socket.hpp"
#include "homeostat/adapters/process/instance_state.hpp"
#include "homeostat/adapters/process/run_directory.hpp"
#include "homeostat/adapters/process/versions.hpp"
#include "homeostat/net/line_client.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/fd.hpp"
#include "homeostat/os/proc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
namespace haproxy = adapters::haproxy;

constexpr Duration answer_within = std::chrono::seconds{2};
constexpr std::uintmax_t room_bytes_min = std::uintmax_t{64} << 10U;  ///< An incident takes 25 KiB.

/// Runs one question to its end on a loop of its own.
template <class T>
T answer_to(asio::io_context& context, Task<T> question) {
    auto answer = asio::co_spawn(context, std::move(question), asio::use_future);
    context.run();
    context.restart();
    return answer.get();
}

/// Whether anybody else listens there, or may not be asked.
bool is_taken(std::uint16_t port) {
    const os::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) {
        return false;
    }
    const int on = 1;
    ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* raw = reinterpret_cast<const sockaddr*>(&address);  // The sockets API's own cast.
    if (::bind(socket.number(), raw, sizeof address) == 0) {
        return false;
    }
    // Below 1024 not everybody may try; then whoever takes a connection has the port.
    const bool may_not_try = errno == EACCES;
    return may_not_try ? ::connect(socket.number(), raw, sizeof address) == 0 : errno == EADDRINUSE;
}

bool is_ours(const Config& config, const InstanceId& instance) {
    const Result<std::string> boot_id = os::read_boot_id();
    const adapters::process::RunDirectory run(config.process.run_directory.string());
    const auto state = boot_id ? adapters::process::look_at(run, instance, *boot_id)
                               : std::unexpected(boot_id.error());
    return state && state->is_alive();
}

/// Empty when each of our servers is there.
std::string missing_servers(const HaproxyConfig& edge, const haproxy::BackendView& view) {
    std::string missing;
    for (const std::string& server : edge.servers) {
        const bool is_there = std::ranges::find(view.servers, server, &haproxy::ServerView::name) !=
                              view.servers.end();
        if (!is_there) {
            missing += (missing.empty() ? "" : ", ") + server;
        }
    }
    return missing;
}

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
        text.pop_back();
    }
    return text;
}

}  // namespace

Check check_directory(const std::string& name, std::filesystem::path directory) {
    const std::string wanted = directory.string();
    std::error_code ignored;
    while (!directory.empty() && !std::filesystem::exists(directory, ignored)) {
        const std::filesystem::path parent = directory.parent_path();
        directory = parent == directory ? std::filesystem::path(".") : parent;
    }
    const std::filesystem::path asked = directory.empty() ? "." : directory;
    if (!std::filesystem::is_directory(asked, ignored)) {
        return {name, Health::ill, asked.string() + " is no directory", "choose another place"};
    }
    if (::access(asked.c_str(), W_OK) != 0) {
        const bool is_read_only = errno == EROFS;
        return {name, Health::ill, asked.string() + " cannot be written",
                is_read_only ? "mount the file system writable"
                             : "give the agent's user the right to write there"};
    }
    const std::filesystem::space_info space = std::filesystem::space(asked, ignored);
    if (!ignored && space.available < room_bytes_min) {
        return {name, Health::ill,
                fmt::format("{} has room for {} bytes", asked.string(), space.available),
                "free space on that file system: without room nothing is recorded, so nothing is "
                "done"};
    }
    return {name, Health::well, wanted + " can be written"};
}

Check check_version(const Config& config) {
    const std::string link = (config.process.versions_root / "current").string();
    const adapters::process::Versions versions(config.process.versions_root.string(), {});
    const auto current = versions.current();
    if (current) {
        return {"version", Health::well, link + " is " + current->version.text()};
    }
    return {"version", Health::ill, current.error().text,
            fmt::format("deploy a version: ln -s versions/NAME {}", link)};
}

std::vector<Check> check_ports(const Config& config) {
    std::vector<Check> found;
    for (std::size_t index = 0; index < config.process.ports.size(); ++index) {
        const InstanceId instance(config.service.text() + "-" + std::to_string(index));
        const std::uint16_t port = config.process.ports[index];
        if (is_taken(port) && !is_ours(config, instance)) {
            found.push_back(
                {"ports", Health::ill,
                 fmt::format("port {} of {} is held by another program", port, instance.text()),
                 fmt::format("end it (ss -ltnp 'sport = :{}' names it), or choose another port",
                             port)});
        }
    }
    if (found.empty()) {
        found.push_back({"ports", Health::well, "each is free, or held by its instance"});
    }
    return found;
}

Check check_edge(const Config& config) {
    const HaproxyConfig& edge = *config.haproxy;
    const std::string path = edge.socket.string();
    const std::string line = "stats socket " + path + " mode 600 level admin";
    const Result<net::Endpoint> endpoint = net::unix_endpoint(path);
    if (!endpoint) {
        return {"haproxy", Health::ill, endpoint.error().text, "choose a shorter path"};
    }
    asio::io_context context{1};
    const net::LineExchange level =
        answer_to(context, net::exchange_line(context.get_executor(), *endpoint, "show cli level",
                                              os::read_boot_clock() + answer_within, 4096));
    if (!level.reply) {
        return {"haproxy", Health::ill, level.reply.error().text,
                "start HAProxy with `" + line + "`"};
    }
    if (const std::string word = trimmed(*level.reply); word != "admin") {
        return {
            "haproxy", Health::ill,
            path + " gives the level '" + haproxy::plain_text(word) + "', and only admin may drain",
            "write `" + line + "` and reload HAProxy"};
    }
    std::vector<std::string> backends{edge.backend};
    for (const NeighbourConfig& neighbour : config.neighbours) {
        backends.push_back(neighbour.backend);
    }
    const haproxy::RuntimeSocket socket(context.get_executor(), *endpoint);
    const auto views =
        answer_to(context, socket.look(backends, os::read_boot_clock() + answer_within));
    if (!views) {
        return {"haproxy", Health::ill, views.error().text,
                "name backends that HAProxy has (edge.haproxy.backend, neighbours), or add them to "
                "haproxy.cfg"};
    }
    if (const std::string missing = missing_servers(edge, views->front()); !missing.empty()) {
        return {"haproxy", Health::ill,
                fmt::format("backend {} has no server {}", edge.backend, missing),
                "name its servers in edge.haproxy, or add them to haproxy.cfg"};
    }
    return {"haproxy", Health::well, path + " answers at level admin and knows each server"};
}

}  // namespace homeostat::app
