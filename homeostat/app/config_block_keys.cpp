#include "homeostat/app/config_block_keys.hpp"

#include "homeostat/adapters/taxii/taxii_feed.hpp"
#include "homeostat/net/endpoint.hpp"

#include <fmt/format.h>

namespace homeostat::app {

Result<Network> NetworkValue::parse(std::string_view text) const {
    Result<Network> network = parse_network(text);
    if (!network) {
        return fail(Fault::invalid,
                    fmt::format("{} — write an address or a network, as in 192.0.2.7 or "
                                "2001:db8::/32",
                                network.error().text));
    }
    return network;
}

json::object NetworkValue::schema() const {
    json::object schema;
    schema["type"] = json::value("string");
    schema["pattern"] = json::value("^[0-9a-fA-F.:]+(/[0-9]{1,3})?$");
    return schema;
}

/// A key goes with each question, and over a network anybody could read it.
Result<std::string> LocalApiValue::parse(std::string_view text) const {
    constexpr std::string_view mend =
        "write an address of this machine, as in http://127.0.0.1:8080; a tunnel ends in one";
    const Result<net::Address> address = net::parse_endpoint(text);
    if (!address) {
        return fail(Fault::invalid, fmt::format("{} — {}", address.error().text, mend));
    }
    if (!net::is_local(address->endpoint)) {
        return fail(Fault::invalid,
                    fmt::format("not on this machine, and its key would cross the network as it "
                                "is — {}",
                                mend));
    }
    if (address->path != "/") {
        return fail(Fault::invalid,
                    fmt::format("it names a path, and the API's own are asked — {}", mend));
    }
    return std::string(text);
}

json::object LocalApiValue::schema() const {
    json::object schema;
    schema["type"] = json::value("string");
    schema["pattern"] = json::value("^(http://|unix:).+$");
    return schema;
}

Result<std::string> CollectionValue::parse(std::string_view text) const {
    constexpr std::string_view mend =
        "write the address of a collection on this machine, as in "
        "http://127.0.0.1:8081/api1/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/; a tunnel "
        "ends in one";
    const Result<net::Address> address = net::parse_endpoint(text);
    if (!address) {
        return fail(Fault::invalid, fmt::format("{} — {}", address.error().text, mend));
    }
    const Result<void> checked =
        adapters::taxii::check({.api = address->endpoint, .collection = address->path});
    if (!checked) {
        return fail(Fault::invalid, fmt::format("{} — {}", checked.error().text, mend));
    }
    return std::string(text);
}

json::object CollectionValue::schema() const {
    json::object schema;
    schema["type"] = json::value("string");
    schema["pattern"] = json::value("^http://[^?#]+/$");
    return schema;
}

}  // namespace homeostat::app
