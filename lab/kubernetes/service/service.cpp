// The service that runs in the pods of the full lab: small, static, and able to fail on demand.
//
//   service        answers HTTP on PORT (8080)
//   service pause  waits; the image of the pods' sandboxes
//   service call ADDRESS:PORT PATH SECONDS
//                  waits so long, asks there once, and exits 0 where that was answered 200; what a
//                  Job does
//
//   GET /          200 and its version; 500 with MODE=fail or after /fault/fail
//   GET /healthz   200
//   GET /readyz    200; 503 with MODE=unready, after /fault/unready, and while it goes down
//   GET /metrics   as Prometheus reads them
//   GET /fault/X   hang: no answer any more, to probes neither · crash: exit 3 at once · unready ·
//                  fail · slow: GET / takes 2 s · leak: LEAK_MIB_PER_S (16) until the kernel ends
//                  it, or LEAK_MIB_MAX are held · none: well again
//
// Environment: MODE=ok|crash|fail|unready (crash: exit 1 at the start), VERSION, PORT, START_MS
// (before it listens), NEEDS=ADDRESS:PORT (exit 1 at the start where nobody answers there within a
// second), ASKS=ADDRESS:PORT (each GET / asks there first, and is answered 504 where nobody does
// within 5 s), TERM_IGNORED=1. After SIGTERM it is unready and answers for DRAIN_MS (1500)
// more, as whoever still has its address will ask it; then it exits 0. It is process 1 of its pod,
// so it has to handle that signal by itself.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using std::chrono::milliseconds;

constexpr std::string_view fault{"/fault/"};

std::atomic<bool> hangs{false};
std::atomic<bool> is_unready{false};
std::atomic<bool> fails{false};
std::atomic<bool> is_slow{false};
std::atomic<bool> leaks{false};
std::atomic<int> answered_well_count{0};
std::atomic<int> answered_badly_count{0};

std::string environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : otherwise;
}

int number(const char* name, const char* otherwise) {
    return static_cast<int>(std::strtol(environment(name, otherwise).c_str(), nullptr, 10));
}

struct Answer {
    int status{200};
    std::string body;
};

void leak() {
    std::vector<std::vector<char>> kept;
    const int mib_per_second = number("LEAK_MIB_PER_S", "16");
    const auto mib_max = static_cast<std::size_t>(number("LEAK_MIB_MAX", "1000000"));
    while (leaks) {
        if (kept.size() < mib_max) {
            kept.emplace_back(std::size_t{1} << 20U, 'x');
        }
        std::this_thread::sleep_for(milliseconds{1000} / mib_per_second);
    }
}

Answer begin_fault(std::string_view name) {
    if (name == "crash") {
        std::fputs("fatal: told to crash\n", stderr);
        std::_Exit(3);
    }
    const bool is_none = name == "none";
    if (name == "leak" && !leaks.exchange(true)) {
        std::thread{leak}.detach();
    } else if (name == "hang" || is_none) {
        hangs = !is_none;
    }
    if (name == "unready" || is_none) {
        is_unready = !is_none;
    }
    if (name == "fail" || is_none) {
        fails = !is_none;
    }
    if (name == "slow" || is_none) {
        is_slow = !is_none;
    }
    if (is_none) {
        leaks = false;
    }
    return {.status = 200, .body = "ok\n"};
}

/// UNITS: bytes, from the second number of /proc/self/statm.
long resident_bytes() {
    std::ifstream statm{"/proc/self/statm"};
    long pages = 0;
    statm >> pages >> pages;
    return pages * sysconf(_SC_PAGESIZE);
}

std::string metrics() {
    return "# TYPE http_requests_total counter\nhttp_requests_total{code=\"200\"} " +
           std::to_string(answered_well_count) + "\nhttp_requests_total{code=\"500\"} " +
           std::to_string(answered_badly_count) +
           "\n# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes " +
           std::to_string(resident_bytes()) + "\n";
}

/// A connection to "10.96.0.7:80", where each wait takes so long at most; -1: nobody takes it.
int connect_to(const std::string& place, long patience_s) {
    const std::size_t colon = place.find(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (colon == std::string::npos ||
        inet_pton(AF_INET, place.substr(0, colon).c_str(), &address.sin_addr) != 1) {
        std::fputs("fatal: NEEDS or ASKS is no ADDRESS:PORT\n", stderr);
        std::_Exit(2);
    }
    const long port = std::strtol(place.c_str() + colon + 1, nullptr, 10);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = patience_s, .tv_usec = 0};
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        return connection;
    }
    close(connection);
    return -1;
}

bool is_reachable(const std::string& place) {
    const int connection = connect_to(place, 1);
    if (connection >= 0) {
        close(connection);
    }
    return connection >= 0;
}

/// Whether GET of the path is answered 200 there.
bool calls_well(const std::string& place, const std::string& path) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: service\r\n\r\n";
    const int connection = connect_to(place, 5);
    if (connection < 0) {
        return false;
    }
    std::array<char, 256> answer{};
    const bool is_sent = write(connection, request.data(), request.size()) > 0;
    const ssize_t size = is_sent ? read(connection, answer.data(), answer.size()) : 0;
    close(connection);
    return size > 0 && std::string_view{answer.data(), static_cast<std::size_t>(size)}.starts_with(
                           "HTTP/1.1 200");
}

