#include "homeostat/adapters/segment_log/verify_ledger.hpp"

#include "homeostat/adapters/segment_log/file_sink.hpp"
#include "homeostat/adapters/segment_log/head_reading.hpp"
#include "homeostat/adapters/segment_log/segment_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

/// Goes through a sink's file beside the ledger, line by line. Lines that are added after the
/// beginning are left out: the ledger is read after that moment and has every group before it.
class SinkReading {
  public:
    [[nodiscard]] Result<void> begin(const std::filesystem::path& path) {
        path_ = path;
        std::error_code error;
        bytes_left_ = std::filesystem::file_size(path, error);
        file_.open(path, std::ios::binary);
        if (error || !file_) {
            return fail(Fault::absent, path.string() + ": cannot read the sink's file");
        }
        return next();
    }

    /// Compares the line of this group, if the sink has one.
    [[nodiscard]] Result<void> compare(const ChainedGroup& found, bool is_first) {
        const std::uint64_t index = found.prefix.index;
        while (is_first && point_ && point_->index < index) {  // What was dropped since.
            const bool goes_on = point_->index + 1 == index;
            agreed_count_ += goes_on && point_->hash == found.prefix.previous ? 1 : 0;
            has_dropped_ = true;
            if (goes_on && point_->hash != found.prefix.previous) {
                return fail(Fault::corrupt,
                            fmt::format("group {} is not the one that line {} of {} has seen",
                                        point_->index, line_, path_.string()));
            }
            if (Result<void> read = next(); !read) {
                return read;
            }
        }
        if (!point_ || point_->index > index) {
            return {};
        }
        if (point_->index < index) {
            return fail_at_line(fmt::format("has group {} where {} belongs", point_->index, index));
        }
        if (point_->hash != found.hash) {
            return fail(Fault::corrupt,
                        fmt::format("group {} is not the one that line {} of {} has seen", index,
                                    line_, path_.string()));
        }
        ++agreed_count_;
        return next();
    }

    [[nodiscard]] Result<void> end(std::uint64_t next_index) const {
        if (point_) {
            return fail(Fault::corrupt,
                        fmt::format("the ledger ends before group {}; line {} of {} has seen group "
                                    "{}: the end was cut off, or this is an older copy",
                                    next_index, line_, path_.string(), point_->index));
        }
        if (has_dropped_ && agreed_count_ == 0) {
            return fail(Fault::corrupt,
                        fmt::format("{} has seen other groups than these, and none of them",
                                    path_.string()));
        }
        return {};
    }

    /// Puts the line into `bad` where the sink's file itself was the last trouble.
    void blame(std::optional<BadPlace>& bad) const {
        if (bad_) {
            bad = bad_;
        }
    }

    [[nodiscard]] std::uint64_t agreed_count() const { return agreed_count_; }

  private:
    [[nodiscard]] std::unexpected<Error> fail_at_line(const std::string& why) {
        bad_ = BadPlace{path_.string(), line_begin_, why};
        return fail(Fault::corrupt, fmt::format("{} line {}: {}", path_.string(), line_, why));
    }

    [[nodiscard]] Result<void> next() {
        point_.reset();
        std::string line;
        if (!std::getline(file_, line) || line.size() >= bytes_left_) {
            return {};  // At the end, or at a line that has no line feed yet or came later.
        }
        bytes_left_ -= line.size() + 1;
        line_begin_ = std::exchange(next_begin_, next_begin_ + line.size() + 1);
        ++line_;
        Result<WitnessPoint> point = parse_witness_line(line);
        if (!point) {
            return fail_at_line(point.error().text);
        }
        point_ = std::move(*point);
        return {};
    }

    std::filesystem::path path_;
    std::ifstream file_;
    std::uint64_t bytes_left_{0};
    std::uint64_t line_{0};
    std::uint64_t line_begin_{0};  ///< Offset of `point_`'s line.
    std::uint64_t next_begin_{0};
    std::uint64_t agreed_count_{0};
    bool has_dropped_{false};            ///< It has lines of groups before the first that is there.
    std::optional<WitnessPoint> point_;  ///< The line that waits for its group.
    std::optional<BadPlace> bad_;        ///< In the sink's file.
};

void count(Verification& seen, std::uint64_t entries_count, WallTime wall_at) {
    ++seen.groups_count;
    seen.entries_count += entries_count;
    seen.first_wall_at = seen.first_wall_at.value_or(wall_at);
    seen.last_wall_at = wall_at;
}

void finish(Verification& seen, const LedgerEnd& end) {
    seen.segments_count = end.segments_count;
    seen.head_hash = end.chain.hash;
    seen.torn_tail_bytes = end.torn_tail_bytes;
    seen.first_index = end.begin.next_index;
    if (seen.first_index > 0 && end.dropped) {
        seen.dropped_at = end.dropped->at;
    }
}

/// One reading of a ledger beside what witnesses say of it.
class Checking {
  public:
    Checking(const LedgerFiles& files, const Witness& witness, const VisitChained& also)
        : files_(files), witness_(witness), also_(also) {}

