// Any bytes as a CloudEvent, in its body or with its attributes as headers, or as an event of Flux:
// refused, passed over, or a change whose names are plain.

#include "homeostat/app/change_event.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/net/http_message.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

void check(const homeostat::net::HttpRequest& request) {
    using namespace homeostat;
    ensure(app::is_change_event(request), "it is offered as an event");
    const auto event = app::parse_change_event(request);
    if (!event || !event->change) {
        return;
    }
    ensure(is_plain_name(event->change->service.text()), "a service has a plain name");
    for (const std::string& name :
         {event->change->from.text(), event->change->to.text(), event->change->reference}) {
        ensure(name.empty() || is_plain_name(name), "what is told is plain");
    }
    ensure(!event->change->is_first_hand, "what is told is hearsay");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    homeostat::net::HttpRequest structured;
    structured.content_type = "application/cloudevents+json";
    structured.body = text;
    check(structured);
    homeostat::net::HttpRequest binary;
    binary.headers = {{"ce-specversion", "1.0"},
                      {"ce-type", "dev.cdevents.service.deployed.0.2.0"},
                      {"ce-source", "/ci"},
                      {"ce-id", "7"}};
    binary.body = text;
    check(binary);
    homeostat::net::HttpRequest flux;
    flux.headers = {{"gotk-component", "kustomize-controller"}};
    flux.body = text;
    check(flux);
    for (const std::string& version : {homeostat::app::version_in_package_url(text),
                                       homeostat::app::version_in_revision(text)}) {
        homeostat::ensure(version.empty() || homeostat::is_plain_name(version),
                          "a version is plain");
    }
    return 0;
}
