#pragma once

// InstanceLog: where an instance's stdout and stderr go, kept within a size.
//
// The instance writes into the file itself (O_APPEND), not into a pipe that somebody has to read: a
// shim that dies takes nobody with it, neither by SIGPIPE nor by a pipe that fills up. The price is
// that the file cannot be renamed under the writer. So it is copied to log.1 and then cut to
// nothing; a line written in the microseconds between the last copied byte and the cut is lost.
// Without its shim the file grows until the next start.
//
// Not thread-safe. The shim's alone.

#include "homeostat/base/result.hpp"
#include "homeostat/os/fd.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace homeostat::shim {

class InstanceLog {
  public:
    /// Opens the log, or makes it; what is in it stays. ERRORS: full.
    [[nodiscard]] static Result<InstanceLog> open(std::string path,
                                                  std::uint64_t bytes_max,
                                                  std::uint32_t files);

    /// For the instance's stdout and stderr; appends.
    [[nodiscard]] int writer_fd() const { return writer_.number(); }

    /// Moves the content to log.1 (and log.1 to log.2, …) once it is over its size. If there is no
    /// room for the copy, the log may grow to twice its size and is then cut without one.
    void rotate_if_large() const;

  private:
    InstanceLog(std::string path,
                std::uint64_t bytes_max,
                std::uint32_t files,
                os::Fd writer,
                os::Fd reader)
        : path_(std::move(path)),
          bytes_max_(bytes_max),
          files_(files),
          writer_(std::move(writer)),
          reader_(std::move(reader)) {}

    [[nodiscard]] bool copy_to(const os::Fd& copy) const;
    void shift_older() const;
    [[nodiscard]] std::string older_path(std::uint32_t index) const;

    std::string path_;
    std::uint64_t bytes_max_;
    std::uint32_t files_;
    os::Fd writer_;
    os::Fd reader_;
};

}  // namespace homeostat::shim
