// Any bytes for an instance's record: a record that is read names plain names and a process that we
// may signal, and is the same after it was written again.

#include "homeostat/adapters/process/instance_record.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/id.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace process = homeostat::adapters::process;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto record = process::parse_instance_record(text);
    if (!record) {
        homeostat::ensure(record.error().fault == homeostat::Fault::corrupt,
                          "a refusal is corrupt");
        return 0;
    }
    homeostat::ensure(record->pid > 1 && record->shim_pid > 1, "nobody else is ever signalled");
    homeostat::ensure(homeostat::is_plain_name(record->name.text()), "a name stays in its folder");
    const auto again =
        process::parse_instance_record(homeostat::to_text(homeostat::to_json(*record)));
    homeostat::ensure(again.has_value() && *again == *record, "written and read, it is the same");
    return 0;
}
