#include "homeostat/graph/memory_store.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::graph {

Result<void> check_next(const Commit* last, const Commit& commit) {
    const std::string name = "commit " + std::to_string(commit.number) + " of " + commit.thread;
    const std::uint64_t number = last == nullptr ? 1 : last->number + 1;
    const ContentHash parent = last == nullptr ? ContentHash{} : last->hash;
    if (commit.number != number || commit.parent != parent) {
        return fail(Fault::invalid, name + " is not the next one, which is number " +
                                        std::to_string(number) + " after " + to_hex(parent));
    }
    if (commit.hash != content_hash_of(commit)) {
        return fail(Fault::invalid, name + " is not what its hash says");
    }
    return {};
}

Result<std::uint64_t> MemoryStore::claim(const std::string& thread) {
    return ++threads_[thread].epoch;
}

Result<void> MemoryStore::append(const Commit& commit, std::uint64_t epoch, Durability) {
    const auto found = threads_.find(commit.thread);
    if (found == threads_.end() || found->second.epoch != epoch) {
        return fail(Fault::refused, "thread " + commit.thread + " has another writer");
    }
    std::vector<Commit>& commits = found->second.commits;
    const Commit* last = commits.empty() ? nullptr : &commits.back();
    if (Result<void> checked = check_next(last, commit); !checked) {
        return checked;
    }
    commits.push_back(commit);
    return {};
}

Result<const MemoryStore::Kept*> MemoryStore::find(const std::string& thread) const {
    const auto found = threads_.find(thread);
    if (found == threads_.end() || found->second.commits.empty()) {
        return fail(Fault::absent, "there is no thread " + thread);
    }
    return &found->second;
}

Result<std::vector<Commit>> MemoryStore::read(const std::string& thread,
                                              std::uint64_t until) const {
    const Result<const Kept*> kept = find(thread);
    if (!kept) {
        return std::unexpected(kept.error());
    }
    const std::vector<Commit>& commits = (*kept)->commits;
    if (until > commits.size()) {
        return fail(Fault::absent, "thread " + thread + " has no commit " + std::to_string(until));
    }
    const auto end =
        commits.begin() + static_cast<std::ptrdiff_t>(until == 0 ? commits.size() : until);
    auto begin = end - 1;
    while (!begin->is_snapshot && begin != commits.begin()) {
        --begin;
    }
    return std::vector<Commit>(begin, end);
}

Result<std::vector<Commit>> MemoryStore::history(const std::string& thread,
                                                 std::uint64_t before,
                                                 std::size_t count_max) const {
    const Result<const Kept*> kept = find(thread);
    if (!kept) {
        return std::unexpected(kept.error());
    }
    const std::vector<Commit>& commits = (*kept)->commits;
    std::size_t next =
        before == 0 ? commits.size() : std::min<std::size_t>(before - 1, commits.size());
    std::vector<Commit> found;
    for (; next > 0 && found.size() < count_max; --next) {
        found.push_back(commits[next - 1]);
    }
    return found;
}

Result<std::vector<std::string>> MemoryStore::threads() const {
    std::vector<std::string> names;
    for (const auto& [name, kept] : threads_) {
        if (!kept.commits.empty()) {
            names.push_back(name);
        }
    }
    return names;
}

}  // namespace homeostat::graph
