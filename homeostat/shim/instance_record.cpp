#include "homeostat/shim/instance_record.hpp"

#include <string_view>

namespace homeostat::shim {

namespace {

void add(std::string& text, std::string_view name, std::string_view value) {
    text += text.size() == 1 ? "\"" : ",\"";
    text += name;
    text += "\":";
    text += value;
}

std::string quoted(const std::string& plain) {
    return "\"" + plain + "\"";
}

}  // namespace

std::string to_text(const InstanceRecord& record) {
    std::string text = "{";
    add(text, "name", quoted(record.name));
    add(text, "effect", quoted(record.effect));
    add(text, "version", quoted(record.version));
    add(text, "config", quoted(record.config));
    add(text, "boot_id", quoted(record.boot_id));
    add(text, "pid", std::to_string(record.pid));
    add(text, "start_ticks", std::to_string(record.start_ticks));
    add(text, "shim_pid", std::to_string(record.shim_pid));
    add(text, "shim_start_ticks", std::to_string(record.shim_start_ticks));
    add(text, "started_at_ns", std::to_string(record.started_at_ns));
    if (record.exit_status) {
        add(text, "exit_status", std::to_string(*record.exit_status));
    }
    if (record.ended_at_ns) {
        add(text, "ended_at_ns", std::to_string(*record.ended_at_ns));
    }
    return text + "}\n";
}

}  // namespace homeostat::shim
