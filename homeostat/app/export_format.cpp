#include "homeostat/app/export_format.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

#include <array>
#include <initializer_list>
#include <utility>

namespace homeostat::app {

namespace {

using Path = std::initializer_list<std::string_view>;

/// The text at the end of the path, if there is one.
std::string text_at(const json::value& body, Path path) {
    const json::value* at = &body;
    for (const std::string_view name : path) {
        at = at != nullptr && at->is_object() ? at->get_object().if_contains(name) : nullptr;
    }
    return at != nullptr && at->is_string() ? std::string(at->get_string()) : std::string();
}

std::string first_at(const json::value& body, std::initializer_list<Path> paths) {
    for (const Path path : paths) {
        if (std::string text = text_at(body, path); !text.empty()) {
            return text;
        }
    }
    return {};
}

/// The columns for people, in the order of the head.
std::array<std::string, 5> columns_of(const json::value& body) {
    return {
        first_at(body, {{"remedy", "kind"}, {"choice", "remedy", "kind"}}),
        first_at(body, {{"effect"}}),
        first_at(body, {{"verdict", "verdict"},
                        {"outcome", "outcome"},
                        {"proof", "proof"},
                        {"how"},
                        {"symptom", "symptom"}}),
        first_at(body, {{"verdict", "rule"}}),
        first_at(
            body,
            {{"verdict", "because"}, {"outcome", "because"}, {"proof", "because"}, {"because"}})};
}

std::string csv_line(const ExportedEntry& exported) {
    const Entry& entry = exported.entry;
    std::string line =
        fmt::format("{},{},{},{},{},{},{}", exported.group.index, exported.position, exported.hash,
                    to_timestamp(exported.group.wall_at), csv_field(exported.service),
                    to_text(entry.kind), csv_field(for_people(entry.incident.text())));
    for (std::string& column : columns_of(entry.body)) {
        line += "," + csv_field(for_people(std::move(column)));
    }
    return line + "," + csv_field(to_text(entry.body)) + "\r\n";
}

std::string json_line(const ExportedEntry& exported) {
    const Entry& entry = exported.entry;
    json::object event;
    event["specversion"] = "1.0";
    event["id"] = json::value(fmt::format("{}.{}", exported.group.index, exported.position));
    event["source"] = json::value("/homeostat/" + std::string(exported.service));
    event["type"] = json::value("homeostat." + std::string(to_text(entry.kind)));
    if (!entry.incident.empty()) {
        event["subject"] = json::value(entry.incident.text());
    }
    event["time"] = json::value(to_timestamp(exported.group.wall_at));
    event["datacontenttype"] = "application/json";
    event["ledgergroup"] = exported.group.index;
    event["ledgerposition"] = exported.position;
    event["ledgerhash"] = json::value(std::string(exported.hash));
    event["data"] = entry.body;
    return to_text(json::value(std::move(event))) + "\n";
}

}  // namespace

std::string head_of(ExportFormat format) {
    return format == ExportFormat::csv
               ? "group,position,hash,time,service,entry,incident,remedy,effect,answer,rule,"
                 "because,body\r\n"
               : "";
}

std::string line_of(const ExportedEntry& exported, ExportFormat format) {
    return format == ExportFormat::csv ? csv_line(exported) : json_line(exported);
}

std::string for_people(std::string text) {
    constexpr std::string_view begins_formula = "=+-@\t\r";
    const bool is_formula = !text.empty() && begins_formula.contains(text.front());
    return is_formula ? "'" + text : text;
}

std::string csv_field(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        return std::string(text);
    }
    std::string field = "\"";
    for (const char c : text) {
        field += c == '"' ? "\"\"" : std::string(1, c);
    }
    return field + "\"";
}

}  // namespace homeostat::app
