#include "homeostat/shim/shim.hpp"

#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/lock_file.hpp"
#include "homeostat/os/proc.hpp"
#include "homeostat/shim/instance.hpp"
#include "homeostat/shim/instance_log.hpp"
#include "homeostat/shim/instance_record.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string_view>

namespace homeostat::shim {

namespace {

constexpr int look_at_log_every_ms =
    1000;  // One fstat per second; a log may exceed its size by so much.

Reply reply_to(const Error& error) {
    switch (error.fault) {
        case Fault::busy:
            return Reply::busy;
        case Fault::full:
            return Reply::full;
        default:
            return Reply::absent;
    }
}

Result<void> check_predecessor(const Order& order) {
    if (!order.after) {
        return {};
    }
    Predecessor found;
    if (const Result<os::FileIdentity> record = os::identify_file(order.record)) {
        found = Predecessor{true, record->inode, record->modified_ns};
    } else if (record.error().fault != Fault::absent) {
        return std::unexpected(record.error());
    }
    if (found == *order.after) {
        return {};
    }
    return fail(Fault::busy, order.record +
                                 " is not the record that this start was meant to "
                                 "follow; somebody else has started the instance");
}

/// What is known of the held process before it runs.
Result<InstanceRecord> describe(const Order& order, const Instance& instance) {
    const Result<os::ProcessStat> process = os::read_process_stat(instance.pid());
    const Result<os::ProcessStat> shim = os::read_process_stat(::getpid());
    Result<std::string> boot_id = os::read_boot_id();
    if (!process || !shim || !boot_id) {
        return fail(Fault::unreachable, "/proc does not tell of our own processes; is it mounted?");
    }
    InstanceRecord record;
    record.name = order.name;
    record.effect = order.effect;
    record.version = order.version;
    record.config = order.config;
    record.boot_id = std::move(*boot_id);
    record.pid = instance.pid();
    record.start_ticks = process->start_ticks;
    record.shim_pid = shim->pid;
    record.shim_start_ticks = shim->start_ticks;
    record.started_at_ns = to_ns(os::read_boot_clock());
    return record;
}

Result<void> write_record(const Order& order, const InstanceRecord& record) {
    return os::write_file_atomically(order.record, to_text(record));
}

void write_end(const Order& order, InstanceRecord record, int exit_status) {
    record.exit_status = exit_status;
    record.ended_at_ns = to_ns(os::read_boot_clock());
    // Without room for it the end still shows: the pid and its ticks name no process any more.
    static_cast<void>(write_record(order, record));
}

struct Running {
    Instance instance;
    InstanceRecord record;
};

/// ENSURES: if it fails, no instruction of the program has run.
Result<Running> start(const Order& order, const os::LockFile& lock, const InstanceLog& log) {
    Result<Instance> instance = Instance::hold(order, lock.fd(), log.writer_fd());
    if (!instance) {
        return std::unexpected(std::move(instance.error()));
    }
    Result<InstanceRecord> record = describe(order, *instance);
    Result<void> written = record ? write_record(order, *record) : fail("start", record.error());
    if (!written) {
        instance->drop();
        return std::unexpected(std::move(written.error()));
    }
    if (Result<void> gone = instance->let_go(order); !gone) {
        instance->drop();
        constexpr int status_of_exec_failure = 127 << 8;
        write_end(order, *record, status_of_exec_failure);
        return std::unexpected(std::move(gone.error()));
    }
    return Running{std::move(*instance), std::move(*record)};
}

sigset_t watched_signals() {
    sigset_t signals{};
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGCHLD}) {
        sigaddset(&signals, signal);
    }
    return signals;
}

void pass_on(const os::Fd& signals, const Instance& instance) {
    signalfd_siginfo info{};
    while (::read(signals.number(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo != SIGCHLD) {
            instance.send(SIGTERM);
        }
    }
}

int watch(const Instance& instance, const InstanceLog& log) {
    const sigset_t watched = watched_signals();
    const os::Fd signals{::signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC)};
    for (;;) {  // Ends with the instance.
        pollfd poll{.fd = signals.number(), .events = POLLIN, .revents = 0};
        static_cast<void>(::poll(&poll, 1, look_at_log_every_ms));
        pass_on(signals, instance);
        log.rotate_if_large();
        if (const std::optional<int> exit_status = instance.take_exit()) {
            return *exit_status;
        }
    }
}

}  // namespace

void Report::tell(Reply reply, const std::string& text) {
    const std::string message = static_cast<char>(reply) + text;
    static_cast<void>(os::write_all(writer_, message, "the caller's pipe"));
    writer_.close();
}

int relay(const os::Fd& reader) {
    constexpr std::size_t message_bytes_max = 4096;
    std::string message;
    std::array<char, 512> chunk{};
    ssize_t count = -1;
    while (message.size() < message_bytes_max &&
           ((count = ::read(reader.number(), chunk.data(), chunk.size())) > 0 ||
            (count < 0 && errno == EINTR))) {
        message.append(chunk.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    if (message.empty()) {
        message = static_cast<char>(Reply::lost);
        message += "the shim ended before it could tell what became of the start";
    }
    if (message.size() > 1) {
        std::fprintf(stderr, "%s\n", message.c_str() + 1);
    }
    return static_cast<unsigned char>(message.front());
}

void run(const Order& order, Report report) {
    const sigset_t watched = watched_signals();
    sigprocmask(SIG_BLOCK, &watched, nullptr);
    ::signal(SIGPIPE, SIG_IGN);  // A caller that is gone must not end the start half way.
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);  // A limit on file sizes is "no room", not the end of us.
    const Result<os::LockFile> lock = os::LockFile::take(
        order.record + ".lock", "it starts or watches this instance already; wait, or end it");
    if (!lock) {
        return report.tell(reply_to(lock.error()), lock.error().text);
    }
    if (const Result<void> fits = check_predecessor(order); !fits) {
        return report.tell(reply_to(fits.error()), fits.error().text);
    }
    const Result<InstanceLog> log =
        InstanceLog::open(order.log, order.log_bytes_max, order.log_files);
    if (!log) {
        return report.tell(reply_to(log.error()), log.error().text);
    }
    const Result<Running> running = start(order, *lock, *log);
    if (!running) {
        return report.tell(reply_to(running.error()), running.error().text);
    }
    report.tell(Reply::started, "");
    const int exit_status = watch(running->instance, *log);
    write_end(order, running->record, exit_status);
}

}  // namespace homeostat::shim
