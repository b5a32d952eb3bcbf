#include "homeostat/os/disk_calls.hpp"

#include "homeostat/os/error.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/lock_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace homeostat::os {

namespace {

/// `status` is what a call answered: 0, or −1 with an errno.
Result<void> done_or(int status, std::string_view what, const std::string& path) {
    if (status != 0) {
        return std::unexpected(write_error(what, path, errno));
    }
    return {};
}

class FileHold final : public Hold {
  public:
    explicit FileHold(LockFile lock) : lock_(std::move(lock)) {}

  private:
    LockFile lock_;
};

class SystemDisk final : public DiskCalls {
  public:
    Result<OpenFile> open(const std::string& path) override {
        Fd descriptor(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
        if (!descriptor.is_open()) {
            return std::unexpected(write_error("open", path, errno));
        }
        return OpenFile{std::move(descriptor), path};
    }

    Result<std::string> read(const std::string& path,
                             std::uint64_t offset,
                             std::size_t bytes_max) override {
        const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        struct stat status{};
        if (!file.is_open() || ::fstat(file.number(), &status) != 0) {
            return std::unexpected(read_error("read", path, errno));
        }
        const auto size = static_cast<std::uint64_t>(status.st_size);
        std::string bytes(offset < size ? std::min<std::uint64_t>(size - offset, bytes_max) : 0,
                          '\0');
        std::size_t count = 0;
        while (count < bytes.size()) {
            const ssize_t step = ::pread(file.number(), bytes.data() + count, bytes.size() - count,
                                         static_cast<off_t>(offset + count));
            if (step < 0 && errno != EINTR) {
                return std::unexpected(read_error("read", path, errno));
            }
            if (step == 0) {
                break;  // It has become shorter meanwhile.
            }
            count += step > 0 ? static_cast<std::size_t>(step) : 0;
        }
        bytes.resize(count);
        return bytes;
    }

    Result<void> append(const OpenFile& file, std::string_view bytes) override {
        return write_all(file.descriptor, bytes, file.path);
    }

    Result<void> sync(const OpenFile& file) override {
        return done_or(::fdatasync(file.descriptor.number()), "make durable", file.path);
    }

    Result<void> rewrite(const std::string& path, std::string_view bytes) override {
        const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));  // At its beginning.
        if (!file.is_open()) {
            return std::unexpected(write_error("write", path, errno));
        }
        const Result<void> done = write_all(file, bytes, path);
        return done ? done_or(::fdatasync(file.number()), "make durable", path) : done;
    }

    Result<void> truncate(const OpenFile& file, std::uint64_t size) override {
        return done_or(::ftruncate(file.descriptor.number(), static_cast<off_t>(size)), "cut",
                       file.path);
    }

    Result<void> rename(const std::string& from, const std::string& to) override {
        return done_or(::rename(from.c_str(), to.c_str()), "put in place", to);
    }

    Result<void> remove(const std::string& path) override { return remove_file(path); }

    Result<void> sync_directory(const std::string& path) override {
        return os::sync_directory(path);
    }

    Result<void> make_directories(const std::string& path) override {
        Result<void> done = os::make_directories(path);
        // All of them each time: whoever made one may have died before it was durable. One that we
        // may not read is not ours, and older than what we put into it.
        for (std::string at = path; done && at != "/" && at != "."; at = parent_of(at)) {
            const std::string parent = parent_of(at);
            done = ::access(parent.c_str(), R_OK) == 0 ? os::sync_directory(parent) : done;
        }
        return done;
    }

    Result<std::vector<std::string>> list(const std::string& path) override {
        std::error_code error;
        std::filesystem::directory_iterator entries(path, error);
        std::vector<std::string> names;
        while (!error && entries != std::filesystem::directory_iterator()) {
            names.push_back(entries->path().filename().string());
            entries.increment(error);
        }
        if (error) {
            const bool is_absent = error == std::errc::no_such_file_or_directory;
            return fail(is_absent ? Fault::absent : Fault::full,
                        path + ": cannot list it: " + error.message());
        }
        return names;
    }

    Result<std::unique_ptr<Hold>> take_lock(const std::string& path) override {
        Result<LockFile> lock = LockFile::take(path);
        if (!lock) {
            return std::unexpected(std::move(lock.error()));
        }
        return std::make_unique<FileHold>(std::move(*lock));
    }
};

}  // namespace

DiskCalls& system_disk() {
    static SystemDisk disk;
    return disk;
}

}  // namespace homeostat::os
