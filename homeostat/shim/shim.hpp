#pragma once

// shim: starts one instance, stays beside it and writes down how it ended.
//
// It outlives whoever called it: it leaves the caller's session before the instance exists, and
// says through a pipe whether the start has worked before the caller's process returns. What a
// second start, or a start that comes late, meets:
//   * the lock on record.lock, held by the shim and by the instance itself: Reply::busy;
//   * a record that is not the one the caller had seen (`--after`): Reply::busy.
// The record is durable before the program's first instruction. A shim that dies leaves the
// instance running, its log growing and its exit status unknown, and nothing else changes.
//
// Linux. One thread.

#include "homeostat/os/fd.hpp"
#include "homeostat/shim/order.hpp"

#include <cstdint>
#include <string>

namespace homeostat::shim {

/// The exit status of the process that the caller waits for. SOURCE: sysexits(3).
enum class Reply : std::uint8_t {
    started = 0,  ///< The program runs.
    usage = 64,   ///< The command line is wrong. Nothing has begun.
    absent = 69,  ///< The program cannot be executed. Nothing has begun.
    lost = 70,    ///< The shim died before it could tell. Read the record.
    full = 73,    ///< Record or log cannot be written. Nothing has begun.
    busy = 75,    ///< The instance runs, or was started by somebody else. Nothing has begun.
};

/// Where a shim tells its caller what became of the start; once.
class Report {
  public:
    explicit Report(os::Fd writer) : writer_(std::move(writer)) {}
    void tell(Reply reply, const std::string& text);

  private:
    os::Fd writer_;
};

/// Becomes the shim: returns when the instance has ended, or was not started.
void run(const Order& order, Report report);

/// Waits until the shim tells, prints its text on stderr. Gives the exit status.
[[nodiscard]] int relay(const os::Fd& reader);

}  // namespace homeostat::shim
