#pragma once

// Whether somebody is at an address and says that nothing listens there.
//
// Of all that keeps a connection from being made only this is an answer of the other side: a lost
// route, a cut cable and a firewall that drops may as well be our own.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"

namespace homeostat::net {

/// Of an error that HttpClient gave.
[[nodiscard]] bool is_connection_refused(const Error& error);

}  // namespace homeostat::net