    [[nodiscard]] LedgerCheck run() {
        const Result<void> done = check();
        if (!done) {
            check_.trouble = done.error();
        }
        check_.seen.witnessed_count = sink_.agreed_count();
        for (const HeadReading& heads : heads_) {
            check_.seen.heads_count += heads.agreed_count();
            if (heads.agreed_count() == 0) {
                check_.without_head.push_back(heads.path());
            }
        }
        return std::move(check_);
    }

  private:
    [[nodiscard]] Result<void> check() {
        if (Result<void> begun = begin_witnesses(); !begun) {
            return begun;
        }
        const Result<std::vector<std::filesystem::path>> segments =
            list_segments(files_.disk, files_.directory);
        if (segments && segments->empty() && !has_witness()) {
            return fail(Fault::absent,
                        files_.directory.string() + ": there is no segment of a ledger");
        }
        bool has_head = witness_.head_hash.empty() || witness_.head_hash == genesis_hash();
        const VisitChained visit = [&](const ChainedGroup& found) {
            Result<void> agreed = compare(found);
            // What the first group calls its predecessor anybody may have written there.
            has_head = has_head || (agreed && found.hash == witness_.head_hash);
            return agreed;
        };
        const Result<LedgerEnd> end = read_chain(files_, 0, visit, &check_.first_bad);
        if (!end) {
            blame_witness();
            return std::unexpected<Error>(end.error());
        }
        finish(check_.seen, *end);
        return check_end(*end, has_head);
    }

    /// A group beside what witnesses, and whoever else looks, say of it.
    [[nodiscard]] Result<void> compare(const ChainedGroup& found) {
        const bool is_first = check_.seen.groups_count == 0;
        Result<void> agreed = sink_.compare(found, is_first);
        for (HeadReading& heads : heads_) {
            agreed = agreed ? heads.compare(found) : agreed;
        }
        if (agreed && also_) {
            agreed = also_(found);
        }
        if (agreed) {
            count(check_.seen, found.prefix.entries_count, found.prefix.wall_at);
        }
        return agreed;
    }

    [[nodiscard]] bool has_witness() const {
        return !witness_.head_hash.empty() || !witness_.sink.empty() || !witness_.heads.empty();
    }

    [[nodiscard]] Result<void> begin_witnesses() {
        Result<void> begun;
        if (!witness_.sink.empty()) {
            begun = sink_.begin(witness_.sink);
        }
        heads_ = std::vector<HeadReading>(witness_.heads.size());
        for (std::size_t index = 0; begun && index < heads_.size(); ++index) {
            begun = heads_[index].begin(witness_.heads[index], witness_.public_key);
        }
        blame_witness();
        return begun;
    }

    /// Where a witness's own file ended the reading, that is the place.
    void blame_witness() {
        sink_.blame(check_.first_bad);
        for (const HeadReading& heads : heads_) {
            heads.blame(check_.first_bad);
        }
    }

    /// What is missing at the end, if a witness knows of more.
    [[nodiscard]] Result<void> check_end(const LedgerEnd& end, bool has_head) {
        Result<void> all_seen = sink_.end(end.chain.next_index);
        std::optional<std::uint64_t> begins;
        for (const HeadReading& heads : heads_) {
            begins = std::max(begins, heads.begins());  // Nothing is less than 0.
        }
        for (const HeadReading& heads : heads_) {
            all_seen = all_seen ? heads.end(end, begins) : all_seen;
        }
        if (all_seen && !has_head) {
            all_seen = fail(Fault::corrupt,
                            fmt::format("{}: the chain does not contain {}; the end was cut off, "
                                        "or this is another ledger",
                                        files_.directory.string(), witness_.head_hash));
        }
        if (!all_seen) {
            const std::size_t last = end.segments_count == 0 ? 0 : end.next_segment() - 1;
            check_.first_bad =
                BadPlace{segment_name(last), end.last_segment_bytes, all_seen.error().text};
        }
        return all_seen;
    }

    const LedgerFiles& files_;
    const Witness& witness_;
    const VisitChained& also_;
    SinkReading sink_;
    std::vector<HeadReading> heads_;
    LedgerCheck check_;
};

}  // namespace

LedgerCheck check_ledger(const LedgerFiles& files,
                         const Witness& witness,
                         const VisitChained& also) {
    return Checking(files, witness, also).run();
}

Result<Verification> verify_ledger(const LedgerFiles& files, const Witness& witness) {
    LedgerCheck checked = check_ledger(files, witness);
    if (checked.trouble) {
        return std::unexpected<Error>(std::move(*checked.trouble));
    }
    return std::move(checked.seen);
}

Result<Verification> read_ledger(const LedgerFiles& files,
                                 const std::function<void(const EntryGroup&)>& visit) {
    Verification seen;
    const VisitFound visit_found = [&](const FoundGroup& found) -> Result<void> {
        count(seen, found.stored.entries_count, found.stored.group.wall_at);
        visit(found.stored.group);
        return {};
    };
    const Result<LedgerEnd> end = read_segments(files, 0, visit_found);
    if (!end) {
        return std::unexpected<Error>(end.error());
    }
    finish(seen, *end);
    return seen;
}

}  // namespace homeostat::adapters::segment_log
