#include "homeostat/app/config_people_keys.hpp"

#include "homeostat/console/web_address.hpp"

#include <fmt/format.h>

namespace homeostat::app {

namespace {

json::object web_schema() {
    json::object schema;
    schema["type"] = json::value("string");
    schema["pattern"] = json::value("^https?://[!-\"$-?A-~]+$");
    return schema;
}

}  // namespace

Result<std::string> ChannelUrlValue::parse(std::string_view text) const {
    const Result<console::WebAddress> address = console::parse_web_address(text);
    return address ? Result<std::string>(text) : std::unexpected<Error>(address.error());
}

json::value ChannelUrlValue::write(const std::string& value) const {
    const Result<console::WebAddress> address = console::parse_web_address(value);
    return json::value(address ? console::origin_of(*address) + "/…" : "…");
}

json::object ChannelUrlValue::schema() const {
    return web_schema();
}

Result<std::string> PageUrlValue::parse(std::string_view text) const {
    const Result<console::WebAddress> address = console::parse_web_address(text);
    if (!address) {
        return std::unexpected<Error>(address.error());
    }
    if (address->path.contains('?')) {
        return fail(Fault::invalid,
                    "it has a query, and links go on behind it — leave out what begins with '?'");
    }
    return std::string(text);
}

json::object PageUrlValue::schema() const {
    return web_schema();
}

}  // namespace homeostat::app
