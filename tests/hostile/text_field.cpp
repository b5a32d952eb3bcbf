#include "text_field.hpp"

#include <array>
#include <map>
#include <utility>
#include <vector>

namespace homeostat::hostile {

namespace {

using namespace cases;

/// The text of every member of a list.
template <auto Member>
void rewrite(auto& list, Pen& pen) {
    for (auto& one : list) {
        one.*Member = pen.text();
    }
}

template <auto Member>
void rewrite_replicas(Shown& shown, Pen& pen) {
    for (Service& service : shown.services) {
        rewrite<Member>(service.replicas, pen);
    }
}

const std::string& any_service(const Shown& shown, Pen& pen) {
    return shown.services[pen.place(shown.services.size())].name;
}

/// No name and no word of a closed set, wherever the text was cut.
std::string unknown_word(Pen& pen) {
    return "no " + pen.text();
}

void add_change(Shown& shown, Pen& pen) {
    const double at_s = shown.at_s - 30;
    shown.changes.push_back(
        {at_s, any_service(shown, pen), unknown_word(pen), pen.text(), pen.text()});
    shown.changes.push_back({at_s, unknown_word(pen), "deploy", pen.text(), pen.text()});
}

void add_alert(Shown& shown, Pen& pen) {
    const double at_s = shown.at_s - 5;
    shown.alerts.push_back({at_s, unknown_word(pen), pen.text(), "firing"});
    shown.alerts.push_back({at_s, any_service(shown, pen), pen.text(), unknown_word(pen)});
}

void add_object(Shown& shown, Pen& pen) {
    const std::string& service = any_service(shown, pen);
    const std::string replica = service + "-0";
    const json::object told{{"ready", false}, {"restarts", 9}};
    shown.objects.push_back(
        {.kind = pen.text(), .name = unknown_word(pen), .service = service, .status = told});
    shown.objects.push_back(
        {.kind = "Pod", .name = replica, .service = unknown_word(pen), .status = told});
    shown.objects.push_back(
        {.kind = "Pod", .name = replica, .service = service, .status = json::value(pen.text())});
    shown.objects.push_back(
        {.kind = "Pod",
         .name = replica,
         .service = service,
         .status = json::object{{"ready", pen.text()}, {"restarts", pen.text()}}});
}

void write_status(Shown& shown, Pen& pen) {
    for (ObjectState& object : shown.objects) {
        json::object status =
            object.status.is_object() ? object.status.get_object() : json::object{};
        status["phase"] = pen.text();
        status["message"] = json::array{pen.text(), json::object{{"ready", pen.text()}}};
        object.status = std::move(status);
    }
}

void write_spec(Shown& shown, Pen& pen) {
    for (ObjectState& object : shown.objects) {
        object.spec = json::object{{"version", pen.text()}, {"note", pen.text()}};
    }
}

/// Numbers of somebody whom the case does not know, and of a replica that nobody has.
void add_series(Shown& shown, Pen& pen) {
    const std::vector<SeriesPoint> points{{10, 0}, {60, 0}, {120, 1}, {170, 1}};
    shown.series.push_back({.name = pen.text(), .service = unknown_word(pen), .points = points});
    shown.series.push_back({.name = "up",
                            .service = any_service(shown, pen),
                            .replica = unknown_word(pen),
                            .points = points});
}

/// Every name of a service or replica, wherever it stands, becomes another one.
class Renaming {
  public:
    Renaming(Shown& shown, Pen& pen) : shown_(shown) {
        for (const Service& service : shown.services) {
            learn(service.name, pen);
            for (const Replica& replica : service.replicas) {
                learn(replica.name, pen);
            }
        }
    }

    void run() {
        for (Service& service : shown_.services) {
            put(service.name);
            put(service.source);
            each(service.replicas, &Replica::name);
            each(service.calls, &Dependency::service);
            each(service.calls, &Dependency::through);
        }
        each(shown_.possible, &PossibleAt::service);
        each(shown_.calls, &CallNumbers::caller);
        each(shown_.calls, &CallNumbers::service);
        each(shown_.series, &Series::service);
        each(shown_.series, &Series::replica);
        each(shown_.changes, &ChangeLine::service);
        each(shown_.alerts, &AlertLine::service);
        each(shown_.objects, &ObjectState::service);
        each(shown_.objects, &ObjectState::name);
        each(shown_.logs, &LogLine::service);
    }

