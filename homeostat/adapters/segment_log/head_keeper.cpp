#include "homeostat/adapters/segment_log/head_keeper.hpp"

#include "homeostat/base/ensure.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::adapters::segment_log {

namespace asio = boost::asio;

namespace {

/// The key, or a new one where there is none and no witness knows another.
Result<SigningKey> read_or_make_key(const HeadOptions& options, const HeadKeeper::Tell& tell) {
    Result<SigningKey> key = SigningKey::read(options.key);
    if (key || key.error().fault != Fault::absent) {
        return key;
    }
    for (const std::filesystem::path& witness : options.witnesses) {
        const BoundedWitness file(HeadFile(witness, Disk(options.disk_probe_for_test)),
                                  options.answers_within);
        const Result<std::optional<SignedHead>> last = file.last();
        if (!last) {
            return fail(
                Fault::absent,
                fmt::format("{}: the key that signs the ledger's heads is not there, and none is "
                            "made while a witness cannot be read, which may have heads of it: {}",
                            options.key.string(), last.error().text));
        }
        if (*last) {
            return fail(
                Fault::absent,
                fmt::format("{}: the key that signs the ledger's heads is not there, and {} "
                            "has heads that it signed; bring the key back from a copy, or "
                            "move that file away to begin anew",
                            options.key.string(), witness.string()));
        }
    }
    SigningKey made = SigningKey::make();
    if (const Result<void> written = made.write(options.key); !written) {
        return std::unexpected(written.error());
    }
    tell(
        fmt::format("{}: made the key that signs the ledger's heads; keep {} where this machine "
                    "cannot write, to check them with",
                    options.key.string(), public_key_file(options.key).string()));
    return made;
}

}  // namespace

HeadKeeper::HeadKeeper(HeadOptions options, Tell tell, HashAfter hash_after, SigningKey key)
    : options_(std::move(options)),
      tell_(std::move(tell)),
      hash_after_(std::move(hash_after)),
      key_(std::move(key)) {
    for (const std::filesystem::path& witness : options_.witnesses) {
        files_.emplace_back(HeadFile(witness, Disk(options_.disk_probe_for_test)),
                            options_.answers_within);
    }
    failing_by_.resize(files_.size());
    taken_by_.resize(files_.size());
    is_compared_.resize(files_.size());
}

Result<std::unique_ptr<HeadKeeper>> HeadKeeper::open(HeadOptions options,
                                                     Tell tell,
                                                     HashAfter hash_after) {
    ensure(!options.witnesses.empty(), "heads are signed for a witness");
    Result<SigningKey> key = read_or_make_key(options, tell);
    if (!key) {
        return std::unexpected(key.error());
    }
    std::unique_ptr<HeadKeeper> keeper(new HeadKeeper(std::move(options), std::move(tell),
                                                      std::move(hash_after), std::move(*key)));
    if (Result<void> read = keeper->read_witnesses(); !read) {
        return std::unexpected(read.error());
    }
    return keeper;
}

Result<void> HeadKeeper::read_witnesses() {
    for (std::size_t index = 0; index < files_.size(); ++index) {
        const BoundedWitness& file = files_[index];
        Result<std::optional<SignedHead>> last = file.last();
        if (!last && last.error().fault == Fault::corrupt) {
            return std::unexpected(last.error());
        }
        if (!last) {
            tell_("a witness of the ledger cannot be read: " + last.error().text);
            continue;
        }
        is_compared_[index] = true;  // Whoever opens this does so with what it has seen.
        if (!*last) {
            continue;
        }
        if (Result<void> checked = check(file, **last); !checked) {
            return checked;
        }
        witnessed_index_ = std::max(witnessed_index_.value_or(0), (*last)->index);
        begins_witnessed_ = std::max(begins_witnessed_, (*last)->begins);
        seen_.push_back({file.path(), std::move(**last)});
    }
    return {};
}

/// ERRORS: corrupt: not signed with our key.
Result<void> HeadKeeper::check(const BoundedWitness& file, const SignedHead& last) const {
    const Result<void> checked = key_.public_key().check(last);
    return checked ? Result<void>{}
                   : fail(Fault::corrupt,
                          fmt::format("{}: {}; bring the file or the key back from a copy, or move "
                                      "the file away if it is another's",
                                      file.path().string(), checked.error().text));
}

