#include "homeostat/app/demo/world.hpp"

#include "homeostat/os/clock.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace homeostat::app::demo {

namespace {

using namespace std::chrono_literals;

struct ServiceShape {
    std::string name;
    int instances;
    int spares;
    int workers;
    int own_wait_ms;
};

// Workers × waiting time is the capacity, not CPU: 3 × 16 / 25 ms ≈ 1,900 payments per second.
const std::vector<ServiceShape>& services() {
    static const std::vector<ServiceShape> shapes{
        {"payments", payments_instances, payments_spares, 16, 15},
        {"fraud", 2, 0, 12, 8},
        {"quotes", 1, 0, 48, 1},
        {"rates", 1, 0, 8, 4}};
    return shapes;
}

const ServiceShape& shape_of(const std::string& service) {
    return *std::ranges::find(services(), service, &ServiceShape::name);
}

constexpr auto up_within = 20s;
constexpr int connections_per_worker = 5;  // More than these wait at the edge, where it is seen.

std::string agent_of(const std::string& service) {
    return service == "payments" ? "agent" : "agent-" + service;
}

/// Ports that were all free at the same moment.
Result<std::vector<int>> free_ports(std::size_t count) {
    std::vector<int> sockets;
    std::vector<int> ports;
    for (std::size_t index = 0; index < count; ++index) {
        const int one = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* raw = reinterpret_cast<sockaddr*>(&address);  // The sockets API's own cast.
        if (one < 0 || ::bind(one, raw, size) != 0 || ::getsockname(one, raw, &size) != 0) {
            return fail(Fault::busy, std::string("no free port: ") + std::strerror(errno));
        }
        sockets.push_back(one);
        ports.push_back(ntohs(address.sin_port));
    }
    for (const int one : sockets) {
        ::close(one);
    }
    return ports;
}

Result<void> write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    file.close();
    if (!file) {
        return fail(Fault::full, "cannot write " + path.string());
    }
    return {};
}

/// The template with every @WORD@ replaced. ERRORS: invalid: a word that is not known.
Result<std::string> fill_in(const std::filesystem::path& path,
                            const std::map<std::string, std::string>& words) {
    const std::string text = read_file(path);
    if (text.empty()) {
        return fail(Fault::absent, path.string() + " is missing: build again");
    }
    std::string filled;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t open = text.find('@', at);
        const std::size_t close = open == std::string::npos ? open : text.find('@', open + 1);
        if (close == std::string::npos) {
            break;
        }
        const auto word = words.find(text.substr(open + 1, close - open - 1));
        if (word == words.end()) {
            return fail(Fault::invalid, path.string() + ": unknown placeholder " +
                                            text.substr(open, close - open + 1));
        }
        filled += text.substr(at, open - at) + word->second;
        at = close + 1;
    }
    return filled + text.substr(at);
}

std::string upper(std::string text) {
    for (char& c : text) {
        c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return text;
}

/// As homeostat.yaml names where copies are.
std::string redis_nodes_of(const std::vector<int>& ports) {
    std::string list;
    for (const int port : ports) {
        list += fmt::format("{}\"127.0.0.1:{}\"", list.empty() ? "" : ", ", port);
    }
    return ports.size() == 1 ? "address: " + list : "cluster: [" + list + "]";
}

/// What is missing of the programs that the world is made of, with the mend; empty: nothing.
std::string missing_program(const std::filesystem::path& ours) {
    for (const char* name : {"haproxy", "redis-server"}) {
        if (!std::filesystem::path(path_of(name)).is_absolute()) {
            return std::string(name) + " is not installed; `make setup` installs it";
        }
    }
    for (const char* name : {"homeostat", "homeostat-shim", "fault-switch", "payments", "fraud",
                             "quotes", "rates", "load-generator"}) {
        if (::access((ours / name).c_str(), X_OK) != 0) {
            return (ours / name).string() + " is missing: build again";
        }
    }
    return {};
}

}  // namespace

