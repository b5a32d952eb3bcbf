#pragma once

// A command in a child process, whose output is a pipe: read slowly, or interrupted.

#include "homeostat/app/exit_status.hpp"
#include "homeostat/base/ensure.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace homeostat::app {

class ChildForTest {
  public:
    /// `command` gives an ExitStatus; what it writes to `output` (STDOUT_FILENO, STDERR_FILENO) can
    /// be read here.
    template <class Command>
    ChildForTest(Command command, int output) {
        std::array<int, 2> ends{};
        ensure(::pipe(ends.data()) == 0, "a test gets a pipe");
        std::fflush(nullptr);  // What waits in a buffer would be written twice.
        child_ = ::fork();
        ensure(child_ >= 0, "a test gets a child");
        if (child_ == 0) {
            ::dup2(ends[1], output);
            ::close(ends[0]);
            ::close(ends[1]);
            const ExitStatus status = command();
            std::fflush(nullptr);
            std::_Exit(static_cast<int>(status));
        }
        ::close(ends[1]);
        output_ = ends[0];
    }
    ~ChildForTest() { ::close(output_); }
    ChildForTest(const ChildForTest&) = delete;
    ChildForTest& operator=(const ChildForTest&) = delete;

    void interrupt() const { ::kill(child_, SIGINT); }

    /// Waits for the first byte; empty: the child has closed its end.
    [[nodiscard]] std::string read_some(std::size_t bytes_max) const {
        std::string text(bytes_max, '\0');
        const ssize_t read = ::read(output_, text.data(), text.size());
        ensure(read >= 0, "a pipe can be read");
        text.resize(static_cast<std::size_t>(read));
        return text;
    }
    [[nodiscard]] std::string read_all() const {
        constexpr std::size_t bytes_at_once = 65'536;
        std::string text;
        for (std::string more = read_some(bytes_at_once); !more.empty();
             more = read_some(bytes_at_once)) {
            text += more;
        }
        return text;
    }
    [[nodiscard]] ExitStatus wait() const {
        int status = 0;
        ensure(::waitpid(child_, &status, 0) == child_ && WIFEXITED(status), "the child exits");
        return static_cast<ExitStatus>(WEXITSTATUS(status));
    }

  private:
    pid_t child_{-1};
    int output_{-1};
};

}  // namespace homeostat::app
