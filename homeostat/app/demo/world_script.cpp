// What a script does to the world and reads from it, and a deploy tool's work.

#include "homeostat/app/demo/world.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <sstream>
#include <utility>

namespace homeostat::app::demo {

namespace {

using namespace std::chrono_literals;

/// Points the link `current` of a root at a version, by renaming a new link over it.
Result<void> point_at(const std::filesystem::path& root, const std::string& version) {
    std::error_code trouble;
    std::filesystem::create_directory_symlink("versions/" + version, root / "current.new", trouble);
    std::filesystem::rename(root / "current.new", root / "current", trouble);
    return trouble ? fail(Fault::full, "cannot give " + root.string() + " the version " + version +
                                           ": " + trouble.message())
                   : Result<void>{};
}

/// As haproxy.cfg.in names it.
std::string server_of(const std::string& service, int index) {
    return service.substr(0, 1) + std::to_string(index);
}

/// Of the row that begins so; 0: there is none. SOURCE: HAProxy's manual, 9.1, column req_tot.
std::uint64_t requests_in(const std::string& stat, const std::string& row) {
    constexpr int requests_column = 48;
    std::size_t at = stat.find("\n" + row);
    for (int column = 0; column < requests_column && at != std::string::npos; ++column) {
        at = stat.find(',', at + 1);
    }
    return at == std::string::npos ? 0 : std::strtoull(stat.c_str() + at + 1, nullptr, 10);
}

}  // namespace

std::string current_of(const std::filesystem::path& root) {
    std::error_code ignored;
    return std::filesystem::read_symlink(root / "current", ignored).filename();
}

// --- a deploy tool's work ------------------------------------------------------------------------

// The tool uses the same shim as the agent, so that instances stay adoptable; it tells the agent
// nothing: the agent has to see the symlink move.
Result<void> World::deploy(const std::string& service, const std::string& version) {
    if (Result<void> made = make_version(service, version); !made) {
        return made;
    }
    const Result<void> pointed = point_at(options_.directory / service, version);
    return pointed ? replace_instances(service) : pointed;
}

Result<void> World::change_config(const std::string& name, json::object operations) {
    if (Result<void> made = make_config(name, std::move(operations)); !made) {
        return made;
    }
    const Result<void> pointed = point_at(options_.directory / "payments" / "config", name);
    return pointed ? replace_instances("payments") : pointed;
}

Result<void> World::replace_instances(const std::string& service) {
    // What a tool has begun it ends, whatever becomes of the links meanwhile.
    const std::filesystem::path root = options_.directory / service;
    const std::string version = current_of(root);
    const std::string config = current_of(root / "config");
    const bool is_watched = restarter_ && service == "payments";
    for (int index = 0; index < instances_count(service); ++index) {
        if (is_watched) {
            restarter_->hold(static_cast<std::size_t>(index));
        }
        if (Result<void> replaced = replace_instance(service, index, version, config); !replaced) {
            return replaced;
        }
        if (is_watched) {
            restarter_->release(static_cast<std::size_t>(index));
        }
    }
    return {};
}

Result<void> World::replace_instance(const std::string& service,
                                     int index,
                                     const std::string& version,
                                     const std::string& config) {
    const std::string name = service + "-" + std::to_string(index);
    const std::string server = service + "/" + server_of(service, index);
    if (const Result<std::string> drained = ask_proxy("set server " + server + " state drain");
        !drained) {
        return std::unexpected(drained.error());
    }
    demo_sleep(150ms);  // Longer than a payment takes.
    const int old = pid_of(service, index);
    if (old > 0) {
        ::kill(old, SIGTERM);
    }
    const auto is_gone = [&] { return old <= 0 || ::kill(old, 0) != 0; };
    if (Result<void> gone = wait_until(name + " has ended", 5s, is_gone); !gone) {
        return gone;
    }
    // The old one's shim has its end to write down before it lets go of the place.
    const auto is_started = [&] {
        return start_instance(service, index, version, config).has_value();
    };
    if (Result<void> started = wait_until(name + " is started", 5s, is_started); !started) {
        return started;
    }
    demo_sleep(100ms);
    if (Result<void> up = wait_until_up(service, index); !up) {
        return up;
    }
    const Result<std::string> back = ask_proxy("set server " + server + " state ready");
    return back ? Result<void>{} : std::unexpected(back.error());
}

Result<void> World::wait_until_up(const std::string& service, int index) const {
    const std::string row_begin = service + "," + server_of(service, index) + ",";
    const auto is_up = [&] {
        const Result<std::string> stat = ask_proxy("show stat");
        const std::size_t row = stat ? stat->find(row_begin) : std::string::npos;
        if (row == std::string::npos) {
            return false;
        }
        const std::string line = stat->substr(row, stat->find('\n', row) - row);
        return line.find(",L7OK,") != std::string::npos;
    };
    return wait_until(server_of(service, index) + " passes its checks", 5s, is_up);
}

Result<void> World::start_instance(const std::string& service,
                                   int index,
                                   const std::string& version,
                                   const std::string& config) const {
    const std::string name = service + "-" + std::to_string(index);
    const std::filesystem::path root = options_.directory / service;
    const std::filesystem::path run = root / "run";
    const std::filesystem::path directory = root / "versions" / version;
    std::vector<std::string> start{program("homeostat-shim"),
                                   "--record",
                                   run / (name + ".json"),
                                   "--log",
                                   run / (name + ".log"),
                                   "--name",
                                   name,
                                   "--version",
                                   version,
                                   "--config",
                                   config,
                                   "--directory",
                                   directory,
                                   "--",
                                   directory / service,
                                   "--port",
                                   std::to_string(ports_.at(name)),
                                   "--name",
                                   name};
    if (!config.empty()) {
        start.insert(start.end(), {"--config", root / "config" / "versions" / config});
    }
    const Result<std::string> started = output_of(start, 5s);
    return started ? Result<void>{} : std::unexpected(started.error());
}

Result<void> World::begin_surge(int requests_per_second) {
    return start_generator("surge", requests_per_second, options_.seed + 1);
}

void World::end_surge() {
    end_generator("surge");
}

Result<void> World::kill_instance(int index) {
    const int pid = pid_of("payments", index);
    if (pid <= 0 || ::kill(pid, SIGKILL) != 0) {
        return fail(Fault::absent, "payments-" + std::to_string(index) + " does not run");
    }
    return {};
}

/// From the record that the shim keeps; 0 without one.
int World::pid_of(const std::string& service, int index) const {
    const std::filesystem::path record =
        options_.directory / service / "run" / (service + "-" + std::to_string(index) + ".json");
    const Result<json::value> document = parse_json(read_file(record));
    const json::value* pid =
        document && document->is_object() ? document->get_object().if_contains("pid") : nullptr;
    return pid != nullptr && pid->is_int64() ? static_cast<int>(pid->get_int64()) : 0;
}

std::vector<int> World::instance_pids() const {
    std::vector<int> pids;
    for (int index = 0; index < payments_instances; ++index) {
        pids.push_back(pid_of("payments", index));
    }
    return pids;
}

// --- what a script does to it, and reads from it -------------------------------------------------

Result<void> World::switch_fault(const std::string& command) {
    Program& fault_switch = running_["fault-switch"];
    if (Result<void> written = fault_switch.write_line(command); !written) {
        return written;
    }
    const Result<std::string> answer = fault_switch.read_line(2s);
    if (!answer) {
        return std::unexpected(answer.error());
    }
    if (!answer->starts_with("ok ")) {
        return fail(Fault::refused, command + " was answered " + *answer);
    }
    return {};
}

Result<bool> World::is_circuit_open() {
    const Result<std::string> entry = ask_proxy("show table circuits key fraud");
    return entry ? Result<bool>(entry->find("gpt0=1") != std::string::npos)
                 : std::unexpected(entry.error());
}

Result<int> World::dimmed_permille() {
    const Result<std::string> entry = ask_proxy("show table dimmers key fraud");
    if (!entry) {
        return std::unexpected(entry.error());
    }
    const std::size_t at = entry->find("gpt0=");
    constexpr std::size_t before = 5;
    return at == std::string::npos
               ? 0
               : static_cast<int>(std::strtol(entry->c_str() + at + before, nullptr, 10));
}

Result<World::Checks> World::checks_of_fraud() {
    const Result<std::string> stat = ask_proxy("show stat");
    if (!stat) {
        return std::unexpected(stat.error());
    }
    Checks checks;
    checks.asked_count = requests_in(*stat, "fraud_in,FRONTEND,");
    checks.given_count = requests_in(*stat, "fraud,BACKEND,");
    return checks;
}

std::vector<Answer> World::answers() {
    const std::scoped_lock hold(answers_lock_);
    return answers_;
}

Result<json::value> World::homeostat(std::vector<std::string> words) {
    words.insert(words.begin(), program("homeostat").string());
    const Result<std::string> output = output_of(words, 5s);
    if (!output) {
        return std::unexpected(output.error());
    }
    return parse_json(*output, {.bytes_max = std::size_t{8} << 20U});
}

Result<json::value> World::ask_agent(const std::string& service,
                                     const std::string& command,
                                     const std::vector<std::string>& words) {
    std::vector<std::string> line{command, "--json", "--config", config_of(service)};
    line.insert(line.end(), words.begin(), words.end());
    return homeostat(std::move(line));
}

/// An agent's key is its own to make: each is asked for it, and the other one told.
Result<void> World::exchange_keys(std::map<std::string, std::string>& words) {
    for (const std::string& service : guarded()) {
        const Result<json::value> said = ask_agent(service, "mesh", {"--key"});
        if (!said) {
            return std::unexpected(said.error());
        }
        words[service == "payments" ? "PAYMENTS_KEY" : "FRAUD_KEY"] =
            std::string(said->at("key").as_string());
    }
    return fill_in_all(words);
}

bool World::replays_the_same(const std::string& service, const std::string& incident) const {
    return output_of({program("homeostat"), "replay", incident, "--config", config_of(service)}, 5s)
        .has_value();
}

Result<std::string> World::ask_proxy(const std::string& command) const {
    const std::string path = options_.directory / "haproxy.sock";
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(std::begin(address.sun_path), sizeof address.sun_path - 1);
    const std::string line = command + "\n";
    const auto* raw = reinterpret_cast<const sockaddr*>(&address);  // The sockets API's own cast.
    std::string reply;
    const bool is_sent =
        socket >= 0 && ::connect(socket, raw, sizeof address) == 0 &&
        ::write(socket, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    std::array<char, 16'384> buffer{};
    ssize_t count = is_sent ? ::read(socket, buffer.data(), buffer.size()) : 0;
    for (; count > 0; count = ::read(socket, buffer.data(), buffer.size())) {
        reply.append(buffer.data(), static_cast<std::size_t>(count));
    }
    ::close(socket);
    if (!is_sent) {
        return fail(Fault::unreachable, "the proxy does not answer on " + path);
    }
    return reply;
}

}  // namespace homeostat::app::demo
