#include "homeostat/adapters/kubernetes/service_object.hpp"

#include "homeostat/adapters/kubernetes/object_fields.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::size_t ports_max = 250;       // The API has no more in one Service.
constexpr std::size_t text_bytes_max = 253;  // Above all names and addresses of the API.

struct Port {
    std::string name;
    std::uint64_t number{0};
};

std::vector<Port> read_tcp_ports(const ObjectFields& spec) {
    std::vector<Port> ports;
    for (const ObjectFields& one : spec.objects("ports", ports_max)) {
        Port port{one.text("name", text_bytes_max), one.number("port", UINT16_MAX)};
        const std::string protocol = one.text("protocol", text_bytes_max);
        if (protocol.empty() || protocol == "TCP") {
            ports.push_back(std::move(port));
        }
    }
    return ports;
}

Result<std::uint64_t> choose(const std::vector<Port>& ports, std::string_view wanted) {
    if (wanted.empty() && ports.size() == 1) {
        return ports.front().number;
    }
    if (wanted.empty()) {
        return fail(Fault::invalid,
                    fmt::format("has {} TCP ports; say which by its name or number", ports.size()));
    }
    const auto found = std::ranges::find_if(ports, [&](const Port& port) {
        return port.name == wanted || std::to_string(port.number) == wanted;
    });
    if (found == ports.end()) {
        return fail(Fault::invalid, fmt::format("has no TCP port {}", wanted));
    }
    return found->number;
}

}  // namespace

Result<net::Endpoint> parse_service(const json::value& object, std::string_view port) {
    std::optional<Error> error;
    const ObjectFields service(object, "Service", error);
    const ObjectFields spec = service.object("spec");
    const std::string ip = spec.text("clusterIP", text_bytes_max);
    const std::vector<Port> ports = read_tcp_ports(spec);
    if (error) {
        return std::unexpected(*error);
    }
    if (ip.empty() || ip == "None") {
        return fail(Fault::invalid, "the Service has no cluster IP; give the URL that leads to it");
    }
    const Result<std::uint64_t> number = choose(ports, port);
    if (!number) {
        return fail(Fault::invalid, "the Service " + number.error().text);
    }
    // A name here would send our requests wherever it leads.
    boost::system::error_code no_address;
    const boost::asio::ip::address address = boost::asio::ip::make_address(ip, no_address);
    const bool has_scope = ip.contains('%');
    if (no_address || has_scope || *number == 0) {
        return fail(Fault::invalid, "Service.spec.clusterIP: no literal address and port");
    }
    return net::TcpEndpoint{address.to_string(), static_cast<std::uint16_t>(*number)};
}

}  // namespace homeostat::adapters::kubernetes
