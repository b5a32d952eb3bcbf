#include "homeostat/app/config_memory_value.hpp"

#include "homeostat/adapters/kubernetes/quantity.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace homeostat::app {

namespace {

/// Less no process starts in.
constexpr std::uint64_t bytes_min = std::uint64_t{1} << 20U;
constexpr std::size_t shown_bytes_max = 40;

}  // namespace

Result<std::uint64_t> MemoryValue::parse(std::string_view text) const {
    const Result<std::uint64_t> bytes = adapters::kubernetes::parse_memory(text);
    if (!bytes) {
        return fail(Fault::invalid,
                    fmt::format("'{}' {} — write it as 512Mi or 1Gi",
                                text.substr(0, shown_bytes_max), bytes.error().text));
    }
    if (*bytes < bytes_min) {
        return fail(
            Fault::invalid,
            fmt::format("'{}' is less than a process needs — write the unit too, as in 512Mi",
                        text.substr(0, shown_bytes_max)));
    }
    return *bytes;
}

json::value MemoryValue::write(std::uint64_t value) const {
    return json::value(adapters::kubernetes::memory_quantity(value));
}

json::object MemoryValue::schema() const {
    json::object schema;
    schema["type"] = json::value("string");
    schema["pattern"] = json::value("^[0-9.]+(Ki|Mi|Gi|Ti|m|k|M|G|T|[eE][+-]?[0-9]+)?$");
    return schema;
}

}  // namespace homeostat::app
