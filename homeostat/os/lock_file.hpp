#pragma once

// LockFile: a lock between processes that ends with its holders, however they end.
//
// It is a flock on an open file, so it belongs to the descriptor and to every copy of it: a child
// that inherits the descriptor holds the lock too, until the last of them has closed it or died.
// The file itself stays; it says the pid of the holder, for people. Its mode is 0600: whoever may
// open a file may lock it.
//
// Move-only. The choice not taken: fcntl locks, which are lost when *any* descriptor of the file is
// closed and are not inherited.

#include "homeostat/base/result.hpp"
#include "homeostat/os/fd.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace homeostat::os {

class LockFile {
  public:
    /// Takes the lock or says at once who has it. ERRORS: busy, with the holder's pid and command
    /// as far as they can be known, and with `mend`, which says what to do about it; full.
    [[nodiscard]] static Result<LockFile> take(const std::string& path,
                                               std::string_view mend = "end that process");

    /// Open for as long as the lock is wanted; closed on exec unless the owner changes that.
    [[nodiscard]] int fd() const { return file_.number(); }

    /// Writes another pid for people to find, after a fork.
    [[nodiscard]] Result<void> name_holder(const std::string& path) const;

  private:
    explicit LockFile(Fd file) : file_(std::move(file)) {}

    Fd file_;
};

}  // namespace homeostat::os
