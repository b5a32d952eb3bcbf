#include "homeostat/domain/resize.hpp"

namespace homeostat {

std::string memory_text(std::uint64_t bytes) {
    constexpr unsigned mebibyte_bits = 20;
    const bool is_whole = (bytes >> mebibyte_bits) << mebibyte_bits == bytes;
    return is_whole ? std::to_string(bytes >> mebibyte_bits) + " MiB"
                    : std::to_string(bytes) + " bytes";
}

}  // namespace homeostat
