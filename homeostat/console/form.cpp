#include "homeostat/console/form.hpp"

#include "homeostat/base/id.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace homeostat::console {

namespace {

constexpr int hex_base = 16;

/// "%E2%80%A6" is three bytes, and '+' a blank.
std::optional<std::string> decoded(std::string_view text) {
    std::string bytes;
    while (!text.empty()) {
        if (text.front() != '%') {
            bytes += text.front() == '+' ? ' ' : text.front();
            text.remove_prefix(1);
            continue;
        }
        std::uint8_t byte = 0;
        const std::string_view hex = text.substr(1, 2);
        const auto [end, error] =
            std::from_chars(hex.data(), hex.data() + hex.size(), byte, hex_base);
        if (hex.size() < 2 || error != std::errc{} || end != hex.data() + hex.size()) {
            return std::nullopt;
        }
        bytes += static_cast<char>(byte);
        text.remove_prefix(3);
    }
    return bytes;
}

}  // namespace

Result<Form> parse_form(std::string_view body) {
    if (body.size() > form_bytes_max) {
        return fail(Fault::invalid, "the form is larger than any that this page sends");
    }
    Form form;
    while (!body.empty()) {
        const std::string_view field = body.substr(0, body.find('&'));
        body.remove_prefix(std::min(field.size() + 1, body.size()));
        const std::size_t split = field.find('=');
        const std::string_view name = field.substr(0, split);
        std::optional<std::string> value =
            split == std::string_view::npos ? std::nullopt : decoded(field.substr(split + 1));
        if (!value || !is_plain_name(name)) {
            return fail(Fault::invalid, "the form is none that this page sends");
        }
        const bool is_new = form.emplace(std::string(name), *std::move(value)).second;
        if (!is_new || form.size() > form_fields_max) {
            return fail(Fault::invalid, "the form has a field twice, or too many");
        }
    }
    return form;
}

std::string_view value_in(const Form& form, std::string_view name) {
    const auto found = form.find(name);
    return found == form.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace homeostat::console
