#include "homeostat/app/sources_page.hpp"

#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/marking.hpp"
#include "homeostat/heal/immune_view.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <map>

namespace homeostat::app {

namespace {

struct SourcesAnswer {
    ServiceId service;
    bool is_configured{false};
    heal::ImmuneView sources;

    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("is_configured", self.is_configured);
        field("sources", self.sources, may_be_absent);
    }
};

std::uint64_t count_of(const std::map<std::string, std::uint64_t>& counts, Mark mark) {
    const auto found = counts.find(std::string(to_text(mark)));
    return found == counts.end() ? 0 : found->second;
}

std::string state_of(const heal::FeedView& feed) {
    if (feed.is_quarantined) {
        return "quarantined";
    }
    return feed.is_answering ? "answers" : "SILENT";
}

/// "2 allowed, 1 reserved"
std::string refusals_of(const heal::FeedView& feed) {
    std::string text;
    for (const auto& [why, count] : feed.refused) {
        if (count > 0) {
            fmt::format_to(std::back_inserter(text), "{}{} {}", text.empty() ? "" : ", ", count,
                           plain(why));
        }
    }
    return text.empty() ? "none" : text;
}

}  // namespace

Result<std::string> sources_page(const json::value& document) {
    const Result<SourcesAnswer> answer = from_json<SourcesAnswer>(document);
    if (!answer) {
        return std::unexpected(answer.error());
    }
    const std::string self = plain(answer->service.text());
    if (!answer->is_configured) {
        return fmt::format("{}: it reads no list; see block_sources: in docs/block_sources.md\n",
                           self);
    }
    const heal::ImmuneView& view = answer->sources;
    std::string page =
        fmt::format("{}:\n  {:<12} {:>9} {:>12}\n", self, "mark", "sources", "requests");
    for (const Mark mark : {Mark::watched, Mark::on_trial, Mark::denied}) {
        fmt::format_to(std::back_inserter(page), "  {:<12} {:>9} {:>12}\n", to_text(mark),
                       count_of(view.sources, mark), count_of(view.requests, mark));
    }
    for (const heal::FeedView& feed : view.feeds) {
        fmt::format_to(std::back_inserter(page),
                       "  {}: {}, lists {}; not taken in: {}; about something else: {}\n",
                       plain(feed.feed), state_of(feed), feed.sources, refusals_of(feed),
                       feed.skipped);
    }
    if (view.taken_back > 0) {
        fmt::format_to(std::back_inserter(page),
                       "  too many were denied, and taken back: {} times\n", view.taken_back);
    }
    if (!view.trouble.empty()) {
        fmt::format_to(std::back_inserter(page),
                       "  no mark is changed now, and those above hold until their end: {}\n",
                       plain(view.trouble));
    }
    return page;
}

}  // namespace homeostat::app
