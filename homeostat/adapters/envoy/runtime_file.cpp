#include "homeostat/adapters/envoy/runtime_file.hpp"

#include "homeostat/adapters/envoy/options.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/domain/dimmer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace homeostat::adapters::envoy {

namespace {

constexpr int is_on_value = 100;  // Per cent of the requests: a switch is never half on.

std::unexpected<Error> invalid(std::string_view what) {
    return fail(Fault::invalid, fmt::format("runtime.json: {}", what));
}

// A fraction that Envoy knows and in which a permille is whole.
constexpr std::string_view denominator_name = "TEN_THOUSAND";
constexpr std::uint32_t numerators_per_permille = 10;

std::string until_key(std::string_view key) {
    return std::string(key) + std::string(until_suffix);
}

std::string permille_key(std::string_view key) {
    return std::string(key) + std::string(permille_suffix);
}

json::object fraction_of(std::uint32_t permille) {
    json::object fraction;
    fraction["numerator"] = permille * numerators_per_permille;
    fraction["denominator"] = denominator_name;
    return fraction;
}

std::optional<double> number_at(const json::object& layer, std::string_view key) {
    const json::value* value = layer.if_contains(key);
    if (value == nullptr || !value->is_number()) {
        return std::nullopt;
    }
    const auto number = value->to_number<double>();
    return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

bool is_over(double until_ms, WallTime now) {
    const auto now_ms = static_cast<double>(now.time_since_epoch().count());
    const auto span_ms = static_cast<double>(
        std::chrono::duration_cast<std::chrono::milliseconds>(override_lasts_max).count());
    return until_ms <= now_ms || until_ms > now_ms + span_ms;
}

Result<void> check_shape(const json::value& document) {
    const json::object* head = document.if_object();
    const json::value* resources = head == nullptr ? nullptr : head->if_contains("resources");
    if (resources == nullptr || !resources->is_array() || resources->get_array().size() != 1 ||
        !resources->get_array().front().is_object()) {
        return invalid("'resources' is not a list of one Runtime");
    }
    const json::value* layer = resources->get_array().front().get_object().if_contains("layer");
    if (layer == nullptr || !layer->is_object()) {
        return invalid("its Runtime has no 'layer': write \"layer\": {}");
    }
    const json::value* version = head->if_contains("version_info");
    if (version != nullptr && !version->is_string()) {
        return invalid("its version_info is no text");
    }
    return {};
}

}  // namespace

bool is_switch_key(std::string_view key) {
    return is_plain_name(key) && key.size() > key_prefix.size() && key.starts_with(key_prefix) &&
           !key.ends_with(until_suffix) && !key.ends_with(permille_suffix);
}

std::uint32_t permille_of_percent(double percent) {
    if (!(percent >= 1)) {  // NaN included.
        return 0;
    }
    constexpr std::uint32_t permille_per_percent = 10;
    const double whole = std::min(std::floor(percent), double{is_on_value});
    return static_cast<std::uint32_t>(whole) * permille_per_percent;
}

std::uint32_t permille_of(const SwitchOrder& order) {
    return order.until ? order.permille.value_or(permille_max) : 0;
}

Result<RuntimeFile> RuntimeFile::parse(std::string_view text) {
    Result<json::value> document = parse_json(text, runtime_file_limits);
    if (!document) {
        return invalid(document.error().text);
    }
    if (Result<void> checked = check_shape(*document); !checked) {
        return std::unexpected(checked.error());
    }
    RuntimeFile file(*std::move(document));
    if (const json::value* version = file.document_.get_object().if_contains("version_info")) {
        file.version_ = std::string(version->get_string());
    }
    return file;
}

const json::object& RuntimeFile::layer() const {
    const json::value& resource = document_.get_object().at("resources").get_array().front();
    return resource.get_object().at("layer").get_object();
}

std::uint32_t RuntimeFile::permille_at(std::string_view key) const {
    const json::value* value = layer().if_contains(key);
    if (value == nullptr || !value->is_object()) {
        return permille_of_percent(number_at(layer(), key).value_or(0));
    }
    const json::value* known = layer().if_contains(permille_key(key));
    const bool is_count = known != nullptr && known->is_int64() && known->get_int64() >= 0 &&
                          known->get_int64() <= std::int64_t{permille_max};
    const auto permille = is_count ? static_cast<std::uint32_t>(known->get_int64()) : 0;
    return to_text(*value) == to_text(fraction_of(permille)) ? permille : 0;
}

std::optional<WallTime> RuntimeFile::until_at(std::string_view key) const {
    const std::optional<double> until_ms = number_at(layer(), until_key(key));
    // What is further off than a date can be is no date.
    constexpr double date_ms_max = 1e15;
    if (!until_ms || *until_ms < 0 || *until_ms > date_ms_max) {
        return std::nullopt;
    }
    return WallTime{std::chrono::milliseconds{static_cast<std::int64_t>(*until_ms)}};
}

std::vector<std::string> RuntimeFile::ended_keys(WallTime now) const {
    std::vector<std::string> keys;
    for (const auto& member : layer()) {
        const std::string_view name(member.key());
        if (!name.ends_with(until_suffix)) {
            continue;
        }
        const std::string_view key = name.substr(0, name.size() - until_suffix.size());
        if (!is_switch_key(key)) {
            continue;
        }
        const std::optional<double> until_ms = number_at(layer(), name);
        if (!until_ms || is_over(*until_ms, now) || layer().if_contains(key) == nullptr) {
            keys.emplace_back(key);
        }
    }
    return keys;
}

std::string RuntimeFile::render(std::string_view version,
                                const std::vector<SwitchOrder>& orders) const {
    json::value document = document_;
    document.get_object()["version_info"] = version;
    json::object& layer =
        document.get_object()["resources"].get_array().front().get_object()["layer"].get_object();
    for (const SwitchOrder& order : orders) {
        if (permille_of(order) == 0) {
            for (const std::string& key :
                 {order.key, until_key(order.key), permille_key(order.key)}) {
                layer.stable_erase(key);
            }
            continue;
        }
        layer[order.key] = is_on_value;
        layer[until_key(order.key)] =
            static_cast<std::int64_t>(order.until->time_since_epoch().count());
        if (order.permille) {
            layer[order.key] = fraction_of(*order.permille);
            layer[permille_key(order.key)] = *order.permille;
        }
    }
    return to_text(document) + "\n";
}

}  // namespace homeostat::adapters::envoy
