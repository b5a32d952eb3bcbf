#include "homeostat/adapters/llm/model_server.hpp"

#include "homeostat/adapters/llm/prompt.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

namespace homeostat::adapters::llm {

namespace {

constexpr std::size_t words_bytes_max = 200;
constexpr std::streamoff log_tail_bytes = 2048;

std::vector<std::string> command_line(const ModelServerSettings& settings,
                                      const std::filesystem::path& socket) {
    const std::string threads = std::to_string(settings.threads);
    std::vector<std::string> line = settings.command;
    // One slot, so that nothing else can push our prefix out. --swa-full: without it a model with
    // sliding windows reads its whole prompt again each time. Flash attention is slower on a
    // processor for prompts as short as ours. The rest takes away what we never use.
    line.insert(line.end(), {"--model",
                             settings.model_file.string(),
                             "--host",
                             socket.string(),
                             "--ctx-size",
                             "2048",
                             "--parallel",
                             "1",
                             "--threads",
                             threads,
                             "--threads-batch",
                             threads,
                             "--batch-size",
                             "512",
                             "--ubatch-size",
                             "512",
                             "--flash-attn",
                             "off",
                             "--swa-full",
                             "--cache-ram",
                             "0",
                             "--no-slots",
                             "--offline",
                             "--log-verbosity",
                             "2"});
    return line;
}

// The last line of the log that says something.
std::string last_words(const std::filesystem::path& log) {
    std::ifstream file(log, std::ios::binary | std::ios::ate);
    const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : 0;
    file.seekg(std::max<std::streamoff>(0, size - log_tail_bytes));
    std::string line;
    std::string last;
    while (std::getline(file, line)) {
        last = line.empty() ? last : line;
    }
    return plain_text(last, words_bytes_max);
}

ServerBounds bounds_of(const ModelServerSettings& settings) {
    constexpr std::uint64_t besides_weights = std::uint64_t{512} << 20U;
    std::error_code unknown;
    const std::uintmax_t file_bytes = std::filesystem::file_size(settings.model_file, unknown);
    ServerBounds bounds{.priority = settings.priority,
                        .readable = settings.readable,
                        .memory_bytes_max = settings.memory_bytes_max,
                        .cgroup = settings.cgroup};
    bounds.readable.push_back(settings.model_file);
    if (bounds.memory_bytes_max == 0 && !unknown) {
        bounds.memory_bytes_max = (2 * file_bytes) + besides_weights;
    }
    return bounds;
}

}  // namespace

Result<ModelServer> ModelServer::start(const ModelServerSettings& settings) {
    ensure(!settings.command.empty(), "the configuration names a program");
    if (const Result<void> made = os::make_directories(settings.directory.string()); !made) {
        return fail("the model server's directory", made.error());
    }
    const std::filesystem::path socket = settings.directory / "model.sock";
    const std::filesystem::path log = settings.directory / "model.log";
    Result<net::Endpoint> endpoint = net::unix_endpoint(socket.string());
    if (!endpoint) {
        return fail("the model server's socket (choose a shorter directory)", endpoint.error());
    }
    // A socket left by a killed server would make the next one fail to bind. One older log is kept.
    std::error_code ignored;
    std::filesystem::remove(socket, ignored);
    std::filesystem::rename(log, settings.directory / "model.log.1", ignored);
    Result<ServerProcess> process =
        ServerProcess::start(command_line(settings, socket), log, bounds_of(settings));
    if (!process) {
        return std::unexpected(process.error());
    }
    return ModelServer(settings, std::move(*endpoint), std::move(*process));
}

ModelServer::ModelServer(const ModelServerSettings& settings,
                         net::Endpoint endpoint,
                         ServerProcess process)
    : endpoint_(std::move(endpoint)),
      process_(std::move(process)),
      model_file_(settings.model_file),
      log_(settings.directory / "model.log"),
      ready_within_(settings.ready_within) {}

std::string ModelServer::describe_end() {
    const std::string words = last_words(log_);
    return fmt::format("the server for {} {}{}{} (log: {})", model_file_.string(),
                       process_.describe_end(), words.empty() ? "" : ": ", words, log_.string());
}

}  // namespace homeostat::adapters::llm
