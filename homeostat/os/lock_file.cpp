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
#include <cstdint>
#include <filesystem>
#include <system_error>

namespace homeostat::os {

namespace {

constexpr std::size_t pid_text_bytes_max = 32;
constexpr std::size_t command_bytes_max = 65'536;
constexpr std::size_t command_told_max = 200;
constexpr std::size_t open_files_max = 65'536;

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

enum class Has : std::uint8_t { no, yes, unknown };

/// Whether the process has the file open, as every holder has. Unknown: it may not be looked into.
Has has_open(const std::string& pid, const std::string& path) {
    struct stat wanted{};
    if (::stat(path.c_str(), &wanted) != 0) {
        return Has::no;
    }
    std::error_code error;
    std::filesystem::directory_iterator file("/proc/" + pid + "/fd", error);
    if (error == std::errc::permission_denied) {
        return Has::unknown;
    }
    for (std::size_t count = 0;
         !error && file != std::filesystem::directory_iterator() && count < open_files_max;
         file.increment(error), ++count) {
        struct stat found{};
        if (::stat(file->path().c_str(), &found) == 0 && found.st_dev == wanted.st_dev &&
            found.st_ino == wanted.st_ino) {
            return Has::yes;
        }
    }
    return Has::no;
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
    switch (has_open(pid, path)) {
        case Has::yes:
            return " by pid " + pid + command_of(pid);
        case Has::unknown:  // An agent keeps its memory to itself, and its files with it.
            return "; it names pid " + pid + command_of(pid) + ", which nobody may look into";
        case Has::no:
            break;
    }
    return "; it names pid " + pid +
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
