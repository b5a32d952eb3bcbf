// Any bytes for a world and a demon's demands on guard: it never crashes and never gives a permit
// that takes the group below its floor, or one while suspended, on stale facts or past the budget.

#include "homeostat/base/ensure.hpp"
#include "homeostat/guard/demon_for_test.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace {

/// One byte per draw; 0, the ordinary case, once they are used up.
struct Bytes {
    std::span<const std::uint8_t> left;

    std::uint32_t operator()(std::size_t count) {
        if (left.empty()) {
            return 0;
        }
        const std::uint8_t byte = left.front();
        left = left.subspan(1);
        return static_cast<std::uint32_t>(byte % count);
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr int demands_max = 64;
    Bytes bytes{{data, size}};
    homeostat::guard::for_test::Demon demon(bytes);
    for (int count = 0; count < demands_max && !bytes.left.empty(); ++count) {
        const std::optional<std::string> wrong = demon.demand();
        homeostat::ensure(!wrong, wrong.value_or(""));
    }
    return 0;
}
