#include "homeostat/app/change_event.hpp"

#include "homeostat/adapters/process/changes_file.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/net/query_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::app {

namespace {

constexpr std::string_view structured_type = "application/cloudevents+json";
constexpr std::string_view own_type = "dev.homeostat.change";
constexpr std::size_t attribute_bytes_max = 256;
constexpr std::size_t digest_digits = 12;  ///< As short as people and registries write it.

/// Their versions are left out: a minor one adds members that we do not read.
constexpr std::array<std::string_view, 3> deploy_types{"dev.cdevents.service.deployed.",
                                                       "dev.cdevents.service.upgraded.",
                                                       "dev.cdevents.service.rolledback."};

/// What every CloudEvent has, whichever way it came.
struct Envelope {
    std::string specversion;
    std::string type;
    std::string source;
    std::string id;
    json::value data;
};

std::string_view text_of(const json::object& object, std::string_view member) {
    const json::value* value = object.if_contains(member);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                  : std::string_view();
}

const json::object* object_of(const json::value& value, std::string_view member) {
    const json::object* outer = value.if_object();
    const json::value* inner = outer == nullptr ? nullptr : outer->if_contains(member);
    return inner == nullptr ? nullptr : inner->if_object();
}

Result<json::value> parse_body(const std::string& body) {
    return parse_json(body, {.bytes_max = change_event_bytes_max, .depth_max = 16});
}

Result<Envelope> structured(const net::HttpRequest& request) {
    Result<json::value> document = parse_body(request.body);
    if (!document) {
        return std::unexpected(document.error());
    }
    const json::object* event = document->if_object();
    if (event == nullptr) {
        return fail(Fault::invalid, "a CloudEvent is one JSON object; batches are not taken");
    }
    const json::value* data = event->if_contains("data");
    return Envelope{.specversion = std::string(text_of(*event, "specversion")),
                    .type = std::string(text_of(*event, "type")),
                    .source = std::string(text_of(*event, "source")),
                    .id = std::string(text_of(*event, "id")),
                    .data = data == nullptr ? json::value() : *data};
}

Result<Envelope> binary(const net::HttpRequest& request) {
    Result<json::value> data = parse_body(request.body);
    if (!data) {
        return std::unexpected(data.error());
    }
    const auto attribute = [&](std::string_view name) {
        return std::string(net::header_of(request.headers, name));
    };
    return Envelope{.specversion = attribute("ce-specversion"),
                    .type = attribute("ce-type"),
                    .source = attribute("ce-source"),
                    .id = attribute("ce-id"),
                    .data = *std::move(data)};
}

Result<void> check(const Envelope& event) {
    if (event.specversion != "1.0") {
        return fail(Fault::invalid, "specversion: must be \"1.0\"");
    }
    const std::array attributes{std::pair{"type", &event.type}, std::pair{"source", &event.source},
                                std::pair{"id", &event.id}};
    for (const auto& [name, value] : attributes) {
        if (value->empty() || value->size() > attribute_bytes_max) {
            return fail(Fault::invalid,
                        std::string(name) + ": needed, a text of at most 256 bytes");
        }
    }
    return {};
}

Result<Change> own_change(const Envelope& event) {
    if (!event.data.is_object()) {
        return fail(Fault::invalid, "data: needed, an object as in a line of the changes' file");
    }
    Result<Change> change = adapters::process::parse_change_line(to_text(event.data));
    if (!change) {
        return fail("data", change.error());
    }
    return change;
}

Result<Change> deploy(const Envelope& event) {
    const json::object* subject = object_of(event.data, "subject");
    if (subject == nullptr) {
        return fail(Fault::invalid, "data.subject: needed, an object as CDEvents has it");
    }
    const json::value* content = subject->if_contains("content");
    const json::object* details = content == nullptr ? nullptr : content->if_object();
    const std::string_view url =
        details == nullptr ? std::string_view() : text_of(*details, "artifactId");
    Change change;
    change.kind = ChangeKind::deploy;
    change.service = ServiceId(std::string(text_of(*subject, "id")));
    change.to = VersionId(version_in_package_url(url));
    if (!is_plain_name(change.service.text())) {
        return fail(Fault::invalid,
                    "data.subject.id: must be the service's plain name (letters, digits, _ . -)");
    }
    if (change.to.empty()) {
        return fail(Fault::invalid,
                    "data.subject.content.artifactId: must be a package URL with a version or a "
                    "tag, as in pkg:oci/payments@sha256%3A0b31b1c02ff4?tag=v7");
    }
    return change;
}

/// "v7" of "repository_url=…&tag=v7".
std::string_view tag_in(std::string_view qualifiers) {
    constexpr std::string_view key = "tag=";
    while (!qualifiers.empty()) {
        const std::size_t end = std::min(qualifiers.find('&'), qualifiers.size());
        if (qualifiers.starts_with(key)) {
            return qualifiers.substr(key.size(), end - key.size());
        }
        qualifiers.remove_prefix(std::min(end + 1, qualifiers.size()));
    }
    return {};
}

std::string plain_or_empty(std::string text) {
    return is_plain_name(text) ? std::move(text) : std::string();
}

bool is_of_flux(const net::HttpRequest& request) {
    return !net::header_of(request.headers, "gotk-component").empty();
}

/// The revision that was applied, under its key with a group before it or without.
std::string_view revision_in(const json::object& metadata) {
    constexpr std::string_view name = "revision";
    for (const auto& [key, value] : metadata) {
        const std::string_view text = key;
        const bool is_it = text == name || text.ends_with("/revision");
        if (is_it && value.is_string()) {
            return value.get_string();
        }
    }
    return {};
}

/// Those that apply what runs; a source that was fetched changes nothing yet.
bool applies(std::string_view kind) {
    return kind == "Kustomization" || kind == "HelmRelease";
}

Result<ChangeEvent> flux_event(const net::HttpRequest& request) {
    const Result<json::value> body = parse_body(request.body);
    if (!body) {
        return std::unexpected(body.error());
    }
    const json::object* event = body->if_object();
    const json::object* object = object_of(*body, "involvedObject");
    const json::object* metadata = object_of(*body, "metadata");
    if (object == nullptr) {
        return fail(Fault::invalid, "involvedObject: needed, an object as Flux has it");
    }
    const std::string kind(text_of(*object, "kind").substr(0, attribute_bytes_max));
    ChangeEvent told{.key = {}, .type = "flux " + kind, .change = {}};
    if (metadata == nullptr) {
        return told;
    }
    const std::string_view revision = revision_in(*metadata);
    if (!applies(kind) || text_of(*event, "severity") != "info" || revision.empty()) {
        return told;
    }
    const std::string_view named = text_of(*metadata, "service");
    const std::string_view name = text_of(*object, "name");
    Change change;
    change.kind = ChangeKind::deploy;
    change.service = ServiceId(std::string(named.empty() ? name : named));
    change.to = VersionId(version_in_revision(revision));
    if (!is_plain_name(change.service.text())) {
        return fail(Fault::invalid,
                    "metadata.service, else involvedObject.name: must be the service's plain name "
                    "(letters, digits, _ . -)");
    }
    if (change.to.empty()) {
        return fail(
            Fault::invalid,
            "metadata.revision: must end in a version or a digest, as in main@sha1:731f7ea");
    }
    told.about = fmt::format("flux {}/{}/{}", kind,
                             plain_or_empty(std::string(text_of(*object, "namespace"))),
                             plain_or_empty(std::string(name)));
    told.key = told.about + " " + change.to.text();
    told.change = std::move(change);
    return told;
}

}  // namespace

