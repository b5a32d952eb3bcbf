#include "homeostat/adapters/segment_log/checkpoint_store.hpp"

#include "homeostat/graph/stored_commit.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::adapters::segment_log {

using graph::Commit;

namespace {

using VisitCommit = std::function<Result<void>(Commit)>;

/// Visits the commits in a group. ERRORS: corrupt, naming the group, and those of `visit`.
Result<void> visit_commits(const EntryGroup& group, const VisitCommit& visit) {
    for (const Entry& entry : group.entries) {
        if (entry.kind != EntryKind::checkpoint) {
            continue;
        }
        Result<Commit> commit = graph::from_stored(entry.body);
        if (!commit) {
            return fail("group " + std::to_string(group.index), commit.error());
        }
        if (Result<void> visited = visit(std::move(*commit)); !visited) {
            return visited;
        }
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<CheckpointStore>> CheckpointStore::open(WriterOptions options) {
    Result<SegmentWriter> writer = SegmentWriter::open(std::move(options));
    if (!writer) {
        return std::unexpected(writer.error());
    }
    std::unique_ptr<CheckpointStore> store(new CheckpointStore(std::move(*writer)));
    if (Result<void> recovered = store->recover(); !recovered) {
        return std::unexpected(recovered.error());
    }
    return store;
}

Result<void> CheckpointStore::recover() {
    const Result<LedgerEnd> end = writer_.read([this](const FoundGroup& found) {
        return visit_commits(found.stored.group, [this](Commit commit) -> Result<void> {
            const auto known = threads_.find(commit.thread);
            const Commit* last = known == threads_.end() ? nullptr : &known->second.commits.back();
            if (Result<void> checked = graph::check_next(last, commit); !checked) {
                return fail(Fault::corrupt, checked.error().text);
            }
            remember(std::move(commit));
            return {};
        });
    });
    return end ? writer_.go_on_after(*end) : std::unexpected(end.error());
}

void CheckpointStore::remember(Commit commit) {
    std::vector<Commit>& commits = threads_[commit.thread].commits;
    if (commit.is_snapshot) {
        commits.clear();
    }
    commits.push_back(std::move(commit));
}

Result<std::uint64_t> CheckpointStore::claim(const std::string& thread) {
    return ++threads_[thread].epoch;  // Another process is kept out by the directory's lock.
}

Result<void> CheckpointStore::append(const Commit& commit,
                                     std::uint64_t epoch,
                                     graph::Durability durability) {
    const auto found = threads_.find(commit.thread);
    if (found == threads_.end() || found->second.epoch != epoch) {
        return fail(Fault::refused, "thread " + commit.thread + " has another writer");
    }
    const std::vector<Commit>& commits = found->second.commits;
    const Commit* last = commits.empty() ? nullptr : &commits.back();
    if (Result<void> checked = graph::check_next(last, commit); !checked) {
        return checked;
    }
    EntryGroup group;
    group.at = commit.at;
    group.entries.push_back(
        {EntryKind::checkpoint, IncidentId(commit.thread), graph::to_stored(commit)});
    const bool is_synced = durability == graph::Durability::synced;
    const Result<Written> written = writer_.append(
        std::move(group), is_synced ? ports::Durability::synced : ports::Durability::written);
    if (!written) {
        return std::unexpected(written.error());
    }
    remember(commit);
    return {};
}

Result<const CheckpointStore::Latest*> CheckpointStore::find(const std::string& thread) const {
    const auto found = threads_.find(thread);
    if (found == threads_.end() || found->second.commits.empty()) {
        return fail(Fault::absent, "there is no thread " + thread);
    }
    return &found->second;
}

Result<std::vector<Commit>> CheckpointStore::all_of(const std::string& thread) const {
    std::vector<Commit> all;
    const Result<LedgerEnd> end = writer_.read([&](const FoundGroup& found) {
        return visit_commits(found.stored.group, [&](Commit commit) -> Result<void> {
            if (commit.thread == thread) {
                all.push_back(std::move(commit));
            }
            return {};
        });
    });
    return end ? Result<std::vector<Commit>>(std::move(all)) : std::unexpected(end.error());
}

Result<std::vector<Commit>> CheckpointStore::read(const std::string& thread,
                                                  std::uint64_t until) const {
    const Result<const Latest*> latest = find(thread);
    if (!latest) {
        return std::unexpected(latest.error());
    }
    const std::uint64_t last = (*latest)->commits.back().number;
    if (until == 0 || until == last) {
        return (*latest)->commits;
    }
    if (until > last) {
        return fail(Fault::absent, "thread " + thread + " has no commit " + std::to_string(until));
    }
    Result<std::vector<Commit>> all = all_of(thread);
    if (!all) {
        return all;
    }
    all->resize(until);
    const auto after = std::ranges::find_if(all->rbegin(), all->rend(), &Commit::is_snapshot);
    const auto before_snapshot = all->rend() - after - 1;
    all->erase(all->begin(), all->begin() + before_snapshot);
    return all;
}

Result<std::vector<Commit>> CheckpointStore::history(const std::string& thread,
                                                     std::uint64_t before,
                                                     std::size_t count_max) const {
    if (const Result<const Latest*> latest = find(thread); !latest) {
        return std::unexpected(latest.error());
    }
    Result<std::vector<Commit>> all = all_of(thread);
    if (!all) {
        return all;
    }
    if (before > 0) {
        all->resize(std::min<std::size_t>(all->size(), before - 1));
    }
    std::ranges::reverse(*all);
    all->resize(std::min(all->size(), count_max));
    return all;
}

Result<std::vector<std::string>> CheckpointStore::threads() const {
    std::vector<std::string> names;
    for (const auto& [name, latest] : threads_) {
        if (!latest.commits.empty()) {
            names.push_back(name);
        }
    }
    return names;
}

}  // namespace homeostat::adapters::segment_log
