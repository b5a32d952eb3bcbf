// Any bytes for a struct with a field of every type: refused with a place, or one that is written
// as the same bytes again.

#include "homeostat/base/binary.hpp"
#include "homeostat/base/binary_sample_for_test.hpp"
#include "homeostat/base/ensure.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using homeostat::ensure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using homeostat::for_test::Sample;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto sample = homeostat::from_binary<Sample>(bytes);
    if (!sample) {
        const homeostat::Error& error = sample.error();
        ensure(error.fault == homeostat::Fault::corrupt, "a refusal is of corrupt bytes");
        ensure(error.text.contains("at byte ") && error.text.size() < 200,
               "a refusal names a place and is short");
        return 0;
    }
    std::string again;
    homeostat::to_binary(*sample, again);
    ensure(again == bytes, "what was accepted is written as the same bytes");
    return 0;
}
