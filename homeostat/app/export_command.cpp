// `homeostat export`: the entries of a ledger for other programs.

#include "homeostat/adapters/segment_log/segment_reader.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/export_format.hpp"
#include "homeostat/app/ledger_place.hpp"
#include "homeostat/app/when.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/os/interrupts.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;

/// Where the lines go: standard output, or a file that appears once it is whole.
class Target {
  public:
    explicit Target(std::filesystem::path file)
        : file_(std::move(file)), partial_(file_.string() + ".partial") {}
    ~Target() {
        if (part_) {
            std::error_code ignored;  // It was ours, and nobody waits for it.
            std::filesystem::remove(partial_, ignored);
        }
    }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

    [[nodiscard]] Result<void> begin() {
        if (file_.empty()) {
            return {};
        }
        std::error_code ignored;
        std::filesystem::remove(partial_, ignored);  // Of an export that was killed.
        Result<ledger::OpenFile> opened = disk_.open(partial_);
        if (!opened) {
            return std::unexpected(opened.error());
        }
        part_ = std::move(*opened);
        return {};
    }

    [[nodiscard]] Result<void> write(std::string_view text) {
        constexpr std::size_t bytes_at_once = std::size_t{1} << 20U;
        waiting_ += text;
        return waiting_.size() < bytes_at_once ? Result<void>{} : flush();
    }

    [[nodiscard]] Result<void> finish() {
        Result<void> done = flush();
        if (!part_ || !done) {
            return done;
        }
        done = disk_.sync(*part_);
        if (!done) {
            return done;
        }
        std::error_code error;
        std::filesystem::rename(partial_, file_, error);
        if (error) {
            return fail(Fault::full, file_.string() + ": " + error.message());
        }
        part_.reset();
        const std::filesystem::path parent = file_.parent_path();
        return disk_.sync_directory(parent.empty() ? "." : parent);
    }

  private:
    [[nodiscard]] Result<void> flush() {
        const std::string text = std::exchange(waiting_, {});
        if (part_) {
            return disk_.append(*part_, text);
        }
        const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
        return is_written && std::fflush(stdout) == 0
                   ? Result<void>{}
                   : fail(Fault::full, "standard output takes no more");
    }

    std::filesystem::path file_;
    std::filesystem::path partial_;
    ledger::Disk disk_;
    std::optional<ledger::OpenFile> part_;
    std::string waiting_;
};

struct Selection {
    std::optional<WallTime> since{};
    std::optional<WallTime> until{};
    IncidentId incident;

    [[nodiscard]] bool takes(const EntryGroup& group) const {
        return (!since || group.wall_at >= *since) && (!until || group.wall_at < *until);
    }
    [[nodiscard]] bool takes(const Entry& entry) const {
        return entry.kind != EntryKind::checkpoint &&
               (incident.empty() || entry.incident == incident);
    }
};

/// One reading of the ledger.
class Export {
  public:
    Export(Selection selection, ExportFormat format, Target& target)
        : selection_(std::move(selection)), format_(format), target_(target) {}

    [[nodiscard]] Result<void> take(const ledger::FoundGroup& found) {
        if (os::is_interrupted()) {
            return fail(Fault::refused, "interrupted");
        }
        const EntryGroup& group = found.stored.group;
        groups_count_ += 1;
        tell_progress();
        std::size_t position = 0;
        for (const Entry& entry : group.entries) {
            note_service(entry);
            if (selection_.takes(group) && selection_.takes(entry)) {
                entries_count_ += 1;
                const Result<void> written =
                    target_.write(line_of({group, entry, position, found.hash, service_}, format_));
                if (!written) {
                    return written;
                }
            }
            position += 1;
        }
        return {};
    }

    [[nodiscard]] std::uint64_t entries_count() const { return entries_count_; }

  private:
    void note_service(const Entry& entry) {
        if (entry.kind == EntryKind::started) {
            const Result<StartedBody> started = from_json<StartedBody>(entry.body);
            service_ = started ? started->service.text() : service_;
        }
    }

    void tell_progress() {
        using std::chrono::steady_clock;
        const steady_clock::time_point now = steady_clock::now();
        if (now - told_at_ > std::chrono::seconds{2}) {  // A short export says nothing.
            told_at_ = now;
            fmt::print(stderr, "homeostat: {} groups read, {} entries exported\n", groups_count_,
                       entries_count_);
        }
    }

    Selection selection_;
    ExportFormat format_;
    Target& target_;
    std::string service_;
    std::uint64_t groups_count_{0};
    std::uint64_t entries_count_{0};
    std::chrono::steady_clock::time_point told_at_{std::chrono::steady_clock::now()};
};

Result<Selection> selection_of(const ExportOptions& options) {
    Selection selection{.incident = IncidentId(options.incident)};
    const Result<std::optional<WallTime>> since = when_of(options.since);
    const Result<std::optional<WallTime>> until = when_of(options.until);
    if (!since || !until) {
        return fail(since ? "--until" : "--since", since ? until.error() : since.error());
    }
    selection.since = *since;
    selection.until = *until;
    return selection;
}

Result<void> write_all_of(const ledger::LedgerFiles& files,
                          const ExportOptions& options,
                          Selection selection) {
    const ExportFormat format = options.is_csv ? ExportFormat::csv : ExportFormat::jsonl;
    Target target(options.out);
    Result<void> done = target.begin();
    if (done) {
        done = target.write(head_of(format));
    }
    if (!done) {
        return done;
    }
    Export reading(std::move(selection), format, target);
    const Result<ledger::LedgerEnd> end = ledger::read_segments(
        files, 0, [&](const ledger::FoundGroup& found) { return reading.take(found); });
    if (!end) {
        return std::unexpected(end.error());
    }
    if (reading.entries_count() == 0 && !options.incident.empty()) {
        const std::string_view dropped =
            end->begin.next_index == 0
                ? ""
                : "; what is older than the ledger's beginning was dropped by age (record.keep)";
        return fail(Fault::absent,
                    fmt::format("there is nothing of incident {} then; `homeostat incidents` lists "
                                "those that there are{}",
                                options.incident, dropped));
    }
    return target.finish();
}

}  // namespace

ExitStatus export_ledger(const ExportOptions& options) {
    const Result<LedgerPlace> place = place_of(options.ledger);
    const Result<Selection> selection = selection_of(options);
    if (!place || !selection) {
        complain(place ? selection.error().text : place.error().text);
        return ExitStatus::usage;
    }
    os::note_interrupts();
    const Result<void> done = write_all_of(place->files(), options, *selection);
    if (!done && os::is_interrupted()) {  // One that comes after the last group changes nothing.
        complain(options.out.empty() ? "interrupted: what was printed is not all"
                                     : "interrupted: nothing was written");
        return ExitStatus::interrupted;
    }
    if (!done) {
        complain(done.error().text);
        const bool is_usage =
            done.error().fault == Fault::absent || done.error().fault == Fault::invalid;
        return is_usage ? ExitStatus::usage : ExitStatus::unexpected;
    }
    return ExitStatus::ok;
}

}  // namespace homeostat::app
