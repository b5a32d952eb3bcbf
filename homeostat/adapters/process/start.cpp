#include "homeostat/adapters/process/start.hpp"

#include "homeostat/adapters/process/command.hpp"
#include "homeostat/adapters/process/wait.hpp"
#include "homeostat/os/file.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace homeostat::adapters::process {

namespace {

constexpr std::size_t words_bytes_max = 400;
constexpr std::size_t words_lines_max = 3;
constexpr std::size_t shim_text_bytes_max = 1024;

// The shim's exit statuses (shim/shim.hpp). They are the protocol between two programs, so both
// sides write them down; the tests bring the real shim to each of them.
constexpr int shim_started = 0;
constexpr int shim_usage = 64;
constexpr int shim_absent = 69;
constexpr int shim_full = 73;
constexpr int shim_busy = 75;

const DeclaredInstance* find(const Options& options, const InstanceId& instance) {
    const auto found = std::ranges::find(options.instances, instance, &DeclaredInstance::id);
    return found == options.instances.end() ? nullptr : &*found;
}

/// Empty for an artifact without versions.
Result<std::string> version_directory(const Options& options,
                                      Artifact artifact,
                                      const VersionId& version) {
    const std::string& root = options.roots[artifact];
    if (root.empty() != version.empty()) {
        const std::string what = artifact == Artifact::config ? "configuration" : "service";
        return fail(Fault::invalid,
                    "the " + what +
                        (version.empty() ? " has versions, and the start names none"
                                         : " has no versions, and the start names one"));
    }
    if (version.empty()) {
        return std::string{};
    }
    return Versions{root, ""}.directory_of(version);
}

/// A version brings its own files, so it starts among them unless the configuration says otherwise.
std::string working_directory(const Options& options, const std::string& version_dir) {
    if (!options.working_directory.empty()) {
        return options.working_directory;
    }
    return version_dir.empty() ? options.run_directory : version_dir;
}

std::vector<std::string> shim_arguments(const Options& options, const Launch& launch) {
    const RunDirectory run{options.run_directory};
    return {options.shim,
            "--record",
            run.record_of(launch.instance),
            "--log",
            run.log_of(launch.instance),
            "--log-bytes-max",
            std::to_string(options.log_bytes_max),
            "--log-files",
            std::to_string(options.log_files),
            "--effect",
            launch.effect.text(),
            "--name",
            launch.instance.text(),
            "--version",
            launch.versions.deploy.text(),
            "--config",
            launch.versions.config.text()};
}

Fault fault_of(int exit_code) {
    switch (exit_code) {
        case shim_usage:
            return Fault::invalid;
        case shim_absent:
            return Fault::absent;
        case shim_full:
            return Fault::full;
        case shim_busy:
            return Fault::busy;
        default:
            return Fault::unreachable;
    }
}

/// One line, printable, without the spaces at its ends.
std::string plain_line(std::string_view text) {
    std::string plain(text);
    for (char& c : plain) {
        const bool is_plain = c >= ' ' && c <= '~';
        c = is_plain ? c : (c == '\n' || c == '\t' ? ' ' : '?');
    }
    const std::size_t first = plain.find_first_not_of(' ');
    const std::size_t last = plain.find_last_not_of(' ');
    return first == std::string::npos ? std::string{} : plain.substr(first, last - first + 1);
}

std::string read_what_is_there(const os::Fd& reader) {
    std::array<char, shim_text_bytes_max> text{};
    const ssize_t count = ::read(reader.number(), text.data(), text.size());
    return plain_line({text.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))});
}

}  // namespace

