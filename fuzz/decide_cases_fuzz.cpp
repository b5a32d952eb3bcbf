// Any bytes for the cases of `bench decide`: refused with the mend, or every case can be asked,
// whatever the model answers.

#include "homeostat/app/decide_cases.hpp"
#include "homeostat/app/decide_figures.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/decide/decide.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace app = homeostat::app;
using homeostat::ensure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto cases = app::parse_decide_cases(text);
    if (!cases) {
        ensure(cases.error().text.contains("make decide-cases"), "a refusal names the mend");
        return 0;
    }
    app::DecideMeasurement measurement;
    measurement.answers.resize(cases->size());
    measurement.was_model_there = true;
    const app::DecideFigures figures = app::figures_of(*cases, measurement);
    ensure(figures.all.cases_count == cases->size(), "every case is counted once");
    ensure(!to_table(figures, measurement).empty(), "figures can be told");
    static_cast<void>(to_document(figures, measurement));
    return 0;
}
