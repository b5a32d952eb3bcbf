#pragma once

namespace payment_gateway {

/// True when the other side has closed or broken the connection behind the descriptor. Reads
/// nothing.
bool is_closed_by_peer(int descriptor);

}  // namespace payment_gateway
