#include "homeostat/cases/case.hpp"

#include "homeostat/domain/diagnosis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

namespace homeostat::cases {

namespace {

constexpr JsonLimits line_limits{.bytes_max = line_bytes_max, .depth_max = 16};
constexpr std::size_t services_max = 10'000;

/// The members of the line, all of them.
struct Line {
    std::uint32_t format{format_version};
    Shown shown;
    std::optional<std::vector<Answer>> acceptable;
    std::vector<Answer> acceptable_on_menu;
    std::vector<Answer> harmful;
    std::string family;
    std::string flavour;
    std::vector<json::value> cause;
    json::value cures_off_menu;
    json::value menu_size;
    json::value futures;

    static void fields(auto& self, auto&& field) {
        field("format", self.format, may_be_absent);
        field("id", self.shown.id);
        field("at", self.shown.at_s);
        field("services", self.shown.services);
        field("possible", self.shown.possible, may_be_absent);
        field("notes", self.shown.notes, may_be_absent);
        field("calls", self.shown.calls, may_be_absent);
        field("alerts", self.shown.alerts, may_be_absent);
        field("changes", self.shown.changes, may_be_absent);
        field("events", self.shown.events, may_be_absent);
        field("objects", self.shown.objects, may_be_absent);
        field("logs", self.shown.logs, may_be_absent);
        field("series", self.shown.series, may_be_absent);
        field("family", self.family, may_be_absent);
        field("flavour", self.flavour, may_be_absent);
        field("cause", self.cause, may_be_absent);
        field("acceptable", self.acceptable);
        field("acceptable_on_menu", self.acceptable_on_menu, may_be_absent);
        field("harmful", self.harmful, may_be_absent);
        field("cures_off_menu", self.cures_off_menu, may_be_absent);
        field("menu_size", self.menu_size, may_be_absent);
        field("futures", self.futures, may_be_absent);
    }
};

std::optional<std::string> objection_to_services(const std::vector<Service>& services) {
    if (services.empty() || services.size() > services_max) {
        return fmt::format("services: want 1 to {}, it holds {}", services_max, services.size());
    }
    std::set<std::string_view> names;
    for (std::size_t index = 0; index < services.size(); ++index) {
        const std::string& name = services[index].name;
        if (name.empty() || !names.insert(name).second) {
            return fmt::format("services: [{}]: name: want a name that no other service has",
                               index);
        }
    }
    return std::nullopt;
}

std::optional<std::string> objection_to_series(const std::vector<Series>& all) {
    for (std::size_t index = 0; index < all.size(); ++index) {
        const std::vector<SeriesPoint>& points = all[index].points;
        const auto is_wrong = [&](const SeriesPoint& point) {
            return !std::isfinite(point.at_s) || !std::isfinite(point.value);
        };
        if (std::ranges::any_of(points, is_wrong) ||
            !std::ranges::is_sorted(points, {}, &SeriesPoint::at_s)) {
            return fmt::format("series: [{}]: points: want numbers, and seconds that ascend",
                               index);
        }
    }
    return std::nullopt;
}

std::optional<std::string> objection_to_notes(const std::vector<std::string>& notes) {
    if (notes.size() > notes_max) {
        return fmt::format("notes: want at most {}, it holds {}", notes_max, notes.size());
    }
    for (std::size_t index = 0; index < notes.size(); ++index) {
        if (notes[index].empty() || notes[index].size() > note_bytes_max) {
            return fmt::format("notes: [{}]: want 1 to {} bytes", index, note_bytes_max);
        }
    }
    return std::nullopt;
}

std::optional<std::string> objection_to(const Line& line) {
    if (line.format != format_version) {
        return fmt::format("format: this program reads {}, not {}", format_version, line.format);
    }
    if (!std::isfinite(line.shown.at_s)) {
        return "at: want seconds";
    }
    if (auto objection = objection_to_services(line.shown.services)) {
        return objection;
    }
    if (auto objection = objection_to_notes(line.shown.notes)) {
        return objection;
    }
    return objection_to_series(line.shown.series);
}

std::vector<std::string> services_of(const std::vector<json::value>& causes) {
    std::vector<std::string> services;
    for (const json::value& cause : causes) {
        const json::value* service =
            cause.is_object() ? cause.get_object().if_contains("service") : nullptr;
        if (service != nullptr && service->is_string()) {
            services.emplace_back(service->get_string());
        }
    }
    return services;
}

}  // namespace

Result<Case> parse_case(std::string_view text) {
    const Result<json::value> document = parse_json(text, line_limits);
    if (!document) {
        return std::unexpected(document.error());
    }
    Result<Line> line = from_json<Line>(*document);
    if (!line) {
        return std::unexpected(line.error());
    }
    if (std::optional<std::string> objection = objection_to(*line)) {
        return fail(Fault::invalid, std::move(*objection));
    }
    Case one{.shown = std::move(line->shown), .truth = std::nullopt};
    if (line->acceptable) {
        one.truth = Truth{.family = std::move(line->family),
                          .acceptable = std::move(*line->acceptable),
                          .acceptable_on_menu = std::move(line->acceptable_on_menu),
                          .harmful = std::move(line->harmful),
                          .cause_services = services_of(line->cause)};
    }
    return one;
}

}  // namespace homeostat::cases
