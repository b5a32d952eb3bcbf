// Any bytes as a Service of the API server, as an EndpointSlice, and as its answer to a question
// about our permissions: refused with a reason, or a literal address and a port; what is kept of a
// slice says what all of it says; and a right that nobody granted is none.

#include "homeostat/adapters/kubernetes/endpoint_slices.hpp"
#include "homeostat/adapters/kubernetes/permissions.hpp"
#include "homeostat/adapters/kubernetes/service_object.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/net/endpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

namespace kubernetes = homeostat::adapters::kubernetes;
namespace net = homeostat::net;

namespace {

using homeostat::ensure;

void check_service(const homeostat::json::value& object, std::string_view port) {
    const auto endpoint = kubernetes::parse_service(object, port);
    if (!endpoint) {
        ensure(endpoint.error().fault == homeostat::Fault::invalid, "a refusal says why");
        return;
    }
    const auto& tcp = std::get<net::TcpEndpoint>(*endpoint);
    ensure(tcp.port > 0, "a port is one");
    const auto again = net::parse_endpoint("http://" + net::to_text(*endpoint));
    ensure(again && again->endpoint == *endpoint, "an address is nothing but one");
}

void check_slice(homeostat::json::value object) {
    kubernetes::ServicePlaces whole;
    const auto added = kubernetes::add_slice(whole, object);
    ensure(added || (whole.are_none() && added.error().fault == homeostat::Fault::invalid),
           "nothing of what is refused counts");
    kubernetes::trim_slice(object);
    kubernetes::ServicePlaces kept;
    const auto again = kubernetes::add_slice(kept, object);
    ensure(!added || (again && kept.pods == whole.pods && kept.addresses == whole.addresses),
           "what is kept says the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto value = homeostat::parse_json(text);
    if (!value) {
        return 0;
    }
    check_service(*value, "");
    check_service(*value, "http");
    check_service(*value, "80");
    check_slice(*value);
    const auto allowed = kubernetes::parse_review(*value);
    ensure(!allowed || text.contains("allowed"), "what says nothing of a right grants none");
    return 0;
}