bool is_change_event(const net::HttpRequest& request) {
    return request.content_type.starts_with(structured_type) || is_of_flux(request) ||
           !net::header_of(request.headers, "ce-specversion").empty();
}

Result<ChangeEvent> parse_change_event(const net::HttpRequest& request) {
    const bool is_structured = request.content_type.starts_with(structured_type);
    if (!is_structured && is_of_flux(request)) {
        return flux_event(request);
    }
    Result<Envelope> event = is_structured ? structured(request) : binary(request);
    if (!event) {
        return std::unexpected(event.error());
    }
    if (const Result<void> checked = check(*event); !checked) {
        return std::unexpected(checked.error());
    }
    ChangeEvent told{.key = event->source + " " + event->id, .type = event->type, .change = {}};
    const bool is_deploy = std::ranges::any_of(
        deploy_types, [&](std::string_view type) { return event->type.starts_with(type); });
    if (!is_deploy && event->type != own_type) {
        return told;
    }
    Result<Change> change = is_deploy ? deploy(*event) : own_change(*event);
    if (!change) {
        return std::unexpected(change.error());
    }
    if (change->reference.empty()) {
        change->reference = plain_or_empty(event->id);
    }
    told.change = *std::move(change);
    return told;
}

std::string version_in_package_url(std::string_view url) {
    if (!url.starts_with("pkg:")) {
        return {};
    }
    url = url.substr(0, url.find('#'));
    const std::size_t query = std::min(url.find('?'), url.size());
    const std::string_view qualifiers = url.substr(std::min(query + 1, url.size()));
    if (const std::string_view tag = tag_in(qualifiers); !tag.empty()) {
        return plain_or_empty(net::parse_query_value(tag).value_or(""));
    }
    const std::string_view name = url.substr(0, query);
    const std::size_t at = name.rfind('@');
    if (at == std::string_view::npos) {
        return {};
    }
    std::string version = net::parse_query_value(name.substr(at + 1)).value_or("");
    if (const std::size_t colon = version.find(':'); colon != std::string::npos) {
        version = version.substr(0, colon) + "-" + version.substr(colon + 1, digest_digits);
    }
    return plain_or_empty(std::move(version));
}

std::string version_in_revision(std::string_view revision) {
    const std::size_t colon = revision.rfind(':');
    if (colon != std::string_view::npos) {
        const std::string_view before = revision.substr(0, colon);
        const std::size_t at = before.rfind('@');
        const std::string_view algorithm =
            at == std::string_view::npos ? before : before.substr(at + 1);
        const std::string_view digest = revision.substr(colon + 1, digest_digits);
        if (algorithm.empty() || digest.empty()) {
            return {};
        }
        return plain_or_empty(fmt::format("{}-{}", algorithm, digest));
    }
    std::string version(revision.substr(revision.rfind('/') + 1));
    std::ranges::replace(version, '+', '-');  // Of a chart with its digest.
    return plain_or_empty(std::move(version));
}

bool ChangeEventsSeen::is_new(const ChangeEvent& event) {
    if (std::ranges::find(keys_, event.key) != keys_.end()) {
        return false;
    }
    if (!event.about.empty()) {
        // To go back to what was there before is a change, too.
        std::erase_if(keys_,
                      [&](const std::string& key) { return key.starts_with(event.about + " "); });
    }
    keys_.push_back(event.key);
    if (keys_.size() > keys_max) {
        keys_.pop_front();
    }
    return true;
}

}  // namespace homeostat::app