/// Whether GET / is answered there, with whatever.
bool answers_at(const std::string& place) {
    constexpr std::string_view request{"GET / HTTP/1.1\r\nHost: service\r\n\r\n"};
    const int connection = connect_to(place, 5);
    if (connection < 0) {
        return false;
    }
    std::array<char, 256> answer{};
    const bool has_answered = write(connection, request.data(), request.size()) > 0 &&
                              read(connection, answer.data(), answer.size()) > 0;
    close(connection);
    return has_answered;
}

Answer answer_to(std::string_view path, const std::string& version) {
    if (path.starts_with(fault)) {
        return begin_fault(path.substr(fault.size()));
    }
    if (path == "/healthz") {
        return {.status = 200, .body = "ok\n"};
    }
    if (path == "/readyz") {
        return is_unready ? Answer{.status = 503, .body = "not ready\n"}
                          : Answer{.status = 200, .body = "ready\n"};
    }
    if (path == "/metrics") {
        return {.status = 200, .body = metrics()};
    }
    if (is_slow) {
        std::this_thread::sleep_for(milliseconds{2000});
    }
    const std::string asked = environment("ASKS", "");
    const bool is_lonely = !asked.empty() && !answers_at(asked);
    if (fails || is_lonely) {
        ++answered_badly_count;
        return is_lonely ? Answer{.status = 504, .body = "nobody answers\n"}
                         : Answer{.status = 500, .body = "told to fail\n"};
    }
    ++answered_well_count;
    return {.status = 200, .body = "service " + version + "\n"};
}

/// The path of "GET /path HTTP/1.1"; empty where it is something else.
std::string_view path_of(std::string_view request) {
    constexpr std::string_view get{"GET "};
    if (!request.starts_with(get)) {
        return {};
    }
    request.remove_prefix(get.size());
    return request.substr(0, request.find(' '));
}

void serve(int connection, const std::string& version) {
    std::array<char, 4096> request{};
    const ssize_t size = read(connection, request.data(), request.size());
    if (size > 0) {
        const std::string_view path = path_of({request.data(), static_cast<std::size_t>(size)});
        while (hangs && !path.starts_with(fault)) {
            std::this_thread::sleep_for(milliseconds{50});
        }
        const Answer answer = answer_to(path, version);
        const std::string text = "HTTP/1.1 " + std::to_string(answer.status) +
                                 " told\r\nContent-Type: text/plain\r\n" +
                                 "Content-Length: " + std::to_string(answer.body.size()) +
                                 "\r\nConnection: close\r\n\r\n" + answer.body;
        static_cast<void>(write(connection, text.data(), text.size()));
    }
    close(connection);
}

int listen_at(int port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener, 128) != 0) {
        std::perror("service: cannot listen");
        std::_Exit(2);
    }
    return listener;
}

/// Waits for SIGTERM or SIGINT on a thread of its own, and ends the program after it.
void end_when_told(sigset_t signals, bool is_ignored) {
    int signal = 0;
    while (sigwait(&signals, &signal) == 0) {
        if (is_ignored && signal == SIGTERM) {
            continue;
        }
        is_unready = true;
        std::this_thread::sleep_for(milliseconds{number("DRAIN_MS", "1500")});
        std::_Exit(0);
    }
}

}  // namespace

int main(int count, char** words) {
    sigset_t signals{};
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    if (count > 1 && std::string_view{words[1]} == "pause") {
        int signal = 0;
        sigwait(&signals, &signal);
        return 0;
    }
    std::signal(SIGPIPE, SIG_IGN);
    if (count == 5 && std::string_view{words[1]} == "call") {
        std::this_thread::sleep_for(std::chrono::seconds{std::strtol(words[4], nullptr, 10)});
        return calls_well(words[2], words[3]) ? 0 : 1;
    }
    const std::string mode = environment("MODE", "ok");
    const std::string version = environment("VERSION", "v1");
    std::printf("service %s, mode %s\n", version.c_str(), mode.c_str());
    static_cast<void>(std::fflush(stdout));
    if (mode == "crash") {
        std::fputs("fatal: told to crash at the start\n", stderr);
        return 1;
    }
    if (const std::string needs = environment("NEEDS", "");
        !needs.empty() && !is_reachable(needs)) {
        std::fprintf(stderr, "fatal: nobody answers at %s\n", needs.c_str());
        return 1;
    }
    fails = mode == "fail";
    is_unready = mode == "unready";
    std::thread{end_when_told, signals, environment("TERM_IGNORED", "") == "1"}.detach();
    std::this_thread::sleep_for(milliseconds{number("START_MS", "0")});
    const int listener = listen_at(number("PORT", "8080"));
    while (true) {
        const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection >= 0) {
            std::thread{serve, connection, version}.detach();
        }
    }
}