std::string path_of(const std::string& name) {
    for (const char* directory : {"/usr/sbin/", "/usr/bin/", "/usr/local/bin/"}) {
        if (::access((std::string(directory) + name).c_str(), X_OK) == 0) {
            return directory + name;
        }
    }
    return name;
}

int instances_count(const std::string& service) {
    return shape_of(service).instances;
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

Instant demo_now() {
    return os::read_boot_clock();
}

void demo_sleep(Duration span) {
    ::poll(nullptr, 0,
           static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(span).count()));
}

World::World(WorldOptions options) : options_(std::move(options)) {}

World::~World() {
    stop();
}

std::filesystem::path World::program(const std::string& name) const {
    return options_.programs / name;
}

std::vector<std::string> World::guarded() const {
    return options_.guards_fraud ? std::vector<std::string>{"payments", "fraud"}
                                 : std::vector<std::string>{"payments"};
}

std::filesystem::path World::config_of(const std::string& service) const {
    return options_.directory / (service == "payments" ? "homeostat.yaml" : "homeostat-fraud.yaml");
}

// --- start and end -------------------------------------------------------------------------------

Result<void> World::start() {
    if (std::string missing = missing_program(options_.programs); !missing.empty()) {
        return fail(Fault::absent, std::move(missing));
    }
    for (const auto& begin : {&World::write_configurations, &World::start_neighbours,
                              &World::start_guarded, &World::start_load}) {
        if (Result<void> begun = (this->*begin)(); !begun) {
            return begun;
        }
    }
    return {};
}

Result<void> World::write_configurations() {
    std::vector<std::string> names;
    for (const ServiceShape& service : services()) {
        for (int index = 0; index < service.instances + service.spares; ++index) {
            names.push_back(service.name + "-" + std::to_string(index));
        }
    }
    for (const char* name :
         {"edge", "fraud", "rates", "source", "redis-edge", "redis", "payments-mesh", "fraud-mesh",
          "redis-node-0", "redis-node-1", "redis-node-2", "redis-node-0-bus", "redis-node-1-bus",
          "redis-node-2-bus"}) {
        names.emplace_back(name);
    }
    const Result<std::vector<int>> ports = free_ports(names.size());
    if (!ports) {
        return std::unexpected(ports.error());
    }
    std::map<std::string, std::string> words{
        {"RUN_DIR", options_.directory.string()},
        {"BIN_DIR", options_.programs.string()},
        {"MODEL_FILE", options_.model.string()},
        {"WITHOUT_MODEL", options_.model.empty() ? "# " : ""},
        {"ORACLE", options_.oracle},
        {"HOLD_FOR", options_.hold_for},
        // Until the agents have said theirs.
        {"PAYMENTS_KEY", std::string(64, '0')},
        {"FRAUD_KEY", std::string(64, '0')},
        {"PAYMENTS_CHECKS", options_.policy ? options_.policy->proxy_checks : proxy_checks_usual}};
    words["PAYMENTS_MAXCONN"] = std::to_string(connections_per_worker * options_.payments_workers);
    for (std::size_t index = 0; index < names.size(); ++index) {
        ports_[names[index]] = (*ports)[index];
        words[upper(names[index]) + "_PORT"] = std::to_string((*ports)[index]);
    }
    // The proxy speaks to one Redis and, of a cluster, to a node that nobody reads through it.
    words["REDIS_PORT"] = std::to_string(redis_ports().front());
    words["REDIS_NODES"] = redis_nodes_of(redis_ports());
    words["SOURCE_READS_MAX"] = std::to_string(options_.source_reads_max);
    words["FRAUD_MAXCONN"] = std::to_string(options_.fraud_maxconn);
    words["WITHOUT_MESH"] = options_.agrees ? "" : "# ";
    Result<void> done = fill_in_all(words);
    if (done && options_.agrees) {
        done = exchange_keys(words);
    }
    return done ? make_first_versions() : done;
}

