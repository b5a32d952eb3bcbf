#pragma once

// The names of this machine's users, from its own file.
//
// The choice not taken: getpwuid, which asks whatever /etc/nsswitch.conf names. A directory service
// that hangs, as it may in an incident, would hang whoever asks. Its users have their number here.
//
// Blocks as long as reading a small local file takes. Thread-safe.

#include <cstdint>
#include <string>

namespace homeostat::os {

/// "alice", or "uid 1000" for one that the file does not have.
[[nodiscard]] std::string user_name(std::uint32_t uid, const std::string& file = "/etc/passwd");

}  // namespace homeostat::os
