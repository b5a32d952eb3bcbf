#include "homeostat/app/config_sink_keys.hpp"

#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/https_address.hpp"
#include "homeostat/net/refused_address.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::app {

namespace {

json::object text_of(std::string_view pattern) {
    json::object schema;
    schema["type"] = "string";
    schema["pattern"] = json::value(std::string(pattern));
    return schema;
}

/// Of "[::1]:4222/x" or "10.0.0.7:4222", without port and brackets.
std::string_view host_in(std::string_view authority) {
    authority = authority.substr(0, authority.find('/'));
    if (authority.starts_with('[')) {
        return authority.substr(1, authority.find(']') - 1);
    }
    return authority.substr(0, authority.rfind(':'));
}

}  // namespace

Result<std::string> NatsUrlValue::parse(std::string_view text) const {
    constexpr std::string_view mend = "write it as in nats://127.0.0.1:4222";
    constexpr std::size_t bytes_max = 512;
    const bool is_plain = text.starts_with("nats://") || text.starts_with("tls://");
    const std::string_view rest = text.substr(std::min(text.find("://") + 3, text.size()));
    if (!is_plain || rest.empty() || text.size() > bytes_max || text.contains(' ')) {
        return fail(Fault::invalid, fmt::format("not the address of a NATS server — {}", mend));
    }
    if (text.contains('@')) {
        return fail(Fault::invalid,
                    "a name or a password has no place here: everybody who may read the "
                    "configuration reads it — put the whole address into a file, and write "
                    "url_file: FILE");
    }
    // Of a name the library alone knows what it comes to.
    if (const std::string_view why = net::why_refused(host_in(rest)); !why.empty()) {
        return fail(Fault::invalid, fmt::format("never asked there: {} — {}", why, mend));
    }
    return std::string(text);
}

json::object NatsUrlValue::schema() const {
    return text_of("^(nats|tls)://[^@ ]+$");
}

Result<std::string> ReceiverUrlValue::parse(std::string_view text) const {
    constexpr std::string_view mend =
        "write it as in http://127.0.0.1:8080/events or https://audit.example/events";
    if (text.substr(0, text.find('/', text.find("://") + 3)).contains('@')) {
        return fail(Fault::invalid,
                    "a name or a password has no place here: everybody who may read the "
                    "configuration reads it — write a line \"Authorization: …\" into a file, and "
                    "headers_file: FILE");
    }
    if (text.starts_with("https://")) {
        const Result<net::HttpsAddress> address = net::parse_https_address(text);
        return address ? Result<std::string>(text)
                       : fail(Fault::invalid, fmt::format("{} — {}", address.error().text, mend));
    }
    const Result<net::Address> address = net::parse_endpoint(text);
    const Result<void> checked =
        address ? net::check_target(address->endpoint) : std::unexpected(address.error());
    if (!checked) {
        return fail(Fault::invalid, fmt::format("{} — {}", checked.error().text, mend));
    }
    return std::string(text);
}

json::object ReceiverUrlValue::schema() const {
    return text_of("^(https?://|unix:)[^ ]+$");
}

std::string name_of(const SinkSection& sink) {
    if (!sink.name.empty()) {
        return sink.name;
    }
    return sink.postgres ? "postgres" : sink.nats ? "nats" : "webhook";
}

}  // namespace homeostat::app
