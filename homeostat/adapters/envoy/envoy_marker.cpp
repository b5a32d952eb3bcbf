#include "homeostat/adapters/envoy/envoy_marker.hpp"

#include "homeostat/adapters/envoy/file_change.hpp"
#include "homeostat/adapters/envoy/sources_watchdog.hpp"
#include "homeostat/adapters/envoy/watch_lock.hpp"
#include "homeostat/os/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace homeostat::adapters::envoy {

namespace {

/// The wall clock is read in whole milliseconds, so each way over it may be one of them short.
constexpr std::chrono::milliseconds clock_step{1};

/// So many lines at each change are no harm to a log (docs/envoy.md).
constexpr std::size_t loud_marks_max = 100;

/// Takes off what has ended. Where a watchdog begins in this moment, that one does it.
void end_in_its_stead(const std::string& directory) {
    if (Result<SourcesWatchdog> stand_in = SourcesWatchdog::take(directory)) {
        static_cast<void>(stand_in->pass(os::read_wall_clock()));
    }
}

/// What speaks against an order before Envoy is asked.
std::optional<Outcome> objection_to(const Marking& marking,
                                    const std::string& directory,
                                    Instant now) {
    if (marking.mark == Mark::none) {
        return std::nullopt;
    }
    if (marking.until <= now) {
        return refused("its time is over already");
    }
    if (marking.until > now + mark_lasts_max) {
        return refused("it would last longer than any mark of ours");
    }
    // `watched` refuses nobody, and is what a denial becomes that is taken back.
    if (marking.mark != Mark::watched && !has_sources_watchdog(directory)) {
        // Marks that are not renewed are over for immune, and no order takes them off.
        end_in_its_stead(directory);
        return refused(
            fmt::format("no watchdog would end it again: start `homeostat envoy-watchdog "
                        "--directory {}`",
                        directory));
    }
    return std::nullopt;
}

}  // namespace

/// ERRORS: absent, invalid, unreachable.
Result<void> EnvoyMarker::read_file() {
    const std::string path = sources_path(admin_.options().directory);
    // Before it is read: of one that is put in place meanwhile the next order sees that it is new.
    const Result<os::FileIdentity> identity = os::identify_file(path);
    if (!identity) {
        return std::unexpected(identity.error());
    }
    if (kept_ && kept_->identity.is_same_as(*identity)) {
        return {};
    }
    kept_.reset();
    Result<std::string> text = os::read_file(path, sources_file_limits.bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<SourcesFile> file = SourcesFile::parse(*text);
    if (!file) {
        return fail(path, file.error());
    }
    kept_.emplace(*identity, *std::move(text), *std::move(file));
    return {};
}

std::map<Network, Mark> EnvoyMarker::marks_after(const Marking& marking) const {
    std::map<Network, Mark> marks = kept_->file.marks;
    for (const Network& source : marking.sources) {
        if (marking.mark == Mark::none) {
            marks.erase(source);
        } else {
            marks[source] = marking.mark;
        }
    }
    std::erase_if(marks, [this](const auto& marked) {
        return std::ranges::any_of(
            allowed_, [&marked](const Network& one) { return overlap(one, marked.first); });
    });
    return marks;
}

/// Ends of what has a mark afterwards, and of nothing else. What cannot be read is no end.
Result<void> EnvoyMarker::write_ends(const Marking& marking, const std::map<Network, Mark>& marks) {
    const std::string path = ends_path(admin_.options().directory);
    if (!ends_) {
        const Result<std::string> text = os::read_file(path, sources_file_limits.bytes_max);
        ends_ = text ? parse_source_ends(*text).value_or(SourceEnds{}) : SourceEnds{};
    }
    const Duration lasts = marking.until - os::read_boot_clock();
    const WallTime until = os::read_wall_clock() +
                           std::chrono::ceil<std::chrono::milliseconds>(lasts) + 2 * clock_step;
    for (const Network& source : marking.sources) {
        (*ends_)[source] = until;
    }
    std::erase_if(*ends_, [&marks](const auto& end) { return !marks.contains(end.first); });
    return os::write_file_atomically(path, render_ends(*ends_));
}

Task<Outcome> EnvoyMarker::put(EffectId effect,
                               std::map<Network, Mark> marks,
                               std::uint64_t rejected_total,
                               Instant deadline) {
    const Result<bool> is_log_quiet = co_await admin_.look_at_log(deadline);
    if (!is_log_quiet) {
        co_return nothing_written(is_log_quiet.error());
    }
    if (!*is_log_quiet && marks.size() > std::max(loud_marks_max, kept_->file.marks.size())) {
        co_return refused(
            fmt::format("Envoy would write a line into its log for each of {} marks: start it "
                        "with `--component-log-level misc:error`",
                        marks.size()));
    }
    FileChange change{.path = sources_path(admin_.options().directory),
                      .before = kept_->text,
                      .after = {},
                      .version = version_for(effect),
                      .goal = SourcesGoal{},
                      .rejected_total = rejected_total};
    const SourcesFile after{change.version, kept_->file.critical, std::move(marks)};
    change.after = after.render();
    if (change.after.size() > sources_file_limits.bytes_max) {
        co_return refused(
            fmt::format("{} marks are a file larger than is read again", after.marks.size()));
    }
    Outcome outcome = co_await carry_out(admin_, std::move(change), deadline);
    co_return outcome;
}

Task<Outcome> EnvoyMarker::mark(MarkRequest request, Instant deadline) {
    const Marking& marking = request.marking();
    const std::string& directory = admin_.options().directory;
    if (std::optional<Outcome> objection =
            objection_to(marking, directory, os::read_boot_clock())) {
        co_return *std::move(objection);
    }
    const Result<SourcesReply> loaded = co_await admin_.look_at_sources(deadline);
    if (!loaded) {
        co_return nothing_written(loaded.error());
    }
    if (const Result<void> read = read_file(); !read) {
        co_return nothing_written(read.error());
    }
    const std::string& version = kept_->file.version;
    const bool is_in_force = loaded->version == version;
    if (!is_in_force && !is_ours(version)) {
        co_return file_differs(sources_path(directory), version, loaded->version);
    }
    std::map<Network, Mark> marks = marks_after(marking);
    if (marking.mark != Mark::none) {
        const Result<void> written = write_ends(marking, marks);
        if (!written) {
            co_return nothing_written(written.error());
        }
    }
    if (is_in_force && marks == kept_->file.marks) {
        co_return Outcome{OutcomeKind::done, "Envoy has these marks already"};
    }
    EffectId effect = request.effect();
    Outcome outcome =
        co_await put(std::move(effect), std::move(marks), loaded->rejected_total, deadline);
    if (marking.mark == Mark::none && outcome.kind == OutcomeKind::done) {
        // The watchdog may have put an older file over ours: without an end what is in it is over.
        static_cast<void>(write_ends(marking, marks_after(marking)));
    }
    co_return outcome;
}

Task<Result<MarkCounts>> EnvoyMarker::count(Instant deadline) {
    const Result<SourcesReply> reply = co_await admin_.look_at_sources(deadline);
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    co_return reply->counts;
}

}  // namespace homeostat::adapters::envoy
