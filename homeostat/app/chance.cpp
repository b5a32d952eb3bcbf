#include "homeostat/app/chance.hpp"

#include "homeostat/base/ensure.hpp"

#include <openssl/rand.h>

#include <array>
#include <bit>

namespace homeostat::app {

std::uint64_t draw_chance() {
    std::array<unsigned char, sizeof(std::uint64_t)> bytes{};
    ensure(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "OpenSSL has chance");
    return std::bit_cast<std::uint64_t>(bytes);
}

}  // namespace homeostat::app
