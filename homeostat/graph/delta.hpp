#pragma once

// Delta: what a commit holds, and how it becomes part of a thread again.
//
// The driver makes a commit durable first and applies it then; whoever reads a thread from the
// store applies the very same commits. So a thread that was read is the thread that was written.
//
// Pure. Values only.

#include "homeostat/base/binary.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/graph/commit.hpp"
#include "homeostat/graph/nodes.hpp"
#include "homeostat/graph/progress_check.hpp"
#include "homeostat/graph/thread.hpp"
#include "homeostat/graph/writes.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::graph {

/// So many commits follow a snapshot at least; then the next is one as soon as they have twice its
/// bytes. So a long list is not written again and again, and to have a thread no more is read than
/// three times its snapshot, or so many commits.
constexpr std::uint64_t deltas_min = 63;
/// More never follow, however small they are.
constexpr std::uint64_t deltas_max = 1023;

/// Of a snapshot, `writes` has every channel.
template <class D>
struct Delta {
    Progress<D> progress;
    std::vector<Write<typename D::State>> writes;

    static void fields(auto& self, auto&& field) {
        field("progress", self.progress);
        field("writes", self.writes);
    }
};

/// To whom the reply goes. A reply to an earlier attempt is dropped.
template <class D>
struct Addressed {
    std::uint64_t task{0};
    std::uint32_t attempt{0};
    typename D::Command command;
};

/// What an input makes of a thread: to be kept first, then applied, then carried out.
template <class D>
struct Advance {
    Delta<D> delta;
    Commit commit;
    std::vector<typename D::Record> records;
    std::vector<Addressed<D>> commands;
    bool needs_sync{false};  ///< Before anything is carried out it has to survive a loss of power.
};

/// The state as one write per channel.
template <class S>
[[nodiscard]] std::vector<Write<S>> all_channels_of(const S& state) {
    std::vector<Write<S>> all;
    all.reserve(Channels<S>::count);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (all.emplace_back(std::in_place_index<I>, state.*Channels<S>::template At<I>::member), ...);
    }(std::make_index_sequence<Channels<S>::count>{});
    return all;
}

/// The thread stays as it was before the input, but for this.
template <class D>
[[nodiscard]] Advance<D> park(const Thread<D>& before, const Pace& pace, std::string trouble) {
    Advance<D> advance;
    advance.delta.progress = before.progress;
    advance.delta.progress.pace = pace;
    advance.delta.progress.status = ThreadStatus::parked;
    advance.delta.progress.trouble = std::move(trouble);
    advance.needs_sync = true;
    return advance;
}

/// Makes the commit a part of the thread. REQUIRES: `delta` is what the commit holds, and it is the
/// thread's next.
template <class D>
void apply(Thread<D>& thread, Delta<D> delta, const Commit& commit) {
    ensure(commit.number == thread.commits_count + 1, "commits are applied without gaps");
    if (commit.is_snapshot) {
        thread.state = unwritten<typename D::State>();
        thread.since_snapshot = {.snapshot_bytes = commit.body.size()};
    } else {
        ++thread.since_snapshot.deltas_count;
        thread.since_snapshot.deltas_bytes += commit.body.size();
    }
    for (Write<typename D::State>& write : delta.writes) {
        apply(thread.state, std::move(write));
    }
    thread.progress = std::move(delta.progress);
    thread.id = commit.thread;
    thread.graph_digest = commit.graph_digest;
    thread.commits_count = commit.number;
    thread.hash = commit.hash;
}

/// Goes on without having kept the step: for one that says nothing new, which a process that ends
/// may forget. The next commit holds the progress whole, so nothing is missing after that.
/// REQUIRES: no superstep ended in it.
template <class D>
void apply_unkept(Thread<D>& thread, Delta<D> delta) {
    ensure(delta.progress.step == thread.progress.step && delta.writes.empty(),
           "what a superstep wrote is kept");
    thread.progress = std::move(delta.progress);
}

/// ERRORS: corrupt, naming the commit: it is not the thread's next, or not as it was written, or
/// what no thread can be.
template <class D>
[[nodiscard]] Result<void> read_commit(Thread<D>& thread,
                                       const Commit& commit,
                                       const Nodes<D>& nodes) {
    const std::string name = "commit " + std::to_string(commit.number) + " of " + commit.thread;
    if (commit.hash != content_hash_of(commit)) {
        return fail(Fault::corrupt, name + " is not as it was written");
    }
    const bool is_first = commit.number == 1 && commit.parent == ContentHash{};
    const bool is_beginning =
        thread.commits_count == 0 && commit.is_snapshot && (is_first || commit.number > 1);
    const bool is_next = commit.number == thread.commits_count + 1 && commit.thread == thread.id &&
                         commit.parent == thread.hash && commit.graph_digest == thread.graph_digest;
    if (!is_beginning && !is_next) {
        return fail(Fault::corrupt, name + " does not follow the one before it");
    }
    Result<Delta<D>> delta = from_binary<Delta<D>>(commit.body);
    if (!delta) {
        return fail(name, delta.error());
    }
    std::string wrong = wrong_with(delta->progress, nodes, commit.thread);
    if (wrong.empty()) {
        wrong = wrong_with_writes<typename D::State>(
            delta->writes, commit.is_snapshot ? WritesOf::snapshot : WritesOf::commit);
    }
    if (!wrong.empty()) {
        return fail(Fault::corrupt, name + " is none that can be: " + wrong);
    }
    thread.commits_count = commit.number - 1;
    apply(thread, std::move(*delta), commit);
    return {};
}

/// Near the greatest size of a snapshot it is looked often whether the thread has outgrown it.
template <class D>
[[nodiscard]] bool wants_snapshot(const Thread<D>& thread, std::size_t snapshot_bytes_max) {
    const SinceSnapshot& since = thread.since_snapshot;
    const bool is_large = since.deltas_bytes >= 2 * since.snapshot_bytes ||
                          since.snapshot_bytes + since.deltas_bytes >= snapshot_bytes_max;
    return thread.commits_count == 0 || (since.deltas_count >= deltas_min && is_large) ||
           since.deltas_count >= deltas_max;
}

/// Makes the next commit of `thread` from what is in `advance` so far.
template <class D>
void seal(Advance<D>& advance,
          const Thread<D>& thread,
          Cause cause,
          Instant at,
          std::size_t snapshot_bytes_max) {
    Commit& commit = advance.commit;
    commit.thread = thread.id;
    commit.number = thread.commits_count + 1;
    commit.graph_digest = thread.graph_digest;
    commit.parent = thread.hash;
    commit.at = at;
    commit.cause = cause;
    commit.is_snapshot = wants_snapshot(thread, snapshot_bytes_max);
    if (commit.is_snapshot) {
        typename D::State state = thread.state;
        for (const Write<typename D::State>& write : advance.delta.writes) {
            apply(state, write);
        }
        advance.delta.writes = all_channels_of(state);
    }
    to_binary(advance.delta, commit.body);
    commit.hash = content_hash_of(commit);
}

/// Everything besides the shape of the graph that makes the bytes of a commit mean what they mean.
template <class D>
[[nodiscard]] std::string layout_of() {
    using All = Channels<typename D::State>;
    std::string text = to_hex(layout_digest<Delta<D>>());
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((text += std::to_string(std::to_underlying(All::template At<I>::kind))), ...);
    }(std::make_index_sequence<All::count>{});
    return text;
}

}  // namespace homeostat::graph
