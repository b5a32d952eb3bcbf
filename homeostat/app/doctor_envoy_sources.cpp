// What `homeostat doctor` asks of an Envoy that is to mark sources: the filter, its file, and
// whoever ends marks.

#include "homeostat/adapters/envoy/admin.hpp"
#include "homeostat/adapters/envoy/sources_file.hpp"
#include "homeostat/adapters/envoy/watch_lock.hpp"
#include "homeostat/app/doctor_peers.hpp"
#include "homeostat/app/edge.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace envoy = adapters::envoy;

constexpr JsonLimits dump_limits{.bytes_max = std::size_t{4} << 20U, .depth_max = 64};

/// What nobody may be denied by yet is worth knowing of, and no illness.
Check finding(const Config& config, std::string says, std::string mend) {
    const bool is_used = config.block_source == Autonomy::act;
    return {"block_sources", is_used ? Health::ill : Health::note, std::move(says),
            std::move(mend)};
}

const json::object* member(const json::object& parent, std::string_view name) {
    const json::value* value = parent.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
}

/// The filter of sources in a connection manager. Null: it has none.
const json::object* filter_in(const json::object& manager) {
    const json::value* filters = manager.if_contains("http_filters");
    if (filters == nullptr || !filters->is_array()) {
        return nullptr;
    }
    for (const json::value& filter : filters->get_array()) {
        const json::object* entry = filter.if_object();
        const json::value* name = entry == nullptr ? nullptr : entry->if_contains("name");
        if (name != nullptr && name->is_string() && name->get_string() == envoy::sources_filter) {
            return entry;
        }
    }
    return nullptr;
}

/// Connection managers that have the filter, wherever in the dump they stand.
std::vector<const json::object*> managers_in(const json::value& dump) {
    std::vector<const json::object*> found;
    std::vector<const json::value*> rest{&dump};
    while (!rest.empty()) {
        const json::value* value = rest.back();
        rest.pop_back();
        if (const json::array* list = value->if_array()) {
            for (const json::value& item : *list) {
                rest.push_back(&item);
            }
        } else if (const json::object* object = value->if_object()) {
            if (filter_in(*object) != nullptr) {
                found.push_back(object);
            }
            for (const auto& entry : *object) {
                rest.push_back(&entry.value());
            }
        }
    }
    return found;
}

void check_manager(const Config& config, const json::object& manager, Findings& found) {
    const json::object* discovery = member(*filter_in(manager), "config_discovery");
    if (discovery == nullptr || member(*discovery, "default_config") == nullptr) {
        found.push_back(finding(config,
                                fmt::format("without a file the filter '{}' lets nobody through",
                                            envoy::sources_filter),
                                "write default_config into its config_discovery, as docs/envoy.md "
                                "has it"));
    }
    const json::value* is_own_word = manager.if_contains("use_remote_address");
    if (is_own_word == nullptr || !is_own_word->is_bool() || !is_own_word->get_bool()) {
        found.push_back(finding(config,
                                "Envoy believes X-Forwarded-For, in which a client writes what it "
                                "likes",
                                "write use_remote_address: true into the connection manager that "
                                "has the filter"));
    }
}

Task<Findings> check_filter(envoy::Admin& admin, Config config, Instant deadline) {
    Findings found;
    std::vector<std::string> dumps;
    for (const std::string_view kind : {"static_listeners", "dynamic_listeners"}) {
        std::string path = fmt::format("/config_dump?resource={}", kind);
        Result<std::string> text = co_await admin.ask(std::move(path), deadline);
        if (text) {
            dumps.push_back(*std::move(text));
        }
    }
    bool is_there = false;
    for (const std::string& text : dumps) {
        const Result<json::value> dump = parse_json(text, dump_limits);
        const std::vector<const json::object*> managers =
            dump ? managers_in(*dump) : std::vector<const json::object*>{};
        is_there = is_there || !managers.empty();
        for (const json::object* manager : managers) {
            check_manager(config, *manager, found);
        }
    }
    if (!is_there) {
        found.push_back(finding(
            config, fmt::format("no listener of Envoy has the filter '{}'", envoy::sources_filter),
            "add it before the router, as docs/envoy.md has it"));
    }
    co_return found;
}

void check_file(const Config& config,
                const envoy::Options& options,
                const envoy::SourcesReply& loaded,
                Findings& found) {
    const std::string path = envoy::sources_path(options.directory);
    const Result<std::string> text = os::read_file(path, envoy::sources_file_limits.bytes_max);
    const Result<envoy::SourcesFile> file =
        text ? envoy::SourcesFile::parse(*text) : std::unexpected(text.error());
    if (!file) {
        found.push_back(
            finding(config, file.error().text, "begin with the file of examples/envoy/xds"));
    } else if (loaded.version != file->version) {
        found.push_back(finding(config,
                                fmt::format("{} has version '{}', Envoy has loaded '{}'", path,
                                            file->version, loaded.version),
                                "let the filter read this file, and rename a new file onto it"));
    }
}

}  // namespace

Task<Findings> check_envoy_sources(boost::asio::any_io_executor executor,
                                   Config config,
                                   Instant deadline) {
    Findings found;
    const Result<envoy::Options> options = envoy_options_of(config);
    if (!options) {
        co_return found;  // The check of the edge tells.
    }
    envoy::Admin admin(executor, *options);
    const Result<envoy::SourcesReply> loaded = co_await admin.look_at_sources(deadline);
    if (!loaded && loaded.error().fault != Fault::absent) {
        found.push_back({"block_sources", Health::note,
                         "the edge does not answer, so nobody knows whether it has the filter"});
        co_return found;
    }
    found = co_await check_filter(admin, config, deadline);
    if (loaded) {
        check_file(config, *options, *loaded, found);
    } else if (found.empty()) {
        found.push_back(
            finding(config, loaded.error().text,
                    "let its config_discovery read " + envoy::sources_path(options->directory)));
    }
    const Result<bool> is_log_quiet = co_await admin.look_at_log(deadline);
    if (is_log_quiet && !*is_log_quiet) {
        found.push_back(finding(config,
                                "Envoy would write a line into its log for each mark, so it is "
                                "given few",
                                "start it with `--component-log-level misc:error`"));
    }
    if (!envoy::has_sources_watchdog(options->directory)) {
        found.push_back(finding(
            config, "no watchdog ends marks, so none is put on",
            fmt::format("run `homeostat envoy-watchdog --directory {}`", options->directory)));
    }
    co_return found;
}

}  // namespace homeostat::app
