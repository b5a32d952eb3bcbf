#include "homeostat/adapters/flagd/ofrep.hpp"

#include "homeostat/net/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::adapters::flagd {

namespace {

constexpr std::size_t flags_told_max = 8192;  ///< A flagd may read other sources besides.
constexpr std::size_t text_bytes_max = 1024;

std::string text_in(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    const bool is_text =
        value != nullptr && value->is_string() && value->get_string().size() <= text_bytes_max;
    return is_text ? std::string(value->get_string()) : std::string();
}

void note_mark(const json::object& object, Evaluations& evaluations) {
    const json::value* metadata = object.if_contains("metadata");
    if (metadata == nullptr || !metadata->is_object()) {
        return;
    }
    std::string mark = text_in(metadata->get_object(), effect_member);
    const bool is_new =
        !mark.empty() && std::ranges::find(evaluations.marks, mark) == evaluations.marks.end();
    if (is_new) {
        evaluations.marks.push_back(std::move(mark));
    }
}

/// "i-3.e1 FROM TO": the version that the change had come to.
VersionId changed_to(std::string_view mark) {
    const std::size_t first = std::min(mark.find(' '), mark.size());
    const std::size_t last = std::min(mark.rfind(' '), mark.size());
    return VersionId{first < last ? std::string(mark.substr(first + 1, last - first - 1)) : ""};
}

/// What a flag gives whoever asks; empty: nothing, or that depends on who asks.
struct Wanted {
    bool is_given{false};
    bool depends{false};
    std::string variant;
};

Wanted wanted_of(const Definition* definition) {
    Wanted wanted;
    const Result<json::value> value = definition == nullptr
                                          ? fail(Fault::absent, "no such flag")
                                          : parse_json(definition->text, {.depth_max = 64});
    if (!value || !value->is_object()) {
        return wanted;
    }
    const json::object& flag = value->get_object();
    const json::value* targeting = flag.if_contains("targeting");
    wanted.is_given = text_in(flag, "state") != "DISABLED";
    wanted.depends =
        targeting != nullptr && targeting->is_object() && !targeting->get_object().empty();
    wanted.variant = text_in(flag, "defaultVariant");
    return wanted;
}

std::string objection_to(const Evaluations& seen, const Difference& one) {
    const Wanted wanted = wanted_of(one.to);
    const auto found = std::ranges::find(seen.flags, one.key, &Evaluation::key);
    const bool is_given = found != seen.flags.end();
    // One without a default variant is given by some and not by others.
    if (wanted.depends || (wanted.is_given && wanted.variant.empty())) {
        return {};
    }
    if (is_given != wanted.is_given) {
        return fmt::format("flagd {} the flag {}", is_given ? "still gives" : "does not give",
                           shown(one.key));
    }
    return is_given && found->variant != wanted.variant
               ? fmt::format("flagd gives {} of the flag {}, and not its default",
                             shown(found->variant), shown(one.key))
               : std::string();
}

bool is_told_by_mark_alone(const Difference& one) {
    return one.kind == DefinitionKind::shared || wanted_of(one.to).depends;
}

}  // namespace

Result<Evaluations> parse_evaluations(std::string_view body) {
    const Result<json::value> value = parse_json(body);
    if (!value || !value->is_object()) {
        return fail(Fault::broken, "flagd's answer is no JSON object");
    }
    const json::object& reply = value->get_object();
    Evaluations evaluations;
    note_mark(reply, evaluations);
    const json::value* flags = reply.if_contains("flags");
    if (flags == nullptr) {
        return evaluations;  // Of no flag at all flagd leaves the member out.
    }
    if (!flags->is_array() || flags->get_array().size() > flags_told_max) {
        return fail(Fault::broken, "flagd's answer has no list of flags");
    }
    for (const json::value& item : flags->get_array()) {
        const json::object* flag = item.if_object();
        if (flag == nullptr || text_in(*flag, "key").empty()) {
            return fail(Fault::broken, "flagd's answer has a flag without a key");
        }
        if (!text_in(*flag, "errorCode").empty()) {
            continue;
        }
        evaluations.flags.push_back({text_in(*flag, "key"), text_in(*flag, "variant")});
        note_mark(*flag, evaluations);
    }
    return evaluations;
}

std::string objection_to(const Evaluations& seen,
                         const FlagFile& file,
                         const FlagHistory& history) {
    if (std::ranges::any_of(seen.marks, [&](const std::string& one) { return one != file.mark; })) {
        return "flagd evaluates by what the file said before";
    }
    const FlagVersion* before = history.find(changed_to(file.mark));
    if (before == nullptr) {
        return seen.marks.empty() ? "flagd does not say by which definitions it evaluates" : "";
    }
    for (const Difference& one : differences(before->definitions, file.definitions)) {
        if (seen.marks.empty() && is_told_by_mark_alone(one)) {
            return "flagd does not say by which definitions it evaluates";
        }
        if (one.kind == DefinitionKind::flag) {
            if (std::string objection = objection_to(seen, one); !objection.empty()) {
                return objection;
            }
        }
    }
    return {};
}

Task<Result<Evaluations>> evaluate_all(boost::asio::any_io_executor executor,
                                       net::Endpoint endpoint,
                                       Instant deadline) {
    net::HttpRequest request;
    request.method = "POST";
    request.path = "/ofrep/v1/evaluate/flags";
    request.content_type = "application/json";
    request.body = R"({"context":{}})";
    const Result<net::HttpResponse> response = co_await net::request_once(
        std::move(executor), std::move(endpoint), std::move(request), deadline);
    if (!response) {
        co_return fail("flagd", response.error());
    }
    if (response->status != 200) {
        co_return fail(Fault::broken, fmt::format("flagd answers {} to an evaluation of all flags",
                                                  response->status));
    }
    co_return parse_evaluations(response->body);
}

}  // namespace homeostat::adapters::flagd
