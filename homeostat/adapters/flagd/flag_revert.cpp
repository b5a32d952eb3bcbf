#include "homeostat/adapters/flagd/flag_revert.hpp"

#include "homeostat/base/ensure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::adapters::flagd {

namespace {

/// The object that is the member's value; made at the end, if there is none.
json::object& object_in(json::object& document, std::string_view name) {
    json::value& member = document[name];
    return member.is_object() ? member.get_object() : member.emplace_object();
}

void put(json::object& document, const Difference& one) {
    json::object& all =
        object_in(document, one.kind == DefinitionKind::flag ? "flags" : "$evaluators");
    if (one.to == nullptr) {
        if (const auto found = all.find(one.key); found != all.end()) {
            all.stable_erase(found);
        }
        return;
    }
    const Result<json::value> value =
        parse_json(one.to->text, JsonLimits{.bytes_max = flag_file_bytes_max, .depth_max = 64});
    ensure(value.has_value(), "a definition's text was checked when it was taken in");
    all[one.key] = *value;
}

/// All of `version` that differs from `other` is so now.
bool is_in_force(const FlagFile& now, const FlagVersion& version, const FlagVersion& other) {
    const std::vector<Difference> changed = differences(other.definitions, version.definitions);
    return std::ranges::all_of(changed, [&](const Difference& one) {
        return is_same(find(now.definitions, one.kind, one.key), one.to);
    });
}

}  // namespace

Result<FlagRevert> revert_of(const SwapVersion& step,
                             const EffectId& effect,
                             const FlagFile& now,
                             const FlagHistory& history) {
    const FlagVersion* from = history.find(step.from);
    const FlagVersion* to = history.find(step.to);
    if (from == nullptr || to == nullptr) {
        return fail(Fault::absent, fmt::format("nothing is kept of the flags {}",
                                               (from == nullptr ? step.from : step.to).text()));
    }
    FlagRevert revert;
    json::object document = now.document;
    const std::vector<Difference> changed = differences(from->definitions, to->definitions);
    for (const Difference& one : changed) {
        if (!is_same(find(now.definitions, one.kind, one.key), one.from)) {
            return fail(Fault::refused, fmt::format("the flag {} is no longer what {} made of it",
                                                    shown(one.key), step.from.text()));
        }
        put(document, one);
        if (one.to != nullptr) {
            revert.restored.push_back(*one.to);
        } else if (one.kind == DefinitionKind::flag) {
            revert.removed.push_back(one.key);
        }
    }
    Result<FlagFile> without_mark = parse_flag_file(to_text(json::value(document)));
    if (!without_mark) {
        return fail(Fault::refused, without_mark.error().text);
    }
    revert.version = std::move(without_mark->version);
    revert.mark = fmt::format("{} {} {}", effect.text(), step.from.text(), revert.version.text());
    object_in(document, "metadata")[effect_member] = json::value(revert.mark);
    revert.text = to_pretty_text(json::value(std::move(document))) + "\n";
    if (revert.text.size() > flag_file_bytes_max) {
        return fail(Fault::refused,
                    fmt::format("the file would be larger than {} bytes", flag_file_bytes_max));
    }
    return revert;
}

VersionFacts facts_of(const FlagFile& now, const FlagHistory& history) {
    VersionFacts facts;
    facts.current = now.version;
    for (const FlagVersion& one : history.versions()) {
        facts.present.push_back(one.version);
        for (const FlagVersion& other : history.versions()) {
            const bool is_told = one.version == now.version || one.version == other.version;
            if (!is_told && is_in_force(now, one, other)) {
                facts.parts.push_back({one.version, other.version});
            }
        }
    }
    std::ranges::sort(facts.present);
    return facts;
}

}  // namespace homeostat::adapters::flagd
