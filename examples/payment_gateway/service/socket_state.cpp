#include "examples/payment_gateway/service/socket_state.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace payment_gateway {

bool is_closed_by_peer(int descriptor) {
    char byte = 0;
    const auto got = recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

}  // namespace payment_gateway
