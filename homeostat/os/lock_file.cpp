#include "homeostat/os/lock_file.hpp"

#include "homeostat/os/error.hpp"
#include "homeostat/os/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>

namespace homeostat::os {

namespace {

constexpr std::size_t pid_text_bytes_max = 32;
constexpr std::size_t command_bytes_max = 65'536;
constexpr std::size_t command_told_max = 200;
constexpr std::size_t open_files_max = 65'536;
constexpr std::size_t locks_bytes_max = std::size_t{1} << 20U;

/// How it was started, as it says itself: cut, and without what a terminal would act upon.
std::string command_of(const std::string& pid) {
    const Result<std::string> line = read_file("/proc/" + pid + "/cmdline", command_bytes_max);
    if (!line || line->empty()) {
        return {};
    }
    const std::size_t size = std::min(line->find_last_not_of('\0') + 1, command_told_max);
    std::string words = line->substr(0, size);
    std::ranges::replace(words, '\0', ' ');
    std::ranges::replace_if(words, [](unsigned char c) { return std::isprint(c) == 0; }, '?');
    return ", `" + words + "`";
}

/// Whether the kernel's list of locks, which anybody may read, has one of the process on the file.
/// By its inode alone: of some file systems the list names another device than stat does.
bool is_listed(const std::string& pid, const struct stat& wanted) {
    const Result<std::string> locks = read_file("/proc/locks", locks_bytes_max);
    std::istringstream lines(locks.value_or(std::string()));
    const std::string inode = ":" + std::to_string(wanted.st_ino) + " ";
    for (std::string line; std::getline(lines, line);) {
        const bool is_flock = line.contains(" FLOCK ");
        if (is_flock && line.contains(" " + pid + " ") && line.contains(inode)) {
            return true;
        }
    }
    return false;
}

/// Whether the process has the file open, as every holder has. Of one that may not be looked into,
/// as an agent is, the kernel's list says it.
bool has_open(const std::string& pid, const std::string& path) {
    struct stat wanted{};
    if (::stat(path.c_str(), &wanted) != 0) {
        return false;
    }
    std::error_code error;
    std::filesystem::directory_iterator file("/proc/" + pid + "/fd", error);
    if (error == std::errc::permission_denied) {
        return is_listed(pid, wanted);
    }
    for (std::size_t count = 0;
         !error && file != std::filesystem::directory_iterator() && count < open_files_max;
         file.increment(error), ++count) {
        struct stat found{};
        if (::stat(file->path().c_str(), &found) == 0 && found.st_dev == wanted.st_dev &&
            found.st_ino == wanted.st_ino) {
            return true;
        }
    }
    return false;
}

/// Who has it, as far as can be known: a stranger who locks the file does not write into it, and a
/// pid in it may be that of a process which has ended, or of another one by now.
std::string holding(const std::string& path) {
    const Result<std::string> text = read_file(path, pid_text_bytes_max);
    const std::string pid = text ? text->substr(0, text->find('\n')) : "";
    const bool is_pid = !pid.empty() && std::ranges::all_of(pid, [](unsigned char c) {
        return std::isdigit(c) != 0;
    });
    if (!is_pid) {
        return " by a process that did not say its pid";
    }
    return has_open(pid, path)
               ? " by pid " + pid + command_of(pid)
               : "; it names pid " + pid +
                     ", which does not seem to have it open: `lslocks` says who has";
}

}  // namespace

Result<LockFile> LockFile::take(const std::string& path, std::string_view mend) {
    Fd file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (!file.is_open()) {
        return std::unexpected(write_error("open the lock", path, errno));
    }
    if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return fail(Fault::busy,
                        path + " is locked" + holding(path) + " (" + std::string(mend) + ")");
        }
        return std::unexpected(write_error("lock", path, errno));
    }
    // Who can open it can hold it, and keep us from starting. A file system without modes is left.
    static_cast<void>(::fchmod(file.number(), S_IRUSR | S_IWUSR));
    LockFile lock{std::move(file)};
    if (Result<void> named = lock.name_holder(path); !named) {
        return std::unexpected(std::move(named.error()));
    }
    return lock;
}

Result<void> LockFile::name_holder(const std::string& path) const {
    const std::string text = std::to_string(::getpid()) + "\n";
    const bool is_written =
        ::ftruncate(fd(), 0) == 0 &&
        ::pwrite(fd(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
    if (!is_written) {
        return std::unexpected(write_error("write the lock", path, errno));
    }
    return {};
}

}  // namespace homeostat::os
