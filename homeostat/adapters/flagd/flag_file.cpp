#include "homeostat/adapters/flagd/flag_file.hpp"

#include "homeostat/adapters/flagd/flag_definitions.hpp"
#include "homeostat/os/error.hpp"
#include "homeostat/os/fd.hpp"
#include "homeostat/os/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <utility>

namespace homeostat::adapters::flagd {

namespace {

constexpr mode_t mode_bits = 07777;

struct OpenFile {
    os::Fd file;
    struct stat status{};
    std::string text;
};

Outcome refused(std::string because) {
    return Outcome{OutcomeKind::refused, std::move(because)};
}

Result<std::string> read_all(const os::Fd& file, const std::string& path) {
    std::string bytes;
    std::array<char, 16 * 1024> chunk{};
    for (;;) {  // Ends at the file's end or at the maximum.
        const ssize_t count = ::read(file.number(), chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return std::unexpected(os::read_error("read", path, errno));
        }
        if (count == 0) {
            return bytes;
        }
        bytes.append(chunk.data(), static_cast<std::size_t>(count));
        if (bytes.size() > flag_file_bytes_max) {
            return fail(Fault::invalid,
                        path + " is larger than 1 MiB, the most that is read of it");
        }
    }
}

Result<OpenFile> open_flag_file(const std::string& path) {
    OpenFile opened;
    // Without O_NONBLOCK a pipe would hold us.
    opened.file = os::Fd{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (!opened.file.is_open() && errno == ELOOP) {
        return fail(Fault::invalid, path +
                                        " is a link, and a write would replace the link; name "
                                        "the file that it leads to");
    }
    if (!opened.file.is_open()) {
        return std::unexpected(os::read_error("open", path, errno));
    }
    if (::fstat(opened.file.number(), &opened.status) != 0) {
        return std::unexpected(os::read_error("look at", path, errno));
    }
    if (!S_ISREG(opened.status.st_mode)) {
        return fail(Fault::invalid, path + " is no file");
    }
    Result<std::string> text = read_all(opened.file, path);
    if (!text) {
        return std::unexpected(std::move(text.error()));
    }
    opened.text = *std::move(text);
    return opened;
}

std::string name_aside(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    return os::parent_of(path) + "/." + name + ".homeostat";
}

/// The owner and the mode first: the name must never lead to a file that others may not read.
Result<void> write_aside(const std::string& aside, std::string_view text, const OpenFile& old) {
    const os::Fd file{
        ::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!file.is_open()) {
        return std::unexpected(os::write_error("make", aside, errno));
    }
    struct stat ours{};
    if (::fstat(file.number(), &ours) != 0) {
        return std::unexpected(os::write_error("look at", aside, errno));
    }
    const bool is_owner_same = ours.st_uid == old.status.st_uid && ours.st_gid == old.status.st_gid;
    if (!is_owner_same && ::fchown(file.number(), old.status.st_uid, old.status.st_gid) != 0) {
        return fail(Fault::refused, "its owner and group could not be kept: " + os::text_of(errno) +
                                        "; give the file to the user that Homeostat runs as");
    }
    if (::fchmod(file.number(), old.status.st_mode & mode_bits) != 0) {
        return std::unexpected(os::write_error("set the mode of", aside, errno));
    }
    if (Result<void> written = os::write_all(file, text, aside); !written) {
        return written;
    }
    if (::fsync(file.number()) != 0) {
        return std::unexpected(os::write_error("sync", aside, errno));
    }
    return {};
}

bool is_untouched(const std::string& path, const OpenFile& old) {
    struct stat now{};
    if (::lstat(path.c_str(), &now) != 0) {
        return false;
    }
    const auto is_same_time = [](const timespec& one, const timespec& other) {
        return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
    };
    const struct stat& then = old.status;
    return now.st_dev == then.st_dev && now.st_ino == then.st_ino && now.st_size == then.st_size &&
           is_same_time(now.st_mtim, then.st_mtim) && is_same_time(now.st_ctim, then.st_ctim);
}

}  // namespace

Result<std::string> read_flag_file(const std::string& path) {
    Result<OpenFile> opened = open_flag_file(path);
    if (!opened) {
        return std::unexpected(std::move(opened.error()));
    }
    return std::move(opened->text);
}

Result<void> check_writable(const std::string& path) {
    if (Result<OpenFile> opened = open_flag_file(path); !opened) {
        return std::unexpected(std::move(opened.error()));
    }
    for (const std::string& place : {path, os::parent_of(path)}) {
        if (::faccessat(AT_FDCWD, place.c_str(), W_OK, AT_EACCESS) != 0) {
            return fail(Fault::refused, place + " is not ours to write: " + os::text_of(errno) +
                                            "; give the file and its directory to the user that "
                                            "Homeostat runs as, or leave autonomy.rollback at "
                                            "recommend");
        }
    }
    return {};
}

Outcome replace_flag_file(const std::string& path,
                          std::string_view seen,
                          std::string_view text,
                          const std::function<void(Phase)>& reach) {
    if (const Result<void> writable = check_writable(path); !writable) {
        return refused(writable.error().text);
    }
    const Result<OpenFile> old = open_flag_file(path);
    if (!old || old->text != seen) {
        return refused(old ? path + " was edited just now" : old.error().text);
    }
    const std::string aside = name_aside(path);
    if (const Result<void> clean = os::remove_file(aside); !clean) {
        return refused(clean.error().text);
    }
    if (const Result<void> written = write_aside(aside, text, *old); !written) {
        static_cast<void>(os::remove_file(aside));
        return refused(written.error().text);
    }
    reach(Phase::prepared);
    if (!is_untouched(path, *old)) {
        static_cast<void>(os::remove_file(aside));
        return refused(path + " was edited just now");
    }
    if (std::rename(aside.c_str(), path.c_str()) != 0) {
        const std::string because = os::write_error("replace", path, errno).text;
        static_cast<void>(os::remove_file(aside));
        return refused(because);
    }
    reach(Phase::replaced);
    if (const Result<void> synced = os::sync_directory(os::parent_of(path)); !synced) {
        return Outcome{OutcomeKind::unknown, "the file is replaced, but " + synced.error().text};
    }
    return Outcome{OutcomeKind::done, path + " is replaced"};
}

}  // namespace homeostat::adapters::flagd
