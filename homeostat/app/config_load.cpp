#include "homeostat/app/config_load.hpp"

#include "homeostat/app/config_check.hpp"
#include "homeostat/app/config_reading.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/app/strict_yaml.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <span>
#include <tuple>
#include <utility>

namespace homeostat::app {

namespace {

/// More help nobody; the file is probably not a configuration at all.
constexpr std::size_t problems_max = 50;
/// Of a problem and of a path: every key that is known somewhere fits in.
constexpr std::size_t text_max = 4096;

std::string sha256_of(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    ensure(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1,
           "OpenSSL computes SHA-256");
    std::string text;
    for (const unsigned char byte : std::span(digest).first(size)) {
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

std::vector<ConfigProblem> in_order(std::vector<Problem> problems) {
    std::ranges::sort(problems, {},
                      [](const Problem& problem) { return std::tie(problem.place, problem.text); });
    std::vector<ConfigProblem> sorted;
    for (Problem& problem : problems) {
        if (sorted.size() == problems_max) {
            sorted.push_back(
                ConfigProblem{0, 0, fmt::format("and {} more", problems.size() - problems_max)});
            break;
        }
        sorted.push_back(
            ConfigProblem{problem.place.line, problem.place.column, plain(problem.text, text_max)});
    }
    return sorted;
}

void check_socket(const std::filesystem::path& path, std::string_view key, ConfigReading& reading) {
    const Result<net::Endpoint> socket = net::unix_endpoint(path.string());
    if (!path.empty() && !socket) {
        reading.tell_at(key, socket.error().text);
    }
}

/// A socket's path has a length that only the kernel knows why, and it is known once it is
/// absolute.
void check_sockets(const Config& config, ConfigReading& reading) {
    const Result<net::Endpoint> control = net::unix_endpoint(config.control_socket.string());
    if (!control) {
        reading.tell_at("control.socket", control.error().text);
    }
    if (config.roles) {
        check_socket(config.roles->socket, "roles.socket", reading);
        check_socket(config.roles->agent_socket, "roles.agent_socket", reading);
    }
    if (config.haproxy) {
        const Result<net::Endpoint> edge = net::unix_endpoint(config.haproxy->socket.string());
        if (!edge) {
            reading.tell_at("edge.haproxy.socket", edge.error().text);
        }
    }
}

/// Adds the operator's glosses, or what is wrong with them.
void load_glosses(ConfigReport& report) {
    const std::filesystem::path file = report.config->glosses_file;
    const Result<std::string> text = os::read_file(file.string(), yaml_bytes_max);
    GlossesReport read =
        text ? parse_glosses(*text) : GlossesReport{std::nullopt, {{0, 0, text.error().text}}};
    for (const ConfigProblem& problem : read.problems) {
        const std::string place = problem.line == 0 ? ""
                                                    : fmt::format("{}:{}:{}: ", file.string(),
                                                                  problem.line, problem.column);
        report.problems.push_back(
            ConfigProblem{0, 0, plain("glosses: " + place + problem.text, text_max)});
    }
    if (read.glosses) {
        report.config->glosses = std::move(*read.glosses);
    } else {
        report.config.reset();
    }
}

}  // namespace

GlossesReport parse_glosses(std::string_view text) {
    YamlReading yaml = read_strict_yaml(text);
    ConfigReading reading(std::move(yaml.problems));
    GlossesReport report;
    if (yaml.root) {
        std::vector<sense::UserGloss> glosses;
        for (GlossSection& section : reading.read_glosses(*yaml.root).glosses) {
            glosses.push_back(std::move(section.gloss));
        }
        report.glosses = std::move(glosses);
    }
    report.problems = in_order(reading.problems());
    if (!report.problems.empty()) {
        report.glosses.reset();
    }
    return report;
}

ConfigReport parse_config(std::string_view text, const std::filesystem::path& file) {
    ConfigReport report;
    report.file = file;
    YamlReading yaml = read_strict_yaml(text);
    ConfigReading reading(std::move(yaml.problems));
    if (yaml.root) {
        const ConfigFile read = reading.read(*yaml.root);
        check(read, reading);
        Config config = to_config(read, std::filesystem::absolute(file).parent_path());
        check_sockets(config, reading);
        config.file = file;
        config.digest = sha256_of(text);
        report.config = std::move(config);
    }
    report.problems = in_order(reading.problems());
    if (!report.problems.empty()) {
        report.config.reset();
    }
    return report;
}

ConfigReport load_config(const std::filesystem::path& file) {
    const Result<std::string> text = os::read_file(file.string(), yaml_bytes_max);
    if (!text) {
        ConfigReport report;
        report.file = file;
        const std::string hint = text.error().fault == Fault::absent
                                     ? " — name yours by --config FILE; README.md has a first one"
                                     : "";
        report.problems.push_back(ConfigProblem{0, 0, plain(text.error().text, text_max) + hint});
        return report;
    }
    ConfigReport report = parse_config(*text, file);
    if (report.config && !report.config->glosses_file.empty()) {
        load_glosses(report);
    }
    return report;
}

std::string describe(const ConfigReport& report) {
    const std::string file = plain(report.file.string(), text_max);
    std::string lines;
    for (const ConfigProblem& problem : report.problems) {
        const bool names_file = problem.line == 0 && problem.text.contains(file);
        lines += names_file          ? problem.text + '\n'
                 : problem.line == 0 ? fmt::format("{}: {}\n", file, problem.text)
                                     : fmt::format("{}:{}:{}: {}\n", file, problem.line,
                                                   problem.column, problem.text);
    }
    return lines;
}

}  // namespace homeostat::app
