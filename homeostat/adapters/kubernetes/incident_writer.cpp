#include "homeostat/adapters/kubernetes/incident_writer.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/object_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr int not_found = 404;
constexpr int conflict = 409;
constexpr int unprocessable = 422;
constexpr std::string_view apply_type = "application/apply-patch+yaml";
constexpr std::size_t owed_max = 64;      ///< Last states of objects that are wanted no more.
constexpr std::size_t objects_max = 500;  ///< Of one list; the rest comes with the next one.

/// An object that was found under our label.
struct Found {
    std::string name;
    std::string uid;
};

/// As name_of makes them; another name under our label was put there by somebody else. What ends up
/// in a path is harmless in it.
bool is_named_by_us(std::string_view name, const Options& options) {
    const std::string begin = options.deployment + "-";
    return name.starts_with(begin) && std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
           });
}

Result<std::vector<Found>> parse_found(const json::value& body) {
    constexpr std::size_t name_bytes_max = 253;
    const json::object* list = body.if_object();
    const json::value* items = list == nullptr ? nullptr : list->if_contains("items");
    const json::array* all = items == nullptr ? nullptr : items->if_array();
    if (all == nullptr || all->size() > objects_max) {
        return fail(Fault::broken, "the server's answer is no list of incidents");
    }
    std::vector<Found> found;
    std::optional<Error> error;
    for (const json::value& item : *all) {
        const ObjectFields metadata = ObjectFields(item, "incident", error).object("metadata");
        found.push_back(
            {metadata.text("name", name_bytes_max), metadata.text("uid", name_bytes_max)});
    }
    return error ? Result<std::vector<Found>>(std::unexpected(*error)) : found;
}

}  // namespace

IncidentWriter::IncidentWriter(ApiClient& api,
                               ports::Clock& clock,
                               const Options& place,
                               IncidentWriterOptions options)
    : api_(api), clock_(clock), place_(place), options_(std::move(options)) {}

void IncidentWriter::want(const std::vector<IncidentObject>& objects) {
    std::set<std::string> names;
    for (const IncidentObject& object : objects) {
        std::string name = name_of(object, place_);
        names.insert(name);
        std::string status = incident_status_body(object, place_);
        Kept& kept = kept_[std::move(name)];
        kept.again_at = kept.status == status ? kept.again_at : Instant{};
        kept.object = object;
        kept.status = std::move(status);
        is_clearing_due_ = is_clearing_due_ || ledger_.empty();
        ledger_ = object.ledger;
    }
    for (auto& [name, kept] : kept_) {
        kept.is_wanted = names.contains(name);
    }
    forget();
}

void IncidentWriter::forget() {
    // Somebody who opens incidents faster than they can be written has other troubles.
    std::size_t owed_left = owed_max;
    const auto is_over = [&](const auto& one) {
        const Kept& kept = one.second;
        const bool is_owed = kept.is_made && kept.status != kept.status_sent &&
                             kept.again_at == Instant{} && owed_left > 0;
        owed_left -= !kept.is_wanted && is_owed ? 1 : 0;
        return !kept.is_wanted && !is_owed;
    };
    is_clearing_due_ = std::erase_if(kept_, is_over) > 0 || is_clearing_due_;
}

std::size_t IncidentWriter::unwritten_count() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        kept_, [](const auto& one) { return one.second.status != one.second.status_sent; }));
}

bool IncidentWriter::is_due(const Kept& kept) const {
    return kept.status != kept.status_sent && clock_.now() >= kept.again_at;
}

bool IncidentWriter::has_work() const {
    return is_clearing_due_ ||
           std::ranges::any_of(kept_, [this](const auto& one) { return is_due(one.second); });
}

Task<void> IncidentWriter::run() {
    while (!is_stopping_) {
        std::string uid = has_work() ? options_.uid() : std::string();
        if (uid.empty()) {
            co_await clock_.sleep_until(clock_.now() + options_.look_every);
            continue;
        }
        const Step step = co_await work(std::move(uid));
        if (step == Step::failed && !is_stopping_) {
            co_await clock_.sleep_until(next_try());
        }
    }
}

/// Those that are there come first: what is too much hurts nobody.
Task<IncidentWriter::Step> IncidentWriter::work(std::string uid) {
    const auto next =
        std::ranges::find_if(kept_, [this](const auto& one) { return is_due(one.second); });
    if (next == kept_.end()) {
        co_return co_await clear();
    }
    std::string name = next->first;
    co_return co_await write(std::move(name), std::move(uid));
}

Task<IncidentWriter::Step> IncidentWriter::write(std::string name, std::string uid) {
    const bool was_there = kept_.at(name).is_made;
    if (!was_there) {
        std::string body = incident_body(kept_.at(name).object, place_, uid);
        std::string path = incident_path(place_, name);
        const Result<ApiReply> reply = co_await apply(std::move(path), std::move(body));
        // All is well only once its status is there, too.
        const Step made = reply && reply->is_ok() ? Step::done : settle(reply, name);
        const auto kept = kept_.find(name);
        if (made != Step::done || kept == kept_.end()) {
            co_return made;
        }
        kept->second.is_made = true;
    }
    co_return co_await write_status(std::move(name), !was_there);
}