// NOLINTNEXTLINE(bugprone-exception-escape): without memory for a last task there is no going on.
HeadKeeper::~HeadKeeper() {
    asio::post(thread_, [this] {
        send();
        thread_.stop();  // Without waiting for the clock.
    });
    thread_.join();
}

void HeadKeeper::begin(std::string ledger) {
    const std::lock_guard hold(mutex_);
    ledger_ = std::move(ledger);
}

void HeadKeeper::took(LedgerHead head) {
    const std::lock_guard hold(mutex_);
    const std::uint64_t seen_count = witnessed_index_ ? *witnessed_index_ + 1 : 0;
    // A new beginning is news as a group is.
    const std::uint64_t least = head.begins > begins_witnessed_ ? 1 : 0;
    const std::uint64_t count = head.index + 1 > seen_count ? head.index + 1 - seen_count : least;
    if (groups_unwitnessed_ == 0) {
        unwitnessed_since_ = now();
    }
    groups_unwitnessed_ = count;
    head_ = std::move(head);
    if (!std::exchange(is_look_due_, true)) {
        asio::post(thread_, [this] { look(); });
    }
}

std::string HeadKeeper::objection() const {
    const std::lock_guard hold(mutex_);
    if (!contradiction_.empty()) {
        return fmt::format(
            "a witness of the ledger contradicts it: {}; compare them (`homeostat verify-ledger`), "
            "then start the agent again",
            contradiction_);
    }
    if (groups_unwitnessed_ == 0) {
        return {};
    }
    const HeadPace& pace = options_.pace;
    if (groups_unwitnessed_ <= pace.unwitnessed_groups_max &&
        now() - unwitnessed_since_ <= pace.unwitnessed_for_max) {
        return {};
    }
    // The same words each time: whoever repeats them tells a person once.
    const auto minutes =
        std::chrono::duration_cast<std::chrono::minutes>(pace.unwitnessed_for_max).count();
    return fmt::format(
        "no witness has seen the end of the ledger for more than {} groups or {} "
        "minutes; make one writable again: {}",
        pace.unwitnessed_groups_max, minutes, say_each_witness());
}

/// REQUIRES: the mutex is held.
std::string HeadKeeper::say_each_witness() const {
    std::string said;
    for (std::size_t index = 0; index < files_.size(); ++index) {
        said += said.empty() ? "" : "; ";
        said += failing_by_[index].empty() ? files_[index].path().string() + " does not answer"
                                           : failing_by_[index];
    }
    return said;
}

std::chrono::steady_clock::time_point HeadKeeper::now() const {
    return options_.clock_for_test ? options_.clock_for_test() : std::chrono::steady_clock::now();
}

/// Says whether so many groups have come, and ends the look that is due: the next group asks for
/// another one.
bool HeadKeeper::is_head_due() {
    const std::lock_guard hold(mutex_);
    is_look_due_ = false;
    return groups_unwitnessed_ >= options_.pace.groups;
}

void HeadKeeper::look() {
    // One that fails is tried again by the clock: a group each would have it busy with failing.
    if (is_head_due() && !(has_failed_ && is_waiting_)) {
        send();
    } else {
        wait();
    }
}

void HeadKeeper::wait() {
    if (std::exchange(is_waiting_, true)) {
        return;
    }
    timer_.expires_after(options_.pace.every);
    timer_.async_wait([this](const boost::system::error_code& error) {
        is_waiting_ = false;
        if (!error) {
            send();
        }
    });
}

void HeadKeeper::send() {
    SignedHead head;
    {
        const std::lock_guard hold(mutex_);
        if (groups_unwitnessed_ == 0 || !head_) {
            return;
        }
        ensure(!ledger_.empty(), "a head says of which ledger it is");
        head = {.ledger = ledger_,
                .index = head_->index,
                .hash = head_->hash,
                .begins = head_->begins,
                .wall_at = head_->wall_at,
                .key = {},
                .signature = {}};
    }
    key_.sign(head);
    has_failed_ = !send_to_any(head);
    if (has_failed_) {
        wait();
    } else {
        note_witnessed(head);
    }
}

