// Any bytes for a metrics page: the parser refuses, or returns what it promises.

#include "homeostat/adapters/telemetry/prometheus_text.hpp"
#include "homeostat/base/ensure.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

namespace telemetry = homeostat::adapters::telemetry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view page(reinterpret_cast<const char*>(data), size);
    const auto values = telemetry::parse_prometheus(page);
    if (!values) {
        homeostat::ensure(values.error().text.size() < 200, "a refusal is short");
        return 0;
    }
    homeostat::ensure(values->size() <= telemetry::metric_names_max, "names keep their maximum");
    std::set<std::string_view> names;
    for (const auto& [name, value] : *values) {
        homeostat::ensure(std::isfinite(value), "a value is a finite number");
        homeostat::ensure(!name.empty() && names.insert(name).second, "no name stands twice");
        homeostat::ensure(name.find_first_of(" \n\"{}=,#") == std::string_view::npos,
                          "a name holds nothing but a name");
    }
    return 0;
}
