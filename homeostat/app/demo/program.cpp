#include "homeostat/app/demo/program.hpp"

#include "homeostat/os/clock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace homeostat::app::demo {

namespace {

constexpr std::size_t output_bytes_max = std::size_t{8} << 20U;

Instant now() {
    return os::read_boot_clock();
}

void close_if_open(int& descriptor) {
    if (descriptor >= 0) {
        ::close(std::exchange(descriptor, -1));
    }
}

struct Ends {
    std::array<int, 2> input{-1, -1};
    std::array<int, 2> output{-1, -1};
    std::array<int, 2> trouble{-1, -1};  ///< The child says here why it could not be executed.
};

/// Says to the parent what `errno` says.
[[noreturn]] void report_and_end(const Ends& ends) {
    const int number = errno;
    [[maybe_unused]] const ssize_t written = ::write(ends.trouble[1], &number, sizeof number);
    std::_Exit(127);
}

[[noreturn]] void become(const ProgramOptions& options, const Ends& ends) {
    ::setpgid(0, 0);
    const int log = ::open(options.log.empty() ? "/dev/null" : options.log.c_str(),
                           O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int nothing = ::open("/dev/null", O_RDONLY);
    if (log < 0 || nothing < 0) {
        report_and_end(ends);
    }
    ::dup2(options.has_input_pipe ? ends.input[0] : nothing, STDIN_FILENO);
    ::dup2(options.has_output_pipe ? ends.output[1] : log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    std::vector<char*> argv;
    for (const std::string& word : options.argv) {
        argv.push_back(const_cast<char*>(word.c_str()));  // execvp's old signature; not written.
    }
    argv.push_back(nullptr);
    const bool is_there = options.directory.empty() || ::chdir(options.directory.c_str()) == 0;
    if (is_there) {
        ::execvp(argv[0], argv.data());
    }
    report_and_end(ends);
}

/// Empty when the child became the program; else its errno in words.
std::string trouble_of(int descriptor) {
    int number = 0;
    return ::read(descriptor, &number, sizeof number) > 0 ? std::strerror(number) : std::string();
}

}  // namespace

Result<Program> Program::start(const ProgramOptions& options) {
    Ends ends;
    for (std::array<int, 2>* pipe : {&ends.input, &ends.output, &ends.trouble}) {
        if (::pipe2(pipe->data(), O_CLOEXEC) != 0) {
            return fail(Fault::absent, std::string("no pipe: ") + std::strerror(errno));
        }
    }
    const pid_t child = ::fork();
    if (child == 0) {
        become(options, ends);
    }
    ::close(ends.input[0]);
    ::close(ends.output[1]);
    ::close(ends.trouble[1]);
    const std::string trouble = child < 0 ? std::strerror(errno) : trouble_of(ends.trouble[0]);
    ::close(ends.trouble[0]);
    Program program;
    program.pid_ = child;
    program.input_ = ends.input[1];
    program.output_ = ends.output[0];
    if (!options.has_input_pipe) {
        close_if_open(program.input_);
    }
    if (!options.has_output_pipe) {
        close_if_open(program.output_);
    }
    if (!trouble.empty()) {
        return fail(Fault::absent, options.argv.front() + " cannot be started: " + trouble);
    }
    return program;
}

Program::Program(Program&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      status_(other.status_),
      unread_(std::move(other.unread_)) {}

Program& Program::operator=(Program&& other) noexcept {
    if (this != &other) {
        end(Duration::zero());
        pid_ = std::exchange(other.pid_, 0);
        input_ = std::exchange(other.input_, -1);
        output_ = std::exchange(other.output_, -1);
        status_ = other.status_;
        unread_ = std::move(other.unread_);
    }
    return *this;
}

Program::~Program() {
    end(Duration::zero());
}

Result<void> Program::write_line(const std::string& line) const {
    const std::string text = line + "\n";
    if (::write(input_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        return fail(Fault::unreachable, std::string("it reads no more: ") + std::strerror(errno));
    }
    return {};
}

Result<std::string> Program::read_line(Duration within) {
    const Instant until = now() + within;
    while (true) {
        const std::size_t newline = unread_.find('\n');
        if (newline != std::string::npos) {
            std::string line = unread_.substr(0, newline);
            unread_.erase(0, newline + 1);
            return line;
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - now()).count();
        pollfd watched{output_, POLLIN, 0};
        if (left <= 0 || ::poll(&watched, 1, static_cast<int>(left)) == 0) {
            return fail(Fault::late, "no line came in time");
        }
        std::array<char, 65'536> buffer{};
        const ssize_t count = ::read(output_, buffer.data(), buffer.size());
        if (count <= 0) {
            return fail(Fault::unreachable, "its output has ended");
        }
        unread_.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

bool Program::is_running() {
    if (pid_ <= 0) {
        return false;
    }
    int waited = 0;
    if (::waitpid(pid_, &waited, WNOHANG) != pid_) {
        return true;
    }
    pid_ = 0;
    status_ = WIFEXITED(waited) ? WEXITSTATUS(waited) : 128 + WTERMSIG(waited);
    return false;
}

int Program::end(Duration grace) {
    close_if_open(input_);
    if (is_running()) {
        ::kill(pid_, SIGTERM);
    }
    const Instant until = now() + grace;
    while (is_running()) {
        if (now() >= until) {
            ::kill(pid_, SIGKILL);
        }
        ::poll(nullptr, 0, 5);
    }
    close_if_open(output_);
    return status_;
}

Result<std::string> output_of(const std::vector<std::string>& argv, Duration within) {
    ProgramOptions options;
    options.argv = argv;
    options.has_output_pipe = true;
    Result<Program> program = Program::start(options);
    if (!program) {
        return std::unexpected(program.error());
    }
    const Instant until = now() + within;
    std::string output;
    while (output.size() < output_bytes_max) {
        Result<std::string> line = program->read_line(until - now());
        if (!line && line.error().fault == Fault::late) {
            return fail(argv.front(), line.error());
        }
        if (!line) {
            break;
        }
        output += *line + "\n";
    }
    while (program->is_running() && now() < until) {
        ::poll(nullptr, 0, 2);
    }
    const int status = program->end(Duration::zero());
    if (status != 0) {
        return fail(Fault::refused, argv.front() + " ended with status " + std::to_string(status) +
                                        ": " + output.substr(0, 500));
    }
    return output;
}

}  // namespace homeostat::app::demo
