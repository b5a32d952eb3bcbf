#include "homeostat/adapters/system/switch_file.hpp"

#include "homeostat/base/plain.hpp"
#include "homeostat/os/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace homeostat::adapters::system {

namespace {

constexpr std::size_t says_bytes_max = 400;

Error trouble_with(const std::filesystem::path& path, int number) {
    return Error{Fault::full, path.string() + ": " + std::strerror(number) +
                                  " — the kill switch needs a directory that can be written"};
}

/// The entry in the directory has to survive a loss of power as well.
Result<void> sync_directory(const std::filesystem::path& directory) {
    const int handle = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) {
        return std::unexpected(trouble_with(directory, errno));
    }
    const int synced = ::fsync(handle);
    const int number = errno;
    ::close(handle);
    if (synced != 0) {
        return std::unexpected(trouble_with(directory, number));
    }
    return {};
}

}  // namespace

SwitchFile::SwitchFile(const std::filesystem::path& file) : file_(file) {}

bool SwitchFile::is_engaged() const {
    struct stat found{};
    return ::stat(file_.c_str(), &found) == 0 || errno != ENOENT;
}

Result<void> SwitchFile::engage() {
    // It has to work before the agent, which makes the same directory, has ever run.
    if (Result<void> made = os::make_directories(file_.parent_path().string()); !made) {
        return made;
    }
    const int handle = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (handle < 0) {
        return std::unexpected(trouble_with(file_, errno));
    }
    ::close(handle);
    return sync_directory(file_.parent_path());
}

Result<void> SwitchFile::engage_because(std::string_view why) {
    if (Result<void> engaged = engage(); !engaged) {
        return engaged;
    }
    // Whoever dies again and again would fill the disk with it.
    if (!says().contains(plain(why))) {
        (void)os::append_to_file(file_.string(), std::string(why) + "\n");
    }
    return {};
}

std::string SwitchFile::says() const {
    Result<std::string> text = os::read_part(file_.string(), 0, says_bytes_max);
    if (!text) {
        return {};
    }
    while (text->ends_with('\n')) {
        text->pop_back();
    }
    for (std::size_t at = text->find('\n'); at != std::string::npos; at = text->find('\n', at)) {
        text->replace(at, 1, "; ");
    }
    return plain(*text, says_bytes_max);
}

Result<void> SwitchFile::release() {
    if (::unlink(file_.c_str()) != 0 && errno != ENOENT) {
        return std::unexpected(trouble_with(file_, errno));
    }
    // Without a directory it was never set.
    const bool is_nowhere = ::access(file_.parent_path().c_str(), F_OK) != 0 && errno == ENOENT;
    return is_nowhere ? Result<void>{} : sync_directory(file_.parent_path());
}

}  // namespace homeostat::adapters::system
