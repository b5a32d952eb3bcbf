#include "homeostat/adapters/segment_log/disk.hpp"

#include "homeostat/os/error.hpp"
#include "homeostat/os/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace homeostat::adapters::segment_log {

namespace {

std::unexpected<Error> cannot_read(const std::filesystem::path& path, int number) {
    return std::unexpected<Error>(os::read_error("read", path.string(), number));
}

std::unexpected<Error> cannot(std::string_view what,
                              const std::filesystem::path& path,
                              int number) {
    return std::unexpected<Error>(os::write_error(what, path.string(), number));
}

}  // namespace

Result<OpenFile> Disk::open(const std::filesystem::path& path) const {
    int number = probed(DiskCall::open);
    if (number == 0) {
        os::Fd descriptor(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
        if (descriptor.is_open()) {
            return OpenFile{std::move(descriptor), path};
        }
        number = errno;
    }
    return cannot("open", path, number);
}

Result<std::string> Disk::read(const std::filesystem::path& path,
                               std::uint64_t offset,
                               std::size_t bytes_max) const {
    if (const int number = probed(DiskCall::read); number != 0) {
        return cannot_read(path, number);
    }
    const os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!file.is_open() || ::fstat(file.number(), &status) != 0) {
        return cannot_read(path, errno);
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    std::string bytes(offset < size ? std::min<std::uint64_t>(size - offset, bytes_max) : 0, '\0');
    std::size_t count = 0;
    while (count < bytes.size()) {
        const ssize_t step = ::pread(file.number(), bytes.data() + count, bytes.size() - count,
                                     static_cast<off_t>(offset + count));
        if (step < 0 && errno != EINTR) {
            return cannot_read(path, errno);
        }
        if (step == 0) {
            break;  // It has become shorter meanwhile.
        }
        count += step > 0 ? static_cast<std::size_t>(step) : 0;
    }
    bytes.resize(count);
    return bytes;
}

Result<void> Disk::append(const OpenFile& file, std::string_view bytes) const {
    if (const int number = probed(DiskCall::write); number != 0) {
        return cannot("write", file.path, number);
    }
    return os::write_all(file.descriptor, bytes, file.path.string());
}

Result<void> Disk::sync(const OpenFile& file) const {
    int number = probed(DiskCall::sync);
    if (number == 0 && ::fdatasync(file.descriptor.number()) != 0) {
        number = errno;
    }
    if (number != 0) {
        return cannot("make durable", file.path, number);
    }
    return {};
}

Result<void> Disk::truncate(const OpenFile& file, std::uint64_t size) const {
    int number = probed(DiskCall::truncate);
    if (number == 0 && ::ftruncate(file.descriptor.number(), static_cast<off_t>(size)) != 0) {
        number = errno;
    }
    if (number != 0) {
        return cannot("cut", file.path, number);
    }
    return {};
}

Result<void> Disk::place(const std::filesystem::path& path, std::string_view bytes) const {
    const std::filesystem::path beside = path.string() + ".new";
    const Result<OpenFile> file = open(beside);
    if (!file) {
        return std::unexpected<Error>(file.error());
    }
    Result<void> done = truncate(*file, 0);  // A crash may have left one.
    done = done ? append(*file, bytes) : done;
    done = done ? sync(*file) : done;
    done = done ? rename(beside, path) : done;
    if (!done) {
        ::unlink(beside.c_str());
    }
    return done;
}

Result<void> Disk::sync_directory(const std::filesystem::path& directory) const {
    if (const int number = probed(DiskCall::sync_directory); number != 0) {
        return cannot("make durable", directory, number);
    }
    return os::sync_directory(directory.string());
}

Result<void> Disk::rename(const std::filesystem::path& from,
                          const std::filesystem::path& to) const {
    int number = probed(DiskCall::rename);
    if (number == 0 && ::rename(from.c_str(), to.c_str()) != 0) {
        number = errno;
    }
    if (number != 0) {
        return cannot("put in place", to, number);
    }
    return {};
}

}  // namespace homeostat::adapters::segment_log
