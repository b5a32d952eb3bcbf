#include "homeostat/adapters/process/instance_state.hpp"

#include <utility>

namespace homeostat::adapters::process {

Result<InstanceState> look_at(const RunDirectory& run,
                              const InstanceId& instance,
                              const std::string& boot_id) {
    const std::string path = run.record_of(instance);
    InstanceState state;
    // The identity before the content: if the record is replaced in between, a start that is bound
    // to this identity is refused, and no harm is done.
    if (Result<os::FileIdentity> file = os::identify_file(path)) {
        state.file = *file;
    } else if (file.error().fault == Fault::absent) {
        return state;
    } else {
        return std::unexpected(std::move(file.error()));
    }
    const Result<std::string> text = os::read_file(path, record_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<InstanceRecord> record = parse_instance_record(*text);
    const bool is_of_another = record && record->name != instance;
    if (!record || is_of_another) {
        const std::string why = record ? "it names another instance" : record.error().text;
        return fail(Fault::corrupt, path + ": " + why + " (make sure that no process of " +
                                        instance.text() + " runs, then delete the file)");
    }
    if (record->boot_id != boot_id) {
        return state;
    }
    Result<os::Pidfd> process = os::Pidfd::open(record->pid, record->start_ticks);
    if (process && !process->has_ended()) {
        state.process = std::move(*process);
    } else if (!process && process.error().fault != Fault::absent) {
        return std::unexpected(std::move(process.error()));
    }
    state.record = std::move(*record);
    return state;
}

}  // namespace homeostat::adapters::process