Result<void> World::fill_in_all(const std::map<std::string, std::string>& words) const {
    for (const auto& [from, to] :
         {std::pair<std::string, std::string>{"haproxy.cfg.in", "haproxy.cfg"},
          {"homeostat_fraud.yaml.in", "homeostat-fraud.yaml"},
          {"homeostat.yaml.in", "homeostat.yaml"}}) {
        const Result<std::string> text = fill_in(options_.templates / from, words);
        if (!text) {
            return std::unexpected(text.error());
        }
        if (Result<void> written = write_file(options_.directory / to, *text); !written) {
            return written;
        }
    }
    return {};
}

Result<void> World::make_first_versions() {
    for (const ServiceShape& service : services()) {
        if (Result<void> made = make_version(service.name, "v1"); !made) {
            return made;
        }
        std::filesystem::create_directory_symlink("versions/v1",
                                                  options_.directory / service.name / "current");
    }
    if (Result<void> made = make_config("c1", {{"workers", options_.payments_workers}}); !made) {
        return made;
    }
    std::filesystem::create_directory_symlink("versions/c1",
                                              options_.directory / "payments/config/current");
    return {};
}

Result<void> World::make_config(const std::string& name, json::object operations) {
    const std::filesystem::path directory =
        options_.directory / "payments" / "config" / "versions" / name;
    std::filesystem::create_directories(directory);
    return write_file(directory / "operations.json", to_text(operations));
}

Result<void> World::make_version(const std::string& service, const std::string& version) {
    const ServiceShape& shape = shape_of(service);
    const std::filesystem::path directory = options_.directory / service / "versions" / version;
    std::filesystem::create_directories(directory);
    std::filesystem::create_symlink(program(service), directory / service);
    json::object document;
    document["service"] = json::value(service);
    document["version"] = json::value(version);
    document["own_wait_ms"] = service == "rates" ? options_.rates_wait_ms : shape.own_wait_ms;
    document["faults_socket"] = json::value((options_.directory / "faults.sock").string());
    json::object edge;
    if (service == "payments") {
        edge["fraud"] = ports_["fraud"];
        edge["rates"] = ports_["rates"];
    } else {
        document["workers"] = shape.workers;  // Of payments it is a matter of its configuration.
    }
    if (service == "quotes") {
        edge["rates"] = ports_["source"];
        edge["redis"] = ports_["redis-edge"];
        document["cache_s"] = options_.cache_s;
        if (options_.has_redis_cluster) {
            const std::vector<int> nodes = redis_ports();
            edge["redis_cluster"] = json::array(nodes.begin(), nodes.end());
        }
    }
    document["edge"] = std::move(edge);
    return write_file(directory / "service.json", to_text(document));
}

Result<void> World::start_program(const std::string& name, ProgramOptions options) {
    options.log = options_.directory / (name + ".log");
    if (options.directory.empty()) {
        options.directory = options_.directory;
    }
    Result<Program> started = Program::start(options);
    if (!started) {
        return std::unexpected(started.error());
    }
    running_[name] = std::move(*started);
    started_.push_back(name);
    return {};
}

Result<void> World::start_neighbours() {
    const std::filesystem::path& run = options_.directory;
    if (Result<void> started = start_program(
            "fault-switch", {.argv = {program("fault-switch"), "--socket", run / "faults.sock"},
                             .directory = {},
                             .log = {},
                             .has_input_pipe = true,
                             .has_output_pipe = true});
        !started) {
        return started;
    }
    const auto is_listening = [&] { return std::filesystem::exists(run / "faults.sock"); };
    if (Result<void> listens = wait_until("the fault switch listens", up_within, is_listening);
        !listens) {
        return listens;
    }
    if (Result<void> started = start_redis(); !started) {
        return started;
    }
    for (const char* name : {"fraud-0", "fraud-1", "quotes-0", "rates-0"}) {
        const std::string service = std::string(name).substr(0, std::strlen(name) - 2);
        if (options_.guards_fraud && service == "fraud") {
            continue;  // Started with payments, so that a deploy can replace it.
        }
        ProgramOptions options;
        options.directory = run / service / "current";
        options.argv = {options.directory / service, "--port", std::to_string(ports_[name]),
                        "--name", name};
        if (Result<void> started = start_program(name, options); !started) {
            return started;
        }
    }
    ProgramOptions proxy;
    proxy.argv = {path_of("haproxy"), "-db", "-f", run / "haproxy.cfg"};
    return start_program("haproxy", proxy);
}

