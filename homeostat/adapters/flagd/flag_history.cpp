#include "homeostat/adapters/flagd/flag_history.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace homeostat::adapters::flagd {

namespace {

constexpr std::uint32_t format_version = 1;
constexpr unsigned for_us_alone = 0600;

struct HistoryFile {
    std::uint32_t format{format_version};
    ServiceId service;
    FlagVersions versions;

    static void fields(auto& self, auto&& field) {
        field("format", self.format);
        field("service", self.service);
        field("versions", self.versions);
    }
};

/// A newer Homeostat may write more than this one knows; it says so by its format.
bool is_of_our_format(const json::value& value) {
    const json::value* format =
        value.is_object() ? value.get_object().if_contains("format") : nullptr;
    return format != nullptr && format->is_int64() && format->get_int64() == format_version;
}

bool is_what_it_says(const FlagVersion& one) {
    const Result<Definitions> definitions = checked(one.definitions);
    return definitions && *definitions == one.definitions &&
           version_of(one.definitions) == one.version;
}

}  // namespace

Result<FlagVersions> parse_flag_history(const ServiceId& service, std::string_view text) {
    const Result<json::value> value =
        parse_json(text, JsonLimits{.bytes_max = flag_history_bytes_max, .depth_max = 8});
    if (!value) {
        return fail(Fault::corrupt, "not a file of flags: " + value.error().text);
    }
    if (!is_of_our_format(*value)) {
        return fail(Fault::corrupt, "written in another format than this version knows");
    }
    Result<HistoryFile> file = from_json<HistoryFile>(*value);
    if (!file) {
        return fail(Fault::corrupt, "not a file of flags: " + file.error().text);
    }
    if (file->service != service) {
        return fail(Fault::corrupt, "the flags of another service, not of " + service.text());
    }
    if (file->versions.size() > flag_versions_max ||
        !std::ranges::all_of(file->versions, is_what_it_says)) {
        return fail(Fault::corrupt, "a version in it is not what its definitions are");
    }
    return std::move(file->versions);
}

std::string flag_history_text(const ServiceId& service, const FlagVersions& versions) {
    return to_text(to_json(HistoryFile{format_version, service, versions})) + "\n";
}

Result<FlagHistory> FlagHistory::open(const ServiceId& service, std::string path) {
    FlagHistory history(service, std::move(path));
    if (history.path_.empty()) {
        return history;
    }
    const Result<std::string> text = os::read_file(history.path_, flag_history_bytes_max);
    if (!text && text.error().fault == Fault::absent) {
        return history;
    }
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<FlagVersions> versions = parse_flag_history(service, *text);
    if (!versions) {
        return fail(Fault::corrupt,
                    fmt::format("{}: {}. It was left as it is; with it moved away nothing is known "
                                "of earlier flags",
                                history.path_, versions.error().text));
    }
    history.versions_ = *std::move(versions);
    return history;
}

Result<void> FlagHistory::take(const FlagFile& file) {
    if (!versions_.empty() && versions_.back().version == file.version) {
        return is_kept_ ? Result<void>{} : keep();
    }
    std::erase_if(versions_, [&](const FlagVersion& one) { return one.version == file.version; });
    versions_.push_back({file.version, file.definitions});
    return keep();
}

/// Into the file, as far as it fits; a write that failed is made up for by the next.
Result<void> FlagHistory::keep() {
    while (versions_.size() > flag_versions_max) {
        versions_.erase(versions_.begin());
    }
    std::string text = flag_history_text(service_, versions_);
    while (text.size() > flag_history_bytes_max && versions_.size() > 1) {
        versions_.erase(versions_.begin());
        text = flag_history_text(service_, versions_);
    }
    if (path_.empty()) {
        return {};
    }
    Result<void> written = os::write_file_atomically(path_, text, for_us_alone);
    is_kept_ = written.has_value();
    return written;
}

const FlagVersion* FlagHistory::find(const VersionId& version) const {
    const auto found = std::ranges::find(versions_, version, &FlagVersion::version);
    return found == versions_.end() ? nullptr : &*found;
}

}  // namespace homeostat::adapters::flagd
