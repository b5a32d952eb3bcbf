#include "homeostat/adapters/task/proof_file.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/os/error.hpp"
#include "homeostat/os/fd.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace homeostat::adapters::task {

namespace {

constexpr std::size_t proof_bytes_max = 4096;

/// What others may have written proves nothing.
Result<void> check_owner(const std::string& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        return errno == ENOENT
                   ? fail(Fault::absent, path + " is not there")
                   : fail(Fault::unreachable, os::read_error("look at", path, errno).text);
    }
    const bool is_ours = status.st_uid == ::geteuid() || status.st_uid == 0;
    if (!S_ISREG(status.st_mode) || !is_ours || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return fail(Fault::refused, path + " is not the agent's own alone");
    }
    return {};
}

}  // namespace

std::string proof_path(const std::filesystem::path& directory, const TaskId& task) {
    return (directory / (task.text() + ".proof")).string();
}

std::string lock_path(const std::filesystem::path& directory, const TaskId& task) {
    return (directory / (task.text() + ".lock")).string();
}

Result<TaskProof> read_proof(const std::filesystem::path& directory, const TaskId& task) {
    const std::string path = proof_path(directory, task);
    if (const Result<void> owned = check_owner(path); !owned) {
        return std::unexpected(owned.error());
    }
    const Result<std::string> text = os::read_file(path, proof_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    const Result<json::value> value = parse_json(*text, {.bytes_max = proof_bytes_max});
    Result<TaskProof> proof =
        value ? from_json<TaskProof>(*value) : Result<TaskProof>(std::unexpected(value.error()));
    if (!proof) {
        return fail(path, proof.error());
    }
    return proof->task == task.text()
               ? proof
               : fail(Fault::invalid, fmt::format("{} is a proof of another task", path));
}

std::string lack_of_proof(const std::filesystem::path& directory,
                          const TaskId& task,
                          const std::string& declaration) {
    const Result<TaskProof> proof = read_proof(directory, task);
    if (!proof) {
        return proof.error().fault == Fault::absent
                   ? "it was never tested"
                   : "its proof cannot be used: " + proof.error().text;
    }
    return proof->declaration == declaration
               ? ""
               : fmt::format("its declaration has changed since it was tested at {}",
                             proof->proven_at);
}

Result<void> remove_proof(const std::filesystem::path& directory, const TaskId& task) {
    if (const Result<void> removed = os::remove_file(proof_path(directory, task)); !removed) {
        return removed;
    }
    return os::sync_directory(directory.string());
}

Result<void> write_proof(const std::filesystem::path& directory, const TaskProof& proof) {
    if (const Result<void> made = os::make_directories(directory.string()); !made) {
        return made;
    }
    return os::write_file_atomically(proof_path(directory, TaskId(proof.task)),
                                     to_pretty_text(to_json(proof)) + "\n", 0600);
}

}  // namespace homeostat::adapters::task
