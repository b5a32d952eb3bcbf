#include "homeostat/cases/survey_estate.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

namespace homeostat::cases {

void look_for_lost_places(Survey& survey) {
    struct Place {
        std::uint32_t replicas{0};
        std::uint32_t down{0};
    };
    std::map<std::string, Place> hosts;
    std::map<std::string, Place> zones;
    for (const ServiceSurvey& service : survey.services) {
        for (const ReplicaSurvey& replica : service.replicas) {
            for (Place* const place : {&hosts[replica.host], &zones[replica.zone]}) {
                place->replicas += 1;
                place->down += replica.is_down ? 1 : 0;
            }
        }
    }
    const auto is_lost = [](std::map<std::string, Place>& places, const std::string& name) {
        const Place& place = places[name];
        return !name.empty() && place.replicas > 1 && place.down == place.replicas;
    };
    for (ServiceSurvey& service : survey.services) {
        for (ReplicaSurvey& replica : service.replicas) {
            replica.is_place_lost = is_lost(hosts, replica.host) || is_lost(zones, replica.zone);
        }
    }
}

void explain(Survey& survey) {
    for (const CallSurvey& call : survey.calls) {
        ServiceSurvey& caller = survey.services[call.caller];
        const double passes_on = call.is_required ? call.illness : call.illness / 2;
        caller.explained = std::max(caller.explained, passes_on);
    }
    for (ServiceSurvey& service : survey.services) {
        // What callers see of a service that looks well to itself lies between them.
        const double shown = std::max(service.illness, service.seen_by_callers);
        service.own = shown * (1 - service.explained);
    }
}

void ask_all_witnesses(Survey& survey, bool has_users_series) {
    double loss = survey.users_failed + survey.users_slow + survey.users_wrong;
    bool has_witness = has_users_series;
    const auto is_gateway = [&](std::uint32_t index) {
        return survey.services[index].kind == "gateway";
    };
    for (std::uint32_t index = 0; index < survey.services.size(); ++index) {
        const Shifts& shifts = survey.services[index].shifts;
        if (is_gateway(index) && shifts.of(Metric::error_ratio)) {
            has_witness = true;
            loss = std::max(loss, shifts.after(Metric::error_ratio));
        }
    }
    for (const CallSurvey& call : survey.calls) {
        if (is_gateway(call.caller) && call.is_required) {
            has_witness = true;
            loss = std::max(loss, call.error_gain);
        }
    }
    // Of a case that says nothing of users the worst service speaks for them.
    for (const ServiceSurvey& service : survey.services) {
        loss = has_witness ? loss : std::max(loss, service.own);
    }
    survey.users_lose = std::clamp(loss, 0.0, 1.0);
}

}  // namespace homeostat::cases
