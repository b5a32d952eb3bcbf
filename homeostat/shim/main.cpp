// homeostat-shim: reads its order, leaves its caller and becomes the shim. See shim.hpp.

#include "homeostat/os/child.hpp"
#include "homeostat/shim/order.hpp"
#include "homeostat/shim/shim.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

namespace {

namespace os = homeostat::os;
namespace shim = homeostat::shim;

/// Descriptors 0 to 2 exist from here on, so that no pipe or lock of ours gets such a number.
bool open_standard_descriptors() {
    int fd = -1;
    do {
        fd = ::open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    return fd < 0 || ::close(fd) == 0;
}

/// Nothing of the caller may live on in the shim or in the instance: an open socket or lock of an
/// agent that has died would keep its successor out.
bool drop_descriptors_except(int kept) {
    const os::Fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    if (!null.is_open()) {
        return false;
    }
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::dup2(null.number(), standard) < 0) {
            return false;
        }
    }
    const auto first = static_cast<unsigned>(kept);
    const bool below = first <= 3 || ::syscall(SYS_close_range, 3U, first - 1, 0) == 0;
    return below && ::syscall(SYS_close_range, first + 1, ~0U, 0) == 0;
}

/// The second fork gives up the leadership of the session: no terminal can become ours again.
[[noreturn]] void become_shim(const shim::Order& order, os::Pipe pipe) {
    if (::setsid() < 0 || ::fork() != 0) {
        ::_exit(0);
    }
    pipe.reader.close();
    if (drop_descriptors_except(pipe.writer.number())) {
        shim::run(order, shim::Report{std::move(pipe.writer)});
    }
    ::_exit(0);
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    const homeostat::Result<shim::Order> order = shim::parse_order(arguments);
    if (!order) {
        std::fprintf(stderr, "homeostat-shim: %s\n", order.error().text.c_str());
        return static_cast<int>(shim::Reply::usage);
    }
    const bool has_standard = open_standard_descriptors();
    homeostat::Result<os::Pipe> pipe = os::make_pipe();
    const pid_t child = has_standard && pipe ? ::fork() : -1;
    if (child == 0) {
        become_shim(*order, std::move(*pipe));
    }
    if (child < 0) {
        std::fprintf(stderr, "homeostat-shim: no process can be made; look at ulimit -u\n");
        return static_cast<int>(shim::Reply::absent);
    }
    pipe->writer.close();
    static_cast<void>(::waitpid(child, nullptr, 0));
    return shim::relay(pipe->reader);
}
