// Any bytes as a ConfigMap, as what was kept of earlier ones and as who set a number of replicas:
// refused with a reason, or of a version that is a plain name; and what was kept, written again, is
// the same.

#include "homeostat/adapters/kubernetes/config_history.hpp"
#include "homeostat/adapters/kubernetes/config_maps.hpp"
#include "homeostat/adapters/kubernetes/scaling.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/base/json.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace kubernetes = homeostat::adapters::kubernetes;

namespace {

using homeostat::ensure;

void check_config_map(const homeostat::json::value& object) {
    auto view = kubernetes::parse_config_map(object);
    if (!view) {
        ensure(view.error().fault == homeostat::Fault::invalid, "a refusal says why");
        return;
    }
    const std::string name = view->contents.name;
    const auto configs = kubernetes::configs_of({name}, {*std::move(view)});
    ensure(homeostat::is_plain_name(configs.version.text()), "a version is a plain name");
    const auto effect = kubernetes::effect_of(configs);
    ensure(effect.empty() || homeostat::is_plain_name(effect.text()), "an effect is plain");
}

void check_number(const homeostat::json::value& object) {
    const auto view = kubernetes::parse_deployment(object);
    if (!view) {
        return;
    }
    const auto mark = kubernetes::scale_mark_of(*view);
    ensure(!mark || homeostat::is_plain_name(mark->effect.text()), "an effect is plain");
    ensure(!mark || kubernetes::manager_text(*mark).size() <= 128, "a name that may be written");
    ensure(kubernetes::spares_at_work(*view) <= view->replicas, "no more than there are is ours");
    const auto down = kubernetes::order_down(*view, homeostat::EffectId{"i-1.e1"});
    ensure(!down || (mark && down->to >= mark->from && down->to + 1 == view->replicas),
           "no less than before ours is asked for");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const homeostat::ServiceId service{"pay"};
    if (const auto past = kubernetes::parse_config_past(service, text)) {
        const auto again =
            kubernetes::parse_config_past(service, kubernetes::config_past_text(service, *past));
        ensure(again.has_value() && *again == *past, "written and read, they are the same");
    }
    const auto object = homeostat::parse_json(text);
    if (!object) {
        return 0;
    }
    check_config_map(*object);
    check_number(*object);
    kubernetes::ObjectList list;
    list.items.push_back(*object);
    kubernetes::Options options;
    options.deployment = "pay";
    const auto is_free = kubernetes::check_autoscalers(list, options);
    ensure(is_free || is_free.error().fault == homeostat::Fault::refused, "a refusal is one");
    return 0;
}