  private:
    void learn(const std::string& name, Pen& pen) {
        // The number keeps names apart; text may come twice.
        names_[name] = pen.text() + "#" + std::to_string(names_.size());
    }
    void put(std::string& name) const {
        const auto found = names_.find(name);
        name = found == names_.end() ? name : found->second;
    }
    void each(auto& list, auto member) const {
        for (auto& one : list) {
            put(one.*member);
        }
    }

    Shown& shown_;
    std::map<std::string, std::string> names_;
};

constexpr auto fields = std::to_array<TextField>({
    {"id", true, [](Shown& shown, Pen& pen) { shown.id = pen.text(); }},
    {"name", false, [](Shown& shown, Pen& pen) { Renaming(shown, pen).run(); }},
    {"service_kind", false,
     [](Shown& shown, Pen& pen) { rewrite<&Service::kind>(shown.services, pen); }},
    {"source", false,
     [](Shown& shown, Pen& pen) { rewrite<&Service::source>(shown.services, pen); }},
    {"zone", false, rewrite_replicas<&Replica::zone>},
    {"host", false, rewrite_replicas<&Replica::host>},
    {"version", false, rewrite_replicas<&Replica::version>},
    {"config", false, rewrite_replicas<&Replica::config>},
    {"through", false,
     [](Shown& shown, Pen& pen) {
         for (Service& service : shown.services) {
             rewrite<&Dependency::through>(service.calls, pen);
         }
     }},
    {"unit", true, [](Shown& shown, Pen& pen) { rewrite<&Series::unit>(shown.series, pen); }},
    {"series", true, add_series},
    {"alert_rule", true,
     [](Shown& shown, Pen& pen) { rewrite<&AlertLine::kind>(shown.alerts, pen); }},
    {"alert", true, add_alert},
    {"change_from", true,
     [](Shown& shown, Pen& pen) { rewrite<&ChangeLine::from>(shown.changes, pen); }},
    {"change_to", true,
     [](Shown& shown, Pen& pen) { rewrite<&ChangeLine::to>(shown.changes, pen); }},
    {"change", true, add_change},
    {"event_object", true,
     [](Shown& shown, Pen& pen) { rewrite<&EventLine::object>(shown.events, pen); }},
    {"event_reason", true,
     [](Shown& shown, Pen& pen) { rewrite<&EventLine::reason>(shown.events, pen); }},
    {"event_text", true,
     [](Shown& shown, Pen& pen) { rewrite<&EventLine::text>(shown.events, pen); }},
    {"object_kind", true,
     [](Shown& shown, Pen& pen) { rewrite<&ObjectState::kind>(shown.objects, pen); }},
    {"object_spec", true, write_spec},
    {"object_status", true, write_status},
    {"object", true, add_object},
    {"log_level", false, [](Shown& shown, Pen& pen) { rewrite<&LogLine::level>(shown.logs, pen); }},
    {"log_text", false, [](Shown& shown, Pen& pen) { rewrite<&LogLine::text>(shown.logs, pen); }},
    {"log_line", false,
     [](Shown& shown, Pen& pen) { add_log_lines(shown, any_service(shown, pen), pen); }},
    {"log_service", false,
     [](Shown& shown, Pen& pen) { add_log_lines(shown, unknown_word(pen), pen); }},
});

}  // namespace

Pen::Pen(Attack attack, const cases::Shown& shown, Rng& rng) : attack_(attack), rng_(rng) {
    const std::vector<Service>& services = shown.services;
    const Service& service = services[place(services.size())];
    names_.service = service.name;
    names_.other = services[place(services.size())].name;
    names_.replica = service.replicas.empty() ? service.name : service.replicas.front().name;
    names_.version = "v1";
}

std::span<const TextField> text_fields() {
    return fields;
}

void add_log_lines(cases::Shown& shown, const std::string& service, Pen& pen) {
    constexpr std::size_t lines_count = 20;
    for (std::size_t line = 0; line < lines_count; ++line) {
        const auto age_s = static_cast<double>(pen.place(50));
        shown.logs.push_back({shown.at_s - age_s, service, "error", pen.text()});
    }
}

}  // namespace homeostat::hostile
