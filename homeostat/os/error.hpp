#pragma once

// What the system refused, as an Error that a person can act upon: the path, the system's own
// words and the mend.

#include "homeostat/base/result.hpp"

#include <string>
#include <string_view>

namespace homeostat::os {

/// "No such file or directory", for an errno.
[[nodiscard]] std::string text_of(int error_number);

/// Fault of something that we wanted to read: absent when it is not there, else unreachable.
[[nodiscard]] Error read_error(std::string_view what, std::string_view path, int error_number);

/// Fault of something that we wanted to write: full when there is no room or no right to write.
[[nodiscard]] Error write_error(std::string_view what, std::string_view path, int error_number);

}  // namespace homeostat::os
