#include "examples/payment_gateway/service/config.hpp"

#include <boost/json.hpp>
#include <fmt/core.h>

#include <fstream>
#include <functional>
#include <map>
#include <sstream>

namespace payment_gateway {

namespace {

namespace json = boost::json;

using Read = std::function<bool(const json::value&)>;
using Fields = std::map<std::string_view, Read>;

/// A reader for a whole number from 0 to `most` that puts it where it belongs, in the target's
/// type.
template <typename Number>
Read number(Number& target, std::int64_t most) {
    return [&target, most](const json::value& value) {
        const auto* given = value.if_int64();
        if (given == nullptr || *given < 0 || *given > most) {
            return false;
        }
        target = Number(static_cast<Number>(*given));
        return true;
    };
}

template <typename Span>
Read span(Span& target, std::int64_t most) {
    return [&target, most](const json::value& value) {
        std::int64_t count = 0;
        if (!number(count, most)(value)) {
            return false;
        }
        target = Span{count};
        return true;
    };
}

Read text(std::string& target) {
    return [&target](const json::value& value) {
        const auto* given = value.if_string();
        if (given == nullptr || given->size() > 200) {
            return false;
        }
        target.assign(given->data(), given->size());
        return true;
    };
}

Read ports(std::vector<std::uint16_t>& target) {
    return [&target](const json::value& value) {
        constexpr std::size_t ports_max = 16;
        const auto* given = value.if_array();
        if (given == nullptr || given->size() > ports_max) {
            return false;
        }
        target.resize(given->size());
        for (std::size_t index = 0; index < given->size(); ++index) {
            if (!number(target[index], 65'535)((*given)[index])) {
                return false;
            }
        }
        return true;
    };
}

std::expected<void, std::string> read_fields(const json::object& object, const Fields& fields) {
    for (const auto& [key, value] : object) {
        const auto field = fields.find(std::string_view{key});
        if (field == fields.end()) {
            return std::unexpected(fmt::format("unknown key '{}'", std::string_view{key}));
        }
        if (!field->second(value)) {
            return std::unexpected(
                fmt::format("'{}' has an impossible value", std::string_view{key}));
        }
    }
    return {};
}

Read edge_ports(EdgePorts& edge) {
    return [&edge](const json::value& value) {
        const Fields fields{{"fraud", number(edge.fraud, 65'535)},
                            {"rates", number(edge.rates, 65'535)},
                            {"redis", number(edge.redis, 65'535)},
                            {"redis_cluster", ports(edge.redis_cluster)}};
        const auto* object = value.if_object();
        return object != nullptr && read_fields(*object, fields).has_value();
    };
}

/// The keys that are the operators' business.
Fields operations_of(ServiceConfig& config) {
    return {{"workers", number(config.workers, 1'000)},
            {"queue_max", number(config.queue_max, 10'000)},
            {"queue_wait_ms_max", span(config.queue_wait_max, 10'000)},
            {"dependency_deadline_ms", span(config.dependency_deadline, 10'000)},
            {"cache_s", span(config.cache_for, 86'400)},
            {"log_every", number(config.log_every, 1'000'000)}};
}

std::expected<void, std::string> read_file(const std::filesystem::path& file,
                                           const Fields& fields) {
    std::ifstream stream{file};
    std::ostringstream content;
    content << stream.rdbuf();
    if (!stream) {
        return std::unexpected(fmt::format("{}: cannot be read", file.string()));
    }
    boost::system::error_code error;
    const json::value document = json::parse(content.str(), error);
    if (error || !document.is_object()) {
        return std::unexpected(fmt::format("{}: not a JSON object", file.string()));
    }
    if (const auto read = read_fields(document.get_object(), fields); !read) {
        return std::unexpected(fmt::format("{}: {}", file.string(), read.error()));
    }
    return {};
}

}  // namespace

std::expected<ServiceConfig, std::string> read_service_config(
    const std::filesystem::path& file, const std::filesystem::path& operations) {
    ServiceConfig config;
    Fields fields = operations_of(config);
    fields.merge(Fields{{"service", text(config.service)},
                        {"version", text(config.version)},
                        {"faults_socket", text(config.faults_socket)},
                        {"edge", edge_ports(config.edge)},
                        {"own_wait_ms", span(config.own_wait, 10'000)}});
    if (const auto read = read_file(file, fields); !read) {
        return std::unexpected(read.error());
    }
    if (!operations.empty()) {
        if (const auto read = read_file(operations, operations_of(config)); !read) {
            return std::unexpected(read.error());
        }
    }
    if (config.faults_socket.size() > 107) {
        return std::unexpected(
            fmt::format("{}: 'faults_socket' is longer than the 107 bytes of a UNIX socket's name",
                        file.string()));
    }
    if (config.service.empty() || config.version.empty() || config.workers == 0 ||
        config.log_every == 0) {
        return std::unexpected(fmt::format(
            "{}: 'service', 'version' and 'workers' are needed, 'log_every' is at least 1",
            (operations.empty() ? file : operations).string()));
    }
    return config;
}

}  // namespace payment_gateway
