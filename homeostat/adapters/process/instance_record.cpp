#include "homeostat/adapters/process/instance_record.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/id.hpp"

namespace homeostat::adapters::process {

namespace {

constexpr std::size_t boot_id_bytes_max = 64;  // A UUID has 36.

bool is_name_or_nothing(const std::string& text) {
    return text.empty() || is_plain_name(text);
}

bool is_plausible(const InstanceRecord& record) {
    const bool has_names =
        is_plain_name(record.name.text()) && is_name_or_nothing(record.effect.text()) &&
        is_name_or_nothing(record.version.text()) && is_name_or_nothing(record.config.text()) &&
        record.boot_id.size() <= boot_id_bytes_max;
    // Pid 1 is the machine's, and kill() gives 0 and below a wider meaning.
    const bool has_pids = record.pid > 1 && record.shim_pid > 1 && record.pid != record.shim_pid;
    const bool has_times = to_ns(record.started_at_ns) >= 0 &&
                           (!record.ended_at_ns || *record.ended_at_ns >= record.started_at_ns);
    return has_names && has_pids && has_times;
}

}  // namespace

Result<InstanceRecord> parse_instance_record(std::string_view text) {
    const Result<json::value> value =
        parse_json(text, JsonLimits{.bytes_max = record_bytes_max, .depth_max = 2});
    if (!value) {
        return fail(Fault::corrupt, "not a record: " + value.error().text);
    }
    Result<InstanceRecord> record = from_json<InstanceRecord>(*value);
    if (!record) {
        return fail(Fault::corrupt, "not a record: " + record.error().text);
    }
    if (!is_plausible(*record)) {
        return fail(Fault::corrupt, "not a record: a name, a pid or a time in it cannot be");
    }
    return record;
}

}  // namespace homeostat::adapters::process
