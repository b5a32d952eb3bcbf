// What a cluster says of a Deployment (the first object) and its Services (the others), made a
// configuration: its words are values in it, and never keys or levels of our own.

#include "homeostat/app/config_load.hpp"
#include "homeostat/app/init_config.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using homeostat::ensure;

void check(const homeostat::app::Config& config) {
    using enum homeostat::RemedyKind;
    for (const homeostat::RemedyKind kind : {restart, rolling_restart, rollback}) {
        ensure(config.guard.autonomy_of(kind) == homeostat::Autonomy::watch, "nothing acts");
    }
    ensure(config.service.text() == "payments", "the service is ours");
    ensure(config.kubernetes && config.kubernetes->name_space == "shop", "so is the namespace");
    ensure(config.kubernetes->kubeconfig.empty(), "nobody has named a kubeconfig");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto document = homeostat::parse_json(text);
    if (!document || !document->is_array() || document->get_array().empty()) {
        return 0;
    }
    const homeostat::json::array& objects = document->get_array();
    const homeostat::app::InitPlace place{.name_space = "shop", .deployment = "payments"};
    const auto written = homeostat::app::config_for_deployment(
        objects.front(), homeostat::json::array(objects.begin() + 1, objects.end()), place);
    if (written) {
        // A path that no configuration takes is refused by it, as init refuses it.
        const auto report = homeostat::app::parse_config(*written, "/srv/homeostat.yaml");
        if (report.config) {
            check(*report.config);
        }
    }
    return 0;
}
