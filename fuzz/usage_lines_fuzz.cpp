// Any bytes for LEDGER.usage: no more records than lines, each one plausible, and a sum of them
// that is one.

#include "homeostat/app/own_usage.hpp"
#include "homeostat/app/usage_file.hpp"
#include "homeostat/base/ensure.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

using homeostat::ensure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const homeostat::app::UsageRead read = homeostat::app::parse_usage(text);
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    ensure(read.records.size() + read.unreadable_count <= lines, "a record is a line");
    const homeostat::app::UsageSum sum =
        homeostat::app::usage_between(read.records, std::nullopt, std::nullopt);
    ensure(sum.records_count == read.records.size(), "without bounds all of them count");
    ensure(sum.cpu >= homeostat::Duration{} && sum.measured_for >= homeostat::Duration{},
           "nobody spends less than nothing");
    ensure(sum.services_count_most >= 1, "it is of one process at least");
    return 0;
}
