// Loaded in front of the C library into an agent, and into no program that it starts: writes down
// every call by which the agent changes the world or a file, and kills it just before one of them.
//
// What the environment variable HOMEOSTAT_KILL_POINTS names is a directory with two files:
//   calls  a line for each call that has returned: pid, effect, name, with tabs between
//   armed  "count<tab>name": dies before the count-th call of that name since the last intent;
//          without a name, before the count-th call of this process; with "<tab>STOP" behind it
//          the process stands still there, until somebody lets it go on
// A name is "drain send set server payments/p# state drain": the step, the call, and of what.
// Digits in a name are '#', because pids and versions differ from run to run.
//
// ptrace could do the same, and would stop the threads of the agent thousands of times a second
// for the few calls that matter, and count per thread; a breakpoint in a library does neither.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace {

template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::string take_environment(const char* name) {
    const char* value = std::getenv(name);
    std::string text = value == nullptr ? "" : value;
    ::unsetenv(name);
    return text;
}

/// The process that the library was loaded into; a fork of it is another one.
struct Subject {
    const std::string directory = take_environment("HOMEOSTAT_KILL_POINTS");
    const std::string library = take_environment("LD_PRELOAD");  // Children have none.
    const pid_t pid = ::getpid();
    std::mutex mutex;
    std::string effect = "-";
    std::string step = "-";
    std::map<std::string, int> counts;  ///< Name → calls since the last intent.
    int calls_count{0};

    [[nodiscard]] bool is_here() const { return !directory.empty() && ::getpid() == pid; }
};

Subject& subject() {
    // Never destroyed: other threads make their last calls while the program ends.
    static auto* const one = new Subject;
    return *one;
}

[[gnu::constructor]] void begin() {
    subject();
}

std::string without_digits(std::string_view text) {
    std::string plain;
    for (const char c : text) {
        const bool is_digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
        if (!is_digit || !plain.ends_with('#')) {
            plain += is_digit ? '#' : c;
        }
    }
    return plain;
}

