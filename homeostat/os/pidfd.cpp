#include "homeostat/os/pidfd.hpp"

#include "homeostat/os/error.hpp"
#include "homeostat/os/proc.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

namespace homeostat::os {

Result<Pidfd> Pidfd::open(std::int32_t pid) {
    // By number: glibc has names for these calls only since 2.36.
    Fd file{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
    if (!file.is_open()) {
        const bool is_gone = errno == ESRCH || errno == EINVAL;
        return fail(is_gone ? Fault::absent : Fault::unreachable,
                    "cannot hold the process " + std::to_string(pid) + ": " + text_of(errno));
    }
    return Pidfd{std::move(file), pid};
}

Result<Pidfd> Pidfd::open(std::int32_t pid, std::uint64_t start_ticks) {
    Result<Pidfd> process = open(pid);
    if (!process) {
        return process;
    }
    const Result<ProcessStat> stat = read_process_stat(pid);
    const bool is_same = stat && stat->start_ticks == start_ticks;
    if (!is_same) {
        return fail(Fault::absent,
                    "the pid " + std::to_string(pid) + " belongs to another process now");
    }
    return process;
}

bool Pidfd::has_ended() const {
    pollfd poll{.fd = fd(), .events = POLLIN, .revents = 0};
    return ::poll(&poll, 1, 0) == 1 && (poll.revents & POLLIN) != 0;
}

Result<void> Pidfd::send(int signal) const {
    if (::syscall(SYS_pidfd_send_signal, fd(), signal, nullptr, 0) == 0) {
        return {};
    }
    const Fault fault = errno == ESRCH ? Fault::absent : Fault::refused;
    return fail(fault, "cannot signal the process " + std::to_string(pid_) + ": " + text_of(errno));
}

}  // namespace homeostat::os
