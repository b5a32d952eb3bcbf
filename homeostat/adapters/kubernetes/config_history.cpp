#include "homeostat/adapters/kubernetes/config_history.hpp"

#include "homeostat/base/id.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/timestamp.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::uint32_t format_version = 1;
constexpr unsigned for_us_alone = 0600;
// A pod's start is told to a second, and so may be that much later than it says.
constexpr auto start_error = std::chrono::seconds{1};

struct PastFile {
    std::uint32_t version{format_version};
    ServiceId service;
    std::vector<ConfigVersion> versions;
    std::vector<ConfigTerm> terms;

    static void fields(auto& self, auto&& field) {
        field("version", self.version);
        field("service", self.service);
        field("versions", self.versions);
        field("terms", self.terms);
    }
};

/// A newer Homeostat may write more than this one knows; it says so by its version.
bool is_of_our_format(const json::value& value) {
    const json::value* version =
        value.is_object() ? value.get_object().if_contains("version") : nullptr;
    return version != nullptr && version->is_int64() && version->get_int64() == format_version;
}

bool is_plausible(const PastFile& file) {
    const bool are_versions = std::ranges::all_of(file.versions, [](const ConfigVersion& one) {
        return one.version == config_version_of(one.maps);
    });
    const bool are_terms = std::ranges::all_of(file.terms, [](const ConfigTerm& one) {
        return is_plain_name(one.version.text()) &&
               (one.since.empty() || parse_timestamp(one.since).has_value());
    });
    return are_versions && are_terms && file.versions.size() <= config_versions_max &&
           file.terms.size() <= config_terms_max;
}

bool is_of(const ConfigVersion& version, const std::vector<std::string>& names) {
    return std::ranges::equal(version.maps, names, {}, &ConfigContents::name);
}

}  // namespace

Result<ConfigPast> parse_config_past(const ServiceId& service, std::string_view text) {
    const Result<json::value> value =
        parse_json(text, JsonLimits{.bytes_max = config_history_bytes_max, .depth_max = 8});
    if (!value) {
        return fail(Fault::corrupt, "not a file of configurations: " + value.error().text);
    }
    if (!is_of_our_format(*value)) {
        return fail(Fault::corrupt, "written in another format than this version knows");
    }
    Result<PastFile> file = from_json<PastFile>(*value);
    if (!file) {
        return fail(Fault::corrupt, "not a file of configurations: " + file.error().text);
    }
    if (file->service != service) {
        return fail(Fault::corrupt,
                    "the configurations of another service, not of " + service.text());
    }
    if (!is_plausible(*file)) {
        return fail(Fault::corrupt, "a version in it is not what its contents are");
    }
    return ConfigPast{std::move(file->versions), std::move(file->terms)};
}

std::string config_past_text(const ServiceId& service, const ConfigPast& past) {
    return to_text(to_json(PastFile{format_version, service, past.versions, past.terms})) + "\n";
}

Result<ConfigHistory> ConfigHistory::open(const ServiceId& service,
                                          std::vector<std::string> names,
                                          std::string path) {
    ConfigHistory history(service, std::move(names), std::move(path));
    const Result<std::string> text = os::read_file(history.path_, config_history_bytes_max);
    if (!text && text.error().fault == Fault::absent) {
        return history;
    }
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<ConfigPast> past = parse_config_past(service, *text);
    if (!past) {
        return fail(Fault::corrupt,
                    fmt::format("{}: {}. It was left as it is; with it moved away nothing is known "
                                "of earlier configurations",
                                history.path_, past.error().text));
    }
    const bool is_whole = std::ranges::all_of(
        past->versions, [&](const ConfigVersion& one) { return is_of(one, history.names_); });
    if (is_whole) {
        history.past_ = *std::move(past);
    }
    return history;
}

Result<void> ConfigHistory::take(const ConfigsView& configs, WallTime now) {
    const bool is_new = !configs.version.empty() &&
                        (past_.terms.empty() || past_.terms.back().version != configs.version);
    if (!is_new) {
        return is_kept_ ? Result<void>{} : keep();
    }
    ConfigVersion version{configs.version, {}};
    for (const ConfigMapView& one : configs.maps) {
        version.maps.push_back(one.contents);
    }
    std::erase_if(past_.versions,
                  [&](const ConfigVersion& one) { return one.version == configs.version; });
    const bool is_first = past_.terms.empty();
    past_.versions.push_back(std::move(version));
    past_.terms.push_back({configs.version, is_first ? std::string() : to_timestamp(now)});
    return keep();
}

/// Into the file, as far as it fits; a write that failed is made up for by the next.
Result<void> ConfigHistory::keep() {
    if (past_.terms.size() > config_terms_max) {
        past_.terms.erase(past_.terms.begin());
    }
    while (past_.versions.size() > config_versions_max) {
        past_.versions.erase(past_.versions.begin());
    }
    std::string text = config_past_text(service_, past_);
    while (text.size() > config_history_bytes_max && past_.versions.size() > 1) {
        past_.versions.erase(past_.versions.begin());
        text = config_past_text(service_, past_);
    }
    if (text.size() > config_history_bytes_max) {
        past_.versions.clear();
        text = config_past_text(service_, past_);
    }
    Result<void> written = os::write_file_atomically(path_, text, for_us_alone);
    is_kept_ = written.has_value();
    return written;
}

const ConfigVersion* ConfigHistory::find(const VersionId& version) const {
    const auto found = std::ranges::find(past_.versions, version, &ConfigVersion::version);
    return found == past_.versions.end() ? nullptr : &*found;
}

VersionId ConfigHistory::version_at(WallTime started_at) const {
    for (auto term = past_.terms.rbegin(); term != past_.terms.rend(); ++term) {
        const std::optional<WallTime> since = parse_timestamp(term->since);
        if (!since || *since < started_at + start_error) {
            return term->version;
        }
    }
    return past_.terms.empty() ? VersionId{} : past_.terms.front().version;
}

std::optional<WallTime> ConfigHistory::in_force_since() const {
    return past_.terms.empty() ? std::nullopt : parse_timestamp(past_.terms.back().since);
}

}  // namespace homeostat::adapters::kubernetes