Task<IncidentWriter::Step> IncidentWriter::write_status(std::string name, bool is_just_made) {
    std::string status = kept_.at(name).status;
    std::string path = incident_path(place_, name) + "/status";
    const Result<ApiReply> reply = co_await apply(std::move(path), status);
    const auto kept = kept_.find(name);
    if (kept == kept_.end()) {
        co_return Step::done;  // It is wanted no more, and cleared away with the others.
    }
    if (reply && reply->status == not_found) {
        kept->second.is_made = false;
        if (!is_just_made) {
            co_return Step::done;  // Somebody has deleted it meanwhile: it is made anew at once.
        }
    }
    const Step step = settle(reply, name);
    if (step == Step::done) {
        kept->second.status_sent = std::move(status);
    }
    forget();
    co_return step;
}

Task<IncidentWriter::Step> IncidentWriter::clear() {
    std::string path = incidents_path(place_, ledger_);
    const Result<ApiReply> reply =
        co_await api_.get(std::move(path), clock_.now() + options_.answer_within);
    if (!reply || !reply->is_ok()) {
        co_return fail_with(reply);
    }
    const Result<std::vector<Found>> found = parse_found(reply->body);
    if (!found) {
        co_return fail_with(std::unexpected(found.error()));
    }
    bool removed_any = false;
    for (const Found& one : *found) {
        if (kept_.contains(one.name) || !is_named_by_us(one.name, place_)) {
            continue;
        }
        std::string name = one.name;
        std::string uid = one.uid;
        const Step step = co_await remove(std::move(name), std::move(uid));
        if (step == Step::failed) {
            co_return step;
        }
        removed_any = true;
    }
    is_clearing_due_ = found->size() == objects_max && removed_any;
    note({});
    co_return Step::done;
}

Task<IncidentWriter::Step> IncidentWriter::remove(std::string name, std::string uid) {
    json::object preconditions;
    preconditions["uid"] = json::value(uid);
    json::object options;
    options["preconditions"] = std::move(preconditions);
    ApiWrite write{.method = "DELETE",
                   .path = incident_path(place_, name),
                   .content_type = "application/json",
                   .body = to_text(options)};
    const Result<ApiReply> reply =
        co_await api_.write(std::move(write), clock_.now() + options_.answer_within);
    const bool is_gone = reply && (reply->is_ok() || reply->status == not_found ||
                                   reply->status == conflict);  // Another one of that name.
    co_return is_gone ? Step::done : fail_with(reply);
}

Task<Result<ApiReply>> IncidentWriter::apply(std::string path, std::string body) {
    ApiWrite write{.method = "PATCH",
                   .path = std::move(path),
                   .content_type = std::string(apply_type),
                   .body = std::move(body)};
    co_return co_await api_.write(std::move(write), clock_.now() + options_.answer_within);
}

IncidentWriter::Step IncidentWriter::settle(const Result<ApiReply>& reply,
                                            const std::string& name) {
    if (reply && reply->is_ok()) {
        failures_in_a_row_ = 0;
        note({});
        return Step::done;
    }
    const bool is_for_good = reply && (reply->status == conflict || reply->status == unprocessable);
    if (!is_for_good) {
        return fail_with(reply);
    }
    // It does not change soon, and the others have their turn.
    ++failures_count_;
    if (const auto kept = kept_.find(name); kept != kept_.end()) {
        if (kept->second.again_at == Instant{}) {  // Once for what it was to become.
            options_.log(
                fmt::format("Incident object {} is left as it is: {}", name, describe(*reply)));
        }
        kept->second.again_at = clock_.now() + options_.put_off;
    }
    return Step::put_off;
}

IncidentWriter::Step IncidentWriter::fail_with(const Result<ApiReply>& reply) {
    ++failures_count_;
    ++failures_in_a_row_;
    asked_for_ = reply ? reply->retry_after : Duration::zero();
    const std::string said = reply ? describe(*reply) : reply.error().text;
    const bool is_unknown = reply && reply->status == not_found;
    note(is_unknown ? fmt::format("the cluster serves none of {}/{}, whose CRD is to be applied "
                                  "(deploy/kustomize/crd): {}",
                                  incident_group, incident_version, said)
                    : said);
    return Step::failed;
}

void IncidentWriter::note(std::string trouble) {
    if (trouble != trouble_) {
        options_.log(trouble.empty() ? "Incident objects are written again"
                                     : "Incident objects are not written: " + trouble);
    }
    trouble_ = std::move(trouble);
}

Instant IncidentWriter::next_try() const {
    constexpr std::uint32_t doublings_max = 8;  // Far beyond pause_max.
    const std::uint32_t doublings = std::min(failures_in_a_row_, doublings_max);
    const Duration pause = std::max(options_.pause * (1U << doublings) / 2, asked_for_);
    return clock_.now() + std::clamp(pause, options_.pause, options_.pause_max);
}

}  // namespace homeostat::adapters::kubernetes
