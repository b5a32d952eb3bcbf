#pragma once

// Program: a child process of the demo, with pipes where they are wanted.
//
// Plain and blocking: the demo is a script in C++. What it starts is ended by `end`, in the worst
// case by the keeper (keeper.hpp).

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace homeostat::app::demo {

struct ProgramOptions {
    std::vector<std::string> argv;
    std::filesystem::path directory;
    std::filesystem::path log;  ///< stderr, and stdout unless it is a pipe.
    bool has_input_pipe{false};
    bool has_output_pipe{false};
};

class Program {
  public:
    /// ERRORS: absent: the program is not there or cannot be executed.
    [[nodiscard]] static Result<Program> start(const ProgramOptions& options);

    Program() = default;
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    Program(Program&& other) noexcept;
    Program& operator=(Program&& other) noexcept;
    ~Program();

    [[nodiscard]] int pid() const { return pid_; }
    [[nodiscard]] int output() const { return output_; }
    /// ERRORS: unreachable: it reads no more.
    [[nodiscard]] Result<void> write_line(const std::string& line) const;
    /// One line of its output, without the newline. ERRORS: late, unreachable.
    [[nodiscard]] Result<std::string> read_line(Duration within);
    [[nodiscard]] bool is_running();
    /// SIGTERM, and SIGKILL after `grace`. Gives the exit status, 128 + signal for a killed one.
    int end(Duration grace);

  private:
    int pid_{0};
    int input_{-1};
    int output_{-1};
    int status_{0};
    std::string unread_;
};

/// Runs a program to its end and gives its stdout.
/// ERRORS: absent; late; refused: it ended with another status than 0, with its last words.
[[nodiscard]] Result<std::string> output_of(const std::vector<std::string>& argv, Duration within);

}  // namespace homeostat::app::demo