Result<void> World::start_guarded() {
    return options_.policy ? start_unguarded() : start_agents();
}

Result<void> World::start_agents() {
    for (const std::string& service : guarded()) {
        ProgramOptions options;
        options.argv = {program("homeostat"), "agent", "--config", config_of(service)};
        if (Result<void> started = start_program(agent_of(service), options); !started) {
            return started;
        }
    }
    if (const Result<void> served = wait_until_served(); !served) {
        return fail(served.error().fault,
                    served.error().text + "; last words of the agent: " +
                        read_file(options_.directory / "agent.log").substr(0, 1'000));
    }
    const auto are_ready = [&] {
        return std::ranges::all_of(
            guarded(), [this](const std::string& service) { return is_agent_ready(service); });
    };
    return wait_until("every agent is ready", up_within, are_ready);
}

bool World::is_agent_ready(const std::string& service) {
    const Result<json::value> known = ask_agent(service, "status");
    return known && known->as_object().contains("is_ready") && known->at("is_ready").is_bool() &&
           known->at("is_ready").as_bool();
}

Result<void> World::wait_until_served() {
    const auto serves_all = [&] {
        const Result<std::string> stat = ask_proxy("show stat");
        std::size_t up_count = 0;
        std::size_t at = 0;
        while (stat && (at = stat->find("L7OK,", at)) != std::string::npos) {
            up_count += 1;
            at += 1;
        }
        return up_count >= 8;  // All but the spares, which do not run.
    };
    return wait_until("the proxy sees all servers up", up_within, serves_all);
}

Result<void> World::start_load() {
    return start_generator("load-generator", options_.requests_per_second, options_.seed);
}

Result<void> World::start_generator(const std::string& name,
                                    int requests_per_second,
                                    std::uint64_t seed) {
    ProgramOptions options;
    options.argv = {program("load-generator"),
                    "--port",
                    std::to_string(ports_["edge"]),
                    "--rate",
                    std::to_string(requests_per_second),
                    "--seed",
                    std::to_string(seed),
                    "--for",
                    "300s"};
    options.has_output_pipe = true;
    if (Result<void> started = start_program(name, options); !started) {
        return started;
    }
    Program& generator = running_[name];
    load_readers_[name] = std::thread([this, &generator] { read_load(generator); });
    return {};
}

void World::read_load(Program& generator) {
    while (true) {
        const Result<std::string> line = generator.read_line(310s);
        if (!line) {
            return;
        }
        if (const Result<Answer> answer = parse_answer(*line)) {
            const std::scoped_lock hold(answers_lock_);
            answers_.push_back(*answer);
        }
    }
}

/// It ends once the answers under way are there.
void World::end_generator(const std::string& name) {
    const auto reader = load_readers_.find(name);
    if (reader == load_readers_.end()) {
        return;
    }
    if (running_[name].pid() > 0) {
        ::kill(running_[name].pid(), SIGTERM);
    }
    reader->second.join();
    load_readers_.erase(reader);
}

void World::stop() {
    restarter_.reset();  // Before anything ends that it would start again.
    end_surge();
    end_generator("load-generator");
    for (const std::string& service : guarded()) {
        const auto agent = running_.find(agent_of(service));
        if (agent != running_.end()) {
            agent->second.end(5s);
        }
        const ServiceShape& shape = shape_of(service);
        for (int index = 0; index < shape.instances + shape.spares; ++index) {
            const int pid = pid_of(service, index);
            if (pid > 0) {
                ::kill(pid, SIGKILL);  // They outlive their agent by design.
            }
        }
    }
    for (const std::string& name : started_) {
        running_[name].end(2s);
    }
    running_.clear();
    started_.clear();
}

}  // namespace homeostat::app::demo