/// What stands between `before` and the next quote, from `from` on.
std::string quoted(std::string_view text, std::string_view before, std::size_t from = 0) {
    const std::size_t at = text.find(before, from);
    if (at == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = text.substr(at + before.size());
    return std::string(rest.substr(0, rest.find('"')));
}

/// "proof,held" of what is written to the ledger or its copy; a checkpoint goes with every group.
std::string entries_in(std::string_view bytes) {
    constexpr std::string_view key = "\"entry\":\"";
    std::string kinds;
    for (std::size_t at = bytes.find(key); at != std::string_view::npos;
         at = bytes.find(key, at + 1)) {
        const std::string kind = quoted(bytes, key, at);
        kinds += kind == "checkpoint" ? "" : (kinds.empty() ? "" : ",") + kind;
    }
    return kinds;
}

std::string path_of(int fd) {
    std::array<char, 512> path{};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
    return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : "";
}

/// A path inside the directory in which the directory of kill points lies too.
std::string short_name(std::string_view path) {
    const std::string& directory = subject().directory;
    const std::string_view around = std::string_view(directory).substr(0, directory.rfind('/') + 1);
    return std::string(path.starts_with(around) ? path.substr(around.size()) : path);
}

struct Armed {
    int count{0};
    std::string name;
    bool is_stop{false};
};

Armed read_armed(const std::string& directory) {
    std::array<char, 512> bytes{};
    const int fd = ::open((directory + "/armed").c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t size = fd < 0 ? 0 : ::read(fd, bytes.data(), bytes.size());
    if (fd >= 0) {
        ::close(fd);
    }
    constexpr std::string_view stop = "\tSTOP";
    std::string text(bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    const bool is_stop = text.ends_with(stop);
    text.resize(text.size() - (is_stop ? stop.size() : 0));
    const std::size_t tab = text.find('\t');
    return tab == std::string::npos ? Armed{}
                                    : Armed{std::atoi(text.c_str()), text.substr(tab + 1), is_stop};
}

/// Before the call: dies if this is the one, else says how it is written down.
std::string come_to(const std::string& call, std::string_view target) {
    Subject& own = subject();
    const std::lock_guard hold(own.mutex);
    const std::string name = own.step + " " + call + " " + without_digits(target);
    const int count = ++own.counts[name];
    ++own.calls_count;
    const Armed armed = read_armed(own.directory);
    const bool is_named = armed.name.empty() ? armed.count == own.calls_count
                                             : armed.name == name && armed.count == count;
    if (is_named && armed.is_stop) {
        ::raise(SIGSTOP);  // Of this thread, which comes no further.
    } else if (is_named) {
        ::kill(own.pid, SIGKILL);
        ::pause();
    }
    return std::to_string(own.pid) + "\t" + own.effect + "\t" + name + "\n";
}

/// After the call, which has left its error number.
void write_down(const std::string& line) {
    const int error_number = errno;
    static const auto write_next = next<ssize_t(int, const void*, size_t)>("write");
    static const int fd = ::open((subject().directory + "/calls").c_str(),
                                 O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    static_cast<void>(write_next(fd, line.data(), line.size()));
    errno = error_number;
}

/// From the opening of an incident on calls are its own, from an intent on those of the effect. A
/// dimmer is announced by an entry of another kind, and turned outside of any incident.
void learn(std::string_view bytes) {
    const std::size_t intent = bytes.find("\"entry\":\"intent\"");
    const std::size_t opened = bytes.find("\"entry\":\"opened\"");
    const std::size_t dimming = bytes.find("\"entry\":\"dimming\"");
    if (std::min({intent, opened, dimming}) == std::string_view::npos) {
        return;
    }
    Subject& own = subject();
    const std::lock_guard hold(own.mutex);
    own.counts.clear();
    if (dimming != std::string_view::npos) {
        own.effect = quoted(bytes, "\"effect\":\"", dimming);
        own.step = "dim";
        return;
    }
    if (intent == std::string_view::npos) {
        own.effect = "-";
        own.step = "open";
        return;
    }
    own.effect = quoted(bytes, "\"effect\":\"", intent);
    own.step = quoted(bytes, "\"step\":{\"kind\":\"", intent);
}

/// What an effect asks of a proxy or a cache; empty for what only reads. A dimmer is looked at
/// before and after it is turned, in one line.
std::string command_in(std::string_view bytes) {
    const std::size_t turn = bytes.starts_with("show ") ? bytes.find(";set ") : bytes.npos;
    if (turn != bytes.npos) {
        const std::string_view rest = bytes.substr(turn + 1);
        return std::string(rest.substr(0, rest.find(';')));
    }
    if (bytes.starts_with("set ") || bytes.starts_with("clear ")) {
        return std::string(bytes.substr(0, bytes.find('\n')));
    }
    return bytes.find("UNLINK") < 20 ? "UNLINK" : "";
}

template <class Call>
auto around(const std::string& name, std::string_view target, Call call) {
    const std::string line = come_to(name, target);
    const auto result = call();
    write_down(line);
    return result;
}

}  // namespace

// The C library's names and types.
// NOLINTBEGIN(readability-identifier-naming, misc-use-internal-linkage): so they are called.
extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) {
    static const auto call = next<ssize_t(int, const void*, size_t)>("write");
    if (fd <= STDERR_FILENO || !subject().is_here()) {
        return call(fd, bytes, size);
    }
    const std::string path = path_of(fd);
    const bool is_device = path.starts_with("/dev/") && !path.starts_with("/dev/shm/");
    if (!path.starts_with('/') || is_device) {
        return call(fd, bytes, size);  // A pipe, an event: nothing that lasts.
    }
    const std::string_view text(static_cast<const char*>(bytes), size);
    const std::string kinds = entries_in(text);
    if (path.contains("/ledger/")) {
        learn(text);
    }
    return around("write", short_name(path) + (kinds.empty() ? "" : ": " + kinds),
                  [&] { return call(fd, bytes, size); });
}

int fsync(int fd) {
    static const auto call = next<int(int)>("fsync");
    return subject().is_here() ? around("fsync", short_name(path_of(fd)), [&] { return call(fd); })
                               : call(fd);
}

int fdatasync(int fd) {
    static const auto call = next<int(int)>("fdatasync");
    return subject().is_here()
               ? around("fdatasync", short_name(path_of(fd)), [&] { return call(fd); })
               : call(fd);
}

int ftruncate(int fd, off_t size) {
    static const auto call = next<int(int, off_t)>("ftruncate");
    return subject().is_here()
               ? around("ftruncate", short_name(path_of(fd)), [&] { return call(fd, size); })
               : call(fd, size);
}

int rename(const char* from, const char* to) {
    static const auto call = next<int(const char*, const char*)>("rename");
    return subject().is_here() ? around("rename", short_name(to), [&] { return call(from, to); })
                               : call(from, to);
}

int renameat2(int from_fd, const char* from, int to_fd, const char* to, unsigned flags) {
    static const auto call = next<int(int, const char*, int, const char*, unsigned)>("renameat2");
    return subject().is_here() ? around("renameat2", short_name(to),
                                        [&] { return call(from_fd, from, to_fd, to, flags); })
                               : call(from_fd, from, to_fd, to, flags);
}

int symlink(const char* target, const char* path) {
    static const auto call = next<int(const char*, const char*)>("symlink");
    return subject().is_here()
               ? around("symlink", short_name(path), [&] { return call(target, path); })
               : call(target, path);
}

int unlink(const char* path) {
    static const auto call = next<int(const char*)>("unlink");
    return subject().is_here() ? around("unlink", short_name(path), [&] { return call(path); })
                               : call(path);
}

pid_t fork() {
    static const auto call = next<pid_t()>("fork");
    if (!subject().is_here()) {
        return call();
    }
    const std::string line = come_to("fork", "a program");
    const pid_t pid = call();
    if (pid > 0) {
        write_down(line);
    }
    return pid;
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
    static const auto call = next<ssize_t(int, const void*, size_t, int)>("send");
    const std::string command = command_in({static_cast<const char*>(bytes), size});
    return command.empty() || !subject().is_here()
               ? call(fd, bytes, size, flags)
               : around("send", command, [&] { return call(fd, bytes, size, flags); });
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    static const auto call = next<ssize_t(int, const msghdr*, int)>("sendmsg");
    const iovec* first = message->msg_iovlen > 0 ? message->msg_iov : nullptr;
    const std::string command =
        first == nullptr ? std::string()
                         : command_in({static_cast<const char*>(first->iov_base), first->iov_len});
    return command.empty() || !subject().is_here()
               ? call(fd, message, flags)
               : around("send", command, [&] { return call(fd, message, flags); });
}

// NOLINTNEXTLINE(cert-dcl50-cpp): it is what the C library declares.
long syscall(long number, ...) noexcept {
    static const auto call = next<long(long, ...)>("syscall");
    std::array<long, 6> values{};
    va_list list;
    va_start(list, number);
    for (long& value : values) {
        value = va_arg(list, long);
    }
    va_end(list);
    const auto forward = [&] {
        return call(number, values[0], values[1], values[2], values[3], values[4], values[5]);
    };
    const bool is_signal = number == SYS_pidfd_send_signal && values[1] != 0;
    return is_signal && subject().is_here()
               ? around("signal", values[1] == SIGKILL ? "KILL" : "TERM", forward)
               : forward();
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming, misc-use-internal-linkage)
