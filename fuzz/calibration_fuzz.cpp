// Any bytes for a calibration: refused with its field, or a weight that is a number within bounds.

#include "homeostat/base/ensure.hpp"
#include "homeostat/decide/calibration.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using homeostat::ensure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto calibration = homeostat::decide::parse_calibration(text);
    if (!calibration) {
        ensure(calibration.error().text.starts_with("calibration"), "a refusal says of what");
        return 0;
    }
    ensure(calibration->lambda >= 0 && calibration->lambda <= homeostat::decide::lambda_max,
           "a weight is within its bounds");
    ensure(!calibration->model.empty() && calibration->prompt_digest.size() == 64,
           "it is of one model and one prompt");
    if (calibration->acts) {
        ensure(calibration->beside == homeostat::decide::Beside::rules, "an agent has the rules");
        for (const auto& bar : calibration->acts->bars) {
            ensure(bar.confidence_min >= 0 && bar.confidence_min <= 1, "a bar can be reached");
        }
    }
    return 0;
}
