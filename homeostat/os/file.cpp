#include "homeostat/os/file.hpp"

#include "homeostat/os/error.hpp"

#include <climits>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace homeostat::os {

namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;
constexpr std::size_t path_parts_max = 256;  // Deeper than any path that Linux accepts usefully.

Result<Fd> open_for_reading(const std::string& path) {
    Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.is_open()) {
        return std::unexpected(read_error("read", path, errno));
    }
    return file;
}

FileIdentity identity_of(const struct stat& status) {
    return FileIdentity{
        .device = status.st_dev,
        .inode = status.st_ino,
        .modified_ns = status.st_mtim.tv_sec * ns_per_second + status.st_mtim.tv_nsec,
        .bytes = static_cast<std::uint64_t>(status.st_size)};
}

/// Writes a new file and waits until its bytes are durable.
Result<void> write_new_file(const std::string& path, std::string_view bytes, unsigned mode) {
    const Fd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)};
    if (!file.is_open()) {
        return std::unexpected(write_error("write", path, errno));
    }
    if (Result<void> written = write_all(file, bytes, path); !written) {
        return written;
    }
    if (::fsync(file.number()) != 0) {
        return std::unexpected(write_error("write", path, errno));
    }
    return {};
}

}  // namespace

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) {
        return ".";
    }
    return slash == 0 ? "/" : path.substr(0, slash);
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
    Result<Fd> file = open_for_reading(path);
    if (!file) {
        return std::unexpected(std::move(file.error()));
    }
    std::string bytes;
    std::array<char, 16 * 1024> chunk{};
    for (;;) {  // Ends at the file's end or at the maximum.
        const ssize_t count = ::read(file->number(), chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return std::unexpected(read_error("read", path, errno));
        }
        if (count == 0) {
            return bytes;
        }
        bytes.append(chunk.data(), static_cast<std::size_t>(count));
        if (bytes.size() > bytes_max) {
            return fail(Fault::invalid, path + " is larger than " + std::to_string(bytes_max) +
                                            " bytes, the most that is read of it");
        }
    }
}

Result<std::string> read_part(const std::string& path,
                              std::uint64_t offset,
                              std::size_t bytes_max) {
    Result<Fd> file = open_for_reading(path);
    if (!file) {
        return std::unexpected(std::move(file.error()));
    }
    std::string bytes(bytes_max, '\0');
    std::size_t filled = 0;
    while (filled < bytes_max) {
        const ssize_t count = ::pread(file->number(), bytes.data() + filled, bytes_max - filled,
                                      static_cast<off_t>(offset + filled));
        if (count < 0 && errno != EINTR) {
            return std::unexpected(read_error("read", path, errno));
        }
        if (count == 0) {
            break;
        }
        filled += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    bytes.resize(filled);
    return bytes;
}

Result<void> write_all(const Fd& file, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(file.number(), bytes.data(), bytes.size());
        if (count < 0 && errno != EINTR) {
            return std::unexpected(write_error("write", path, errno));
        }
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    return {};
}

Result<void> write_file_atomically(const std::string& path, std::string_view bytes, unsigned mode) {
    // The pid keeps two processes from writing into one temporary file.
    const std::string temporary = path + ".tmp." + std::to_string(::getpid());
    Result<void> written = write_new_file(temporary, bytes, mode);
    if (written && ::rename(temporary.c_str(), path.c_str()) != 0) {
        written = std::unexpected(write_error("replace", path, errno));
    }
    if (!written) {
        static_cast<void>(::unlink(temporary.c_str()));
        return written;
    }
    return sync_directory(parent_of(path));
}

Result<void> append_to_file(const std::string& path, std::string_view bytes) {
    const Fd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
    if (!file.is_open()) {
        return std::unexpected(write_error("write", path, errno));
    }
    if (Result<void> written = write_all(file, bytes, path); !written) {
        return written;
    }
    if (::fdatasync(file.number()) != 0) {
        return std::unexpected(write_error("write", path, errno));
    }
    return {};
}

Result<void> sync_directory(const std::string& path) {
    const Fd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    // EINVAL: a file system that does not sync directories has nothing to lose by it.
    const bool has_failed =
        !directory.is_open() || (::fsync(directory.number()) != 0 && errno != EINVAL);
    if (has_failed) {
        return std::unexpected(write_error("write the directory", path, errno));
    }
    return {};
}

Result<void> make_directories(const std::string& path) {
    std::size_t end = 0;
    for (std::size_t part = 0; part < path_parts_max && end != std::string::npos; ++part) {
        end = path.find('/', end + 1);
        const std::string upto = path.substr(0, end);
        if (::mkdir(upto.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
            return std::unexpected(write_error("make the directory", upto, errno));
        }
    }
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
        return std::unexpected(write_error("make the directory", path, ENOTDIR));
    }
    return {};
}

Result<void> remove_file(const std::string& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return std::unexpected(write_error("delete", path, errno));
    }
    return {};
}

Result<std::string> read_link(const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const ssize_t count = ::readlink(path.c_str(), target.data(), target.size());
    if (count < 0 && errno == EINVAL) {
        return fail(Fault::invalid, path + " is not a symbolic link; make it one, or move it away");
    }
    if (count < 0) {
        return std::unexpected(read_error("read the link", path, errno));
    }
    return std::string(target.data(), static_cast<std::size_t>(count));
}

Result<std::vector<std::string>> list_directories(const std::string& path, std::size_t count_max) {
    const Fd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    // The stream closes the descriptor that it is given.
    const int copy = directory.is_open() ? ::fcntl(directory.number(), F_DUPFD_CLOEXEC, 0) : -1;
    DIR* stream = copy >= 0 ? ::fdopendir(copy) : nullptr;
    if (stream == nullptr) {
        return std::unexpected(read_error("list", path, errno));
    }
    std::vector<std::string> names;
    while (const dirent* entry = names.size() < count_max ? ::readdir(stream) : nullptr) {
        const std::string name{&entry->d_name[0]};
        struct stat status{};
        const bool is_directory =
            ::fstatat(directory.number(), name.c_str(), &status, 0) == 0 && S_ISDIR(status.st_mode);
        if (is_directory && name != "." && name != "..") {
            names.push_back(name);
        }
    }
    ::closedir(stream);
    std::ranges::sort(names);
    return names;
}

bool is_directory(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Result<FileIdentity> identify_file(const std::string& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        return std::unexpected(read_error("look at", path, errno));
    }
    return identity_of(status);
}

Result<FileIdentity> identify_target(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        return std::unexpected(read_error("look at", path, errno));
    }
    return identity_of(status);
}

}  // namespace homeostat::os
