// Any text before it is kept for ever: redacting ends, grows within its bound and changes nothing
// the second time.

#include "homeostat/base/ensure.hpp"
#include "homeostat/record/redact.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string once = homeostat::record::redact(text);
    homeostat::ensure(once.size() <= homeostat::record::redacted_growth_max * size,
                      "it grows within its bound");
    homeostat::ensure(homeostat::record::redact(once) == once, "once is enough");
    return 0;
}
