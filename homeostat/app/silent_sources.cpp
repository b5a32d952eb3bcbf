#include "homeostat/app/silent_sources.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::app {

namespace {

/// Sources are read at paces of their own: what fell silent within that is one trouble.
constexpr Duration together_within = std::chrono::minutes{1};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// The status of HTTP that stands in what is said, as "pods: 403 Forbidden: …" has it; empty: none.
/// Whatever else stands there is somebody else's word, and this is one of 200 numbers.
std::string_view status_in(std::string_view said) {
    constexpr std::size_t digits = 3;
    for (std::size_t at = 0; at + digits <= said.size(); ++at) {
        const std::string_view number = said.substr(at, digits);
        const bool begins = at == 0 || said.substr(0, at).ends_with(": ");
        const bool ends =
            at + digits == said.size() || said[at + digits] == ':' || said[at + digits] == ' ';
        const bool is_failure = number.front() == '4' || number.front() == '5';
        if (begins && ends && is_failure && std::ranges::all_of(number, is_digit)) {
            return number;
        }
    }
    return {};
}

}  // namespace

std::string name_silent(const std::string& source, std::string_view trouble) {
    const std::string_view status = status_in(trouble);
    return source + " does not answer" + (status.empty() ? "" : fmt::format(" ({})", status));
}

void add_silent(console::Notice& notice, const std::map<std::string, std::string>& troubles) {
    for (const auto& [source, trouble] : troubles) {
        if (notice.details.size() < console::notice_details_max) {
            notice.details.push_back(name_silent(source, trouble));
        }
    }
}

bool SilentSources::forget_answering(const std::map<std::string, std::string>& troubles) {
    const auto is_told = [](const auto& one) { return one.second.is_told; };
    const bool was_told = std::ranges::any_of(silences_, is_told);
    std::erase_if(silences_, [&](const auto& one) { return !troubles.contains(one.first); });
    return was_told && std::ranges::none_of(silences_, is_told);
}

console::Notice SilentSources::notice_of(std::string text, WallTime wall_now) const {
    console::Notice notice;
    notice.id = fmt::format("silent-{}", wall_now.time_since_epoch().count());
    notice.kind = console::NoticeKind::silent;
    notice.service = service_;
    notice.text = std::move(text);
    notice.at = wall_now;
    return notice;
}

std::optional<console::Notice> SilentSources::learn(
    const std::map<std::string, std::string>& troubles, Instant now, WallTime wall_now) {
    const bool has_come_back = forget_answering(troubles);
    for (const auto& [source, trouble] : troubles) {
        silences_.try_emplace(source, Silence{now});
    }
    const bool is_due = std::ranges::any_of(silences_, [&](const auto& one) {
        return !one.second.is_told && now - one.second.since >= silent_until_told;
    });
    if (!is_due) {
        return has_come_back ? std::optional(notice_of("what was silent answers again", wall_now))
                             : std::nullopt;
    }
    console::Notice notice =
        notice_of(fmt::format("for {} minutes there was no answer from what the agent goes by",
                              std::chrono::floor<std::chrono::minutes>(silent_until_told).count()),
                  wall_now);
    for (auto& [source, silence] : silences_) {
        if (now - silence.since >= silent_until_told - together_within) {
            silence.is_told = true;
            notice.details.push_back(name_silent(source, troubles.at(source)));
        }
    }
    notice.advice =
        "homeostat status says why; meanwhile less is done, and nothing on a guess: look yourself";
    return notice;
}

}  // namespace homeostat::app
