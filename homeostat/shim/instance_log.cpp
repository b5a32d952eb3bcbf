#include "homeostat/shim/instance_log.hpp"

#include "homeostat/os/error.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace homeostat::shim {

namespace {

/// An agent of a user of its own reads them by the directory's group, where that is let in at all.
constexpr mode_t log_mode = 0640;

/// 0 if it cannot be told: then nothing is moved.
std::uint64_t bytes_of(const os::Fd& file) {
    struct stat status{};
    const bool is_known = ::fstat(file.number(), &status) == 0;
    return is_known ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace

Result<InstanceLog> InstanceLog::open(std::string path,
                                      std::uint64_t bytes_max,
                                      std::uint32_t files) {
    os::Fd writer{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, log_mode)};
    if (!writer.is_open()) {
        return std::unexpected(os::write_error("write the log", path, errno));
    }
    os::Fd reader{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!reader.is_open()) {
        return std::unexpected(os::read_error("read the log", path, errno));
    }
    static_cast<void>(::unlink((path + ".tmp").c_str()));  // A rotation that was cut off left it.
    return InstanceLog{std::move(path), bytes_max, files, std::move(writer), std::move(reader)};
}

void InstanceLog::rotate_if_large() const {
    const std::uint64_t bytes = bytes_of(reader_);
    if (bytes < bytes_max_) {
        return;
    }
    const std::string temporary = path_ + ".tmp";
    os::Fd copy;
    if (files_ > 1) {
        copy =
            os::Fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, log_mode)};
    }
    const bool has_copy = copy.is_open() && copy_to(copy);
    if (!has_copy && files_ > 1 && bytes < 2 * bytes_max_) {
        static_cast<void>(::unlink(temporary.c_str()));
        return;
    }
    // Nothing between the last copied byte and the cut: what is written in between is lost. And the
    // cut before the copy gets its name: a reader that sees the new log.1 knows that the log began
    // anew, and one that sees a shorter log without it knows to wait.
    const bool is_cut = ::ftruncate(writer_.number(), 0) == 0;
    if (has_copy && is_cut) {
        shift_older();
        static_cast<void>(std::rename(temporary.c_str(), older_path(1).c_str()));
    }
}

bool InstanceLog::copy_to(const os::Fd& copy) const {
    const std::uint64_t bytes = bytes_of(reader_);
    // A log that outgrew its size by far loses its oldest part, as it would have by more rotations.
    auto offset = static_cast<off_t>(bytes - std::min(bytes, 2 * bytes_max_));
    constexpr std::size_t chunk_bytes = std::size_t{1} << 20U;
    // A writer that is faster than this copy must not keep it from ending.
    const std::uint64_t copied_max = 4 * bytes_max_;
    for (std::uint64_t copied = 0; copied < copied_max;) {
        const ssize_t count = ::sendfile(copy.number(), reader_.number(), &offset, chunk_bytes);
        if (count <= 0) {
            return count == 0;  // At the end: as much as the instance has written by now.
        }
        copied += static_cast<std::uint64_t>(count);
    }
    return true;
}

void InstanceLog::shift_older() const {
    for (std::uint32_t index = files_ - 1; index > 1; --index) {
        static_cast<void>(std::rename(older_path(index - 1).c_str(), older_path(index).c_str()));
    }
}

std::string InstanceLog::older_path(std::uint32_t index) const {
    return path_ + "." + std::to_string(index);
}

}  // namespace homeostat::shim
