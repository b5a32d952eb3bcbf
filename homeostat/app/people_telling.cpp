// How people are told: by which channels, with which links, and how far it is written down.

#include "homeostat/app/link_key.hpp"
#include "homeostat/app/people.hpp"
#include "homeostat/record/redact.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace homeostat::app {

namespace {

/// A message that was taken is written down at once. That there was nothing to tell is learnt
/// again, should it be lost.
constexpr Duration cursors_kept_every = std::chrono::minutes{1};

}  // namespace

console::Notice People::with_links(console::Notice notice, const ChannelConfig& channel) const {
    if (!page_ || notice.answers.empty() || !notice.until) {
        return notice;
    }
    for (const std::string& person : channel.people) {
        const console::Link link{.incident = notice.incident,
                                 .question = notice.answers,
                                 .person = person,
                                 .expires_at = *notice.until,
                                 .nonce = draw_link_nonce()};
        notice.links.push_back({person, console::link_to(*page_, console::token_of(link, key_))});
    }
    return notice;
}

/// Before it has its links, which are secrets that are meant to be told.
void People::tell(console::Notice notice, std::optional<std::uint64_t> closed_in) {
    notice.text = record::redact(notice.text);
    std::ranges::for_each(notice.details,
                          [](std::string& detail) { detail = record::redact(detail); });
    notice.due_after = closed_in.value_or(looked_at_);
    for (Line& line : lines_) {
        if (!closed_in || line.cursor.owes(*closed_in)) {
            line.channel->tell(with_links(notice, line.config));
        }
    }
}

/// Of what a successor finds done it tells once more, by the same ids.
void People::tell_of_acts() {
    std::set<std::string> now;
    for (const heal::UndoableView& view : context_.role.undoable()) {
        const console::Notice notice =
            acted_notice(config_.service, view, on_the_wall(view.until), context_.clock.wall_now(),
                         has_approvers(config_));
        now.insert(notice.id);
        if (!acts_told_.contains(notice.id)) {
            tell(notice);
        }
    }
    acts_told_ = std::move(now);
}

/// Also those that a process before us has closed, where it did not come to tell of them.
void People::tell_of_closed() {
    for (const ClosedCase& closed : context_.cases.take_closed()) {
        const auto told = told_.extract(closed.incident);
        if (closed.is_owed || (!told.empty() && told.mapped().is_any())) {
            tell(closed_notice(config_.service, closed, closed.wall_at), closed.group);
        }
    }
}

/// REQUIRES: all that is to be told of the groups before `looked_at_` was handed to the channels.
void People::keep_cursors() {
    NoticeCursors now;
    bool has_told = false;
    for (Line& line : lines_) {
        const std::optional<std::uint64_t> owed_after = line.channel->owed_after();
        line.cursor.reach(owed_after, looked_at_);
        now[line.cursor_name] = line.cursor.groups();
        const bool was_owed = std::exchange(line.is_owed, owed_after.has_value());
        has_told = has_told || (was_owed && !owed_after);
    }
    const Instant at = context_.clock.now();
    const bool is_due = has_told || is_stopping_ || at >= cursors_kept_at_ + cursors_kept_every;
    if (now == cursors_kept_ || !is_due) {
        return;
    }
    const Result<void> written =
        write_notice_cursors(notices_file_of(config_.ledger_directory), now);
    if (!written && !std::exchange(is_cursor_trouble_told_, true)) {
        context_.log(
            "notify: how far people were told cannot be written down, and is told "
            "again after a start: " +
            written.error().text);
    }
    cursors_kept_ = std::move(now);
    cursors_kept_at_ = at;
}

void People::try_path(const std::string& name) {
    const auto line = std::ranges::find(lines_, name, &Line::name);
    if (line != lines_.end()) {
        line->asked_at = context_.clock.now();
        line->asked_behind = context_.cases.position_last();
        line->channel->try_path();
    }
}

Result<ports::HeldOutside> People::last_word(const std::string& name) const {
    const auto line = std::ranges::find(lines_, name, &Line::name);
    if (line == lines_.end() || !line->asked_behind) {
        return fail(Fault::absent, "nobody has tried the path yet");
    }
    const Result<void> path = line->channel->path_since(line->asked_at);
    return path ? Result<ports::HeldOutside>(
                      ports::HeldOutside{line->asked_behind->index, line->asked_behind->hash})
                : std::unexpected(path.error());
}

}  // namespace homeostat::app