bool HeadKeeper::send_to_any(const SignedHead& head) {
    bool is_taken = false;
    for (std::size_t index = 0; index < files_.size(); ++index) {
        const Result<void> appended = give(index, head);
        is_taken = is_taken || appended.has_value();
        if (note_answer(index, head, appended)) {
            tell_(appended ? files_[index].path().string() + ": the ledger's witness works again"
                           : "a witness of the ledger fails, the ledger goes on: " +
                                 appended.error().text);
        }
    }
    return is_taken;
}

Result<void> HeadKeeper::give(std::size_t witness, const SignedHead& head) {
    const BoundedWitness& file = files_[witness];
    if (is_compared_[witness]) {
        return file.append(head);
    }
    const Result<bool> has_head = compare(file, head);
    if (!has_head) {
        return std::unexpected(has_head.error());
    }
    // A mount may come back between the two calls, with heads that nobody has compared.
    Result<void> appended = *has_head ? file.append(head) : file.append_first(head);
    // Only then: of an earlier group than it has seen it cannot be asked.
    is_compared_[witness] = appended.has_value();
    return appended;
}

/// What a start does with all of them; says whether it has a head. That one is of another ledger or
/// key, or of a later group, whoever appends says by himself. ERRORS: corrupt: it has seen what the
/// ledger is not.
Result<bool> HeadKeeper::compare(const BoundedWitness& file, const SignedHead& head) const {
    const Result<std::optional<SignedHead>> last = file.last();
    if (!last) {
        return std::unexpected(last.error());
    }
    const bool follows = *last && (*last)->ledger == head.ledger && (*last)->key == head.key &&
                         (*last)->index <= head.index;
    if (!follows) {
        return last->has_value();
    }
    if (const Result<void> checked = check(file, **last); !checked) {
        return std::unexpected(checked.error());
    }
    const std::uint64_t index = (*last)->index;
    const Result<std::optional<std::string>> hash = hash_after_(index);
    if (!hash) {
        return fail("the ledger cannot be compared with " + file.path().string(), hash.error());
    }
    if (*hash == (*last)->hash) {
        return true;
    }
    return fail(
        Fault::corrupt,
        fmt::format("{}: {} group {}; bring the ledger back from a copy, or move this file "
                    "away to begin anew",
                    file.path().string(),
                    *hash ? "it has seen another" : "the ledger does not go on from", index));
}

/// Says whether it is another answer than the one before: a failure, or none any more.
bool HeadKeeper::note_answer(std::size_t witness,
                             const SignedHead& head,
                             const Result<void>& answer) {
    const std::lock_guard hold(mutex_);
    if (answer) {
        taken_by_[witness] = Taken{head.index, head.hash};
    }
    const bool was_failing = !failing_by_[witness].empty();
    failing_by_[witness] = answer ? std::string() : answer.error().text;
    const bool is_contradiction = !answer && answer.error().fault == Fault::corrupt;
    if (is_contradiction && contradiction_.empty()) {
        contradiction_ = answer.error().text;
    }
    return was_failing == answer.has_value();
}

std::optional<HeadKeeper::Taken> HeadKeeper::taken_by(const std::filesystem::path& witness) const {
    const std::lock_guard hold(mutex_);
    for (std::size_t index = 0; index < files_.size(); ++index) {
        if (files_[index].path() == witness) {
            return taken_by_[index];
        }
    }
    return std::nullopt;
}

void HeadKeeper::hurry() {
    const std::lock_guard hold(mutex_);
    if (!std::exchange(is_hurry_due_, true)) {
        asio::post(thread_, [this] {
            {
                const std::lock_guard again(mutex_);
                is_hurry_due_ = false;
            }
            send();
        });
    }
}

std::uint64_t HeadKeeper::begins_witnessed() const {
    const std::lock_guard hold(mutex_);
    return begins_witnessed_;
}

void HeadKeeper::note_witnessed(const SignedHead& head) {
    const std::lock_guard hold(mutex_);
    witnessed_index_ = head.index;
    begins_witnessed_ = std::max(begins_witnessed_, head.begins);
    const std::uint64_t least = head_->begins > begins_witnessed_ ? 1 : 0;
    groups_unwitnessed_ = std::max(head_->index - head.index, least);
    unwitnessed_since_ = now();
}

}  // namespace homeostat::adapters::segment_log
