#include "homeostat/adapters/task/task_lock.hpp"

#include "homeostat/os/error.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace homeostat::adapters::task {

Result<TaskLock> TaskLock::take(const std::string& path) {
    os::Fd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.is_open()) {
        return fail(Fault::full, os::read_error("lock", path, errno).text);
    }
    if (::flock(file.number(), LOCK_EX | LOCK_NB) == 0) {
        return TaskLock(std::move(file));
    }
    return errno == EWOULDBLOCK
               ? fail(Fault::busy,
                      "an action of it is still under way, here or in `homeostat remedy test`")
               : fail(Fault::full, os::read_error("lock", path, errno).text);
}

bool TaskLock::is_held(const std::string& path) {
    const os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file.is_open()) {
        return errno != ENOENT;
    }
    return ::flock(file.number(), LOCK_SH | LOCK_NB) != 0;
}

}  // namespace homeostat::adapters::task
