#pragma once

// RefusedAddress: where no request of ours ever goes, whoever named the address.
//
// A cloud answers on a link-local address, without asking who calls, with the credentials of the
// machine: its metadata. Whoever may write one address into a configuration, make a name resolve or
// name the nodes of a cluster would read them through us. So link-local addresses are refused, the
// few others that clouds use for that, multicast and what names no machine, in each form in which
// IPv6 writes an IPv4 address. Loopback and private networks are where services live: they stay.
//
// Asked where a connection is made, of the address itself: what a name has come to by then counts.
//
// Pure.

#include "homeostat/base/result.hpp"
#include "homeostat/net/endpoint.hpp"

#include <string_view>

namespace homeostat::net {

/// Empty: requests may go to this address, or it is a name.
[[nodiscard]] std::string_view why_refused(std::string_view host);

/// ERRORS: invalid: as above, with the address and the reason. A UNIX socket is never refused.
[[nodiscard]] Result<void> check_target(const Endpoint& endpoint);

}  // namespace homeostat::net