Result<Launch> prepare_launch(const Options& options,
                              const InstanceId& instance,
                              const PerArtifact<VersionId>& versions,
                              const EffectId& effect) {
    const DeclaredInstance* declared = find(options, instance);
    if (declared == nullptr) {
        return fail(Fault::invalid, "there is no instance " + instance.text());
    }
    const Result<std::string> version_dir =
        version_directory(options, Artifact::deploy, versions.deploy);
    if (!version_dir) {
        return std::unexpected(version_dir.error());
    }
    const Result<std::string> config_dir =
        version_directory(options, Artifact::config, versions.config);
    if (!config_dir) {
        return std::unexpected(config_dir.error());
    }
    const CommandValues values{instance.text(), declared->port, *version_dir, *config_dir};
    const Result<std::vector<std::string>> command = expand_command(options.command, values);
    if (!command) {
        return std::unexpected(command.error());
    }
    const std::string directory = working_directory(options, *version_dir);
    for (const std::string& program : {command->front(), options.shim}) {
        if (const Result<std::string> found = os::find_program(program, directory); !found) {
            return std::unexpected(found.error());
        }
    }
    Launch launch;
    launch.instance = instance;
    launch.effect = effect;
    launch.versions = versions;
    launch.program.argv = shim_arguments(options, launch);
    launch.program.argv.insert(launch.program.argv.end(), {"--directory", directory, "--"});
    launch.program.argv.insert(launch.program.argv.end(), command->begin(), command->end());
    launch.program.environment = options.environment;
    const std::string log = RunDirectory{options.run_directory}.log_of(instance);
    if (const Result<os::FileIdentity> file = os::identify_target(log)) {
        launch.log_bytes = file->bytes;
    }
    return launch;
}

void bind_to_record(Launch& launch, const InstanceState& state) {
    const std::string identity = state.file ? std::to_string(state.file->inode) + ":" +
                                                  std::to_string(state.file->modified_ns)
                                            : "none";
    launch.program.argv.insert(launch.program.argv.begin() + 1, {"--after", identity});
}

Task<Result<void>> carry_out(Launch launch,
                             Instant deadline,
                             ports::Clock& clock,
                             std::function<void(Phase)> on_phase) {
    Result<os::Pipe> pipe = os::make_pipe();
    if (!pipe) {
        co_return std::unexpected(std::move(pipe.error()));
    }
    launch.program.error_fd = pipe->writer.number();
    launch.program.has_own_session = true;  // Ctrl-C for us is none for a start that is under way.
    Result<os::Child> shim = os::spawn(launch.program);
    pipe->writer.close();
    if (!shim) {
        co_return fail(Fault::absent, "cannot start homeostat-shim: " + shim.error().text);
    }
    if (on_phase) {
        on_phase(Phase::launched);
    }
    const bool has_told = co_await wait_readable(shim->process().fd(), deadline, clock);
    if (!has_told) {
        // Only the messenger ends; the shim itself has left for a session of its own.
        static_cast<void>(shim->process().send(SIGKILL));
        co_return fail(Fault::late, "the deadline passed before the shim said what became of it");
    }
    const std::optional<int> status = shim->exit_status();
    const int exit_code = status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
    if (exit_code == shim_started) {
        co_return Result<void>{};
    }
    std::string text = read_what_is_there(pipe->reader);
    text = text.empty() ? "homeostat-shim ended without a word" : text;
    co_return fail(fault_of(exit_code), std::move(text));
}

std::string last_words(const Options& options, const Launch& launch) {
    const std::string path = RunDirectory{options.run_directory}.log_of(launch.instance);
    const Result<os::FileIdentity> log = os::identify_target(path);
    if (!log) {
        return {};
    }
    // Cut by a rotation since: then all of it is newer than the launch.
    const std::uint64_t begin = log->bytes < launch.log_bytes ? 0 : launch.log_bytes;
    const std::uint64_t bytes = std::min<std::uint64_t>(log->bytes - begin, words_bytes_max);
    const Result<std::string> tail = os::read_part(path, log->bytes - bytes, bytes);
    if (!tail) {
        return {};
    }
    std::string_view rest = *tail;
    std::string words;
    for (std::size_t line = 0; line < words_lines_max && !rest.empty(); ++line) {
        rest = rest.ends_with('\n') ? rest.substr(0, rest.size() - 1) : rest;
        const std::size_t newline = rest.rfind('\n');
        const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
        words.insert(0, words.empty() ? "" : " | ");
        words.insert(0, plain_line(rest.substr(start)));
        rest = rest.substr(0, start);
    }
    return words;
}

}  // namespace homeostat::adapters::process
