#include "homeostat/adapters/process/changes_file.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/id.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::adapters::process {

namespace {

// A deploy tool writes a few lines a day; this is what a mistake may cost us per read.
constexpr std::size_t bytes_per_read_max = std::size_t{256} * 1024;

struct ChangeLine {
    ChangeKind kind{ChangeKind::deploy};
    ServiceId service;
    std::optional<VersionId> from;
    std::optional<VersionId> to;
    std::optional<std::string> reference;

    static void fields(auto& self, auto&& field) {
        field("kind", self.kind);
        field("service", self.service);
        field("from", self.from);
        field("to", self.to);
        field("reference", self.reference);
    }
};

bool is_plain_or_absent(std::string_view text) {
    return text.empty() || is_plain_name(text);
}

}  // namespace

Result<Change> parse_change_line(std::string_view line) {
    const Result<json::value> value =
        parse_json(line, JsonLimits{.bytes_max = change_line_bytes_max, .depth_max = 2});
    if (!value) {
        return std::unexpected(value.error());
    }
    const Result<ChangeLine> told = from_json<ChangeLine>(*value);
    if (!told) {
        return std::unexpected(told.error());
    }
    Change change;
    change.kind = told->kind;
    change.service = told->service;
    change.from = told->from.value_or(VersionId{});
    change.to = told->to.value_or(VersionId{});
    change.reference = told->reference.value_or("");
    if (!is_plain_name(change.service.text())) {
        return fail(Fault::invalid, "service: must be a plain name (letters, digits, _ . -)");
    }
    if (change.kind == ChangeKind::deploy && change.to.empty()) {
        return fail(Fault::invalid, "to: a deploy names the version that it brought");
    }
    if (!is_plain_or_absent(change.from.text()) || !is_plain_or_absent(change.to.text()) ||
        !is_plain_or_absent(change.reference)) {
        return fail(Fault::invalid,
                    "from, to and reference: must be plain names (letters, digits, _ . -)");
    }
    return change;
}

ChangesFile::ChangesFile(std::string path,
                         std::function<void(const std::string&)> report,
                         ports::Clock& clock)
    : path_(std::move(path)),
      name_("changes in " + path_),
      report_(std::move(report)),
      clock_(clock) {}

Task<Result<std::vector<Reading>>> ChangesFile::read(Instant /*deadline*/) {
    std::vector<Reading> readings;
    const Result<os::FileIdentity> file = os::identify_target(path_);
    if (!file && file.error().fault != Fault::absent) {
        co_return std::unexpected(file.error());
    }
    const bool is_another = file && (!seen_ || seen_->inode != file->inode ||
                                     seen_->device != file->device || file->bytes < offset_);
    if (is_another || !file) {
        offset_ = 0;
        lines_count_ = 0;
        is_too_long_ = false;
    }
    seen_ = file ? std::optional<os::FileIdentity>(*file) : std::nullopt;
    bool has_more = file && file->bytes > offset_;
    while (has_more) {
        const Result<std::string> piece = os::read_part(path_, offset_, bytes_per_read_max);
        if (!piece) {
            co_return std::unexpected(piece.error());
        }
        const std::size_t taken = take_lines(*piece, readings);
        offset_ += taken;
        // History is read to its end, for the line numbers; news in bounded portions.
        has_more = is_first_ && taken > 0 && piece->size() == bytes_per_read_max;
    }
    is_first_ = false;
    co_return readings;
}

/// Gives the number of bytes that are done with: whole lines, or the inside of one without an end.
std::size_t ChangesFile::take_lines(std::string_view piece, std::vector<Reading>& readings) {
    std::size_t taken = 0;
    for (std::size_t newline = piece.find('\n'); newline != std::string_view::npos;
         newline = piece.find('\n', taken)) {
        take(piece.substr(taken, newline - taken), readings);
        taken = newline + 1;
    }
    if (piece.size() - taken <= change_line_bytes_max) {
        return taken;
    }
    if (!is_too_long_) {
        take(piece.substr(taken), readings);
        --lines_count_;  // It goes on; its number is used up at its end.
    }
    is_too_long_ = true;
    return piece.size();
}

void ChangesFile::take(std::string_view line, std::vector<Reading>& readings) {
    ++lines_count_;
    const bool was_reported = std::exchange(is_too_long_, false);
    const bool is_blank = line.find_first_not_of(" \t\r") == std::string_view::npos;
    if (was_reported || is_first_ || is_blank) {
        return;
    }
    Result<Change> change = parse_change_line(line);
    if (!change) {
        report_(path_ + ":" + std::to_string(lines_count_) + ": " + change.error().text +
                " (the line is skipped)");
        return;
    }
    change->at = clock_.now();
    readings.emplace_back(ChangeReading{std::move(*change)});
}

}  // namespace homeostat::adapters::process
