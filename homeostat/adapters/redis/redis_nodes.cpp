#include "homeostat/adapters/redis/redis_nodes.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::adapters::redis {

namespace {

/// Of a Redis that is no cluster: it keeps everything, and so do its replicas.
SlotMap slots_of_one(const RedisPlace& place) {
    return SlotMap({SlotRange{.first = 0,
                              .last = slots_count - 1,
                              .primary = place.address,
                              .replicas = place.replicas}});
}

Error not_what_was_asked() {
    return {Fault::broken, "Redis: not the reply to what was asked"};
}

/// Everything in order, each trouble once.
void add(std::vector<NodeTrouble>& troubles, NodeTrouble trouble) {
    const auto same = std::ranges::find_if(troubles, [&trouble](const NodeTrouble& other) {
        return other.node == trouble.node && other.is_replica == trouble.is_replica &&
               other.may_have_done == trouble.may_have_done && other.error == trouble.error;
    });
    if (same != troubles.end()) {
        same->keys_count += trouble.keys_count;
    } else {
        troubles.push_back(std::move(trouble));
    }
}

}  // namespace

struct RedisNodes::Errand {
    std::size_t key_index{0};
    std::string key;
    net::Endpoint node{};
    bool is_replica{false};
    bool is_asking{false};
    bool is_pending{true};
    bool may_be_done{false};  ///< Sent, and there is no reply to it.
    Result<Reply> reply{Values{}};

    void end(Result<Reply> with) {
        reply = std::move(with);
        is_pending = false;
    }
};

struct RedisNodes::Batch {
    net::Endpoint node;
    bool is_replica{false};
    std::size_t replicas_count{0};  ///< To be waited for at its end.
    std::string commands{};
    std::size_t commands_count{0};
    std::vector<Errand*> errands{};
    Answers answers{};

    void add(const std::vector<std::string>& words) {
        commands += command_of(words);
        commands_count += 1;
    }
};

bool CopiesRead::is_whole() const {
    return std::ranges::all_of(troubles, &NodeTrouble::is_replica);
}

RedisNodes::RedisNodes(boost::asio::any_io_executor executor, RedisPlace place)
    : executor_(std::move(executor)), place_(std::move(place)) {
    if (!is_cluster()) {
        slots_ = slots_of_one(place_);
    }
}

// One node after another: each may hang, and must leave time for the others and for what follows.
Task<Result<void>> RedisNodes::learn_slots(Instant deadline) {
    const Instant now = os::read_boot_clock();
    if (!is_cluster() || (slots_ && !has_doubt_ && now - slots_at_ < slots_last_for)) {
        co_return Result<void>{};
    }
    Result<void> learned;
    const std::size_t count = place_.cluster.size();
    for (std::size_t tried = 0; tried < count; ++tried) {
        const std::size_t index = (seed_index_ + tried) % count;
        const Instant began_at = os::read_boot_clock();
        const auto shares = static_cast<std::int64_t>(count - tried + 1);
        const Instant until = began_at + std::max(deadline - began_at, Duration{}) / shares;
        const RedisSocket socket(executor_, place_.cluster[index]);
        Result<SlotMap> slots = co_await socket.slots(until);
        if (slots) {
            slots_ = *std::move(slots);
            slots_at_ = os::read_boot_clock();
            has_doubt_ = false;
            seed_index_ = index;
            co_return Result<void>{};
        }
        learned = std::unexpected(slots.error());
    }
    // What was true a while ago is a better guess than none: who is asked in vain redirects us.
    co_return slots_ ? Result<void>{} : learned;
}

std::vector<RedisNodes::Errand> RedisNodes::errands_of(std::vector<std::string> keys,
                                                       bool with_replicas) const {
    const bool reads_replicas = with_replicas && (!is_cluster() || place_.reads_replicas);
    std::vector<Errand> errands;
    for (std::size_t index = 0; index < keys.size(); ++index) {
        const std::uint16_t slot = slot_of(keys[index]);
        const SlotRange* range = slots_->find(slot);
        Errand errand{.key_index = index, .key = std::move(keys[index])};
        if (range == nullptr) {
            errand.node = place_.cluster[seed_index_];
            errand.end(fail(Fault::absent, fmt::format("Redis: nobody keeps slot {}", slot)));
            errands.push_back(std::move(errand));
            continue;
        }
        for (const net::Endpoint& replica : range->replicas) {
            if (reads_replicas) {
                errands.push_back(errand);
                errands.back().node = replica;
                errands.back().is_replica = true;
            }
        }
        errand.node = range->primary;
        errands.push_back(std::move(errand));
    }
    return errands;
}

/// Without an errand in it yet.
RedisNodes::Batch RedisNodes::batch_for(const Errand& errand, std::string_view verb) const {
    Batch batch{.node = errand.node, .is_replica = errand.is_replica};
    const SlotRange* range = slots_->find(slot_of(errand.key));
    const bool has_replicas_to_read = !is_cluster() || place_.reads_replicas;
    if (verb == "UNLINK" && range != nullptr && has_replicas_to_read) {
        batch.replicas_count = range->replicas.size();
    }
    if (errand.is_replica && is_cluster()) {
        batch.add({"READONLY"});  // Else it redirects us to its primary.
    }
    return batch;
}

std::vector<RedisNodes::Batch> RedisNodes::batches_of(std::string_view verb,
                                                      std::vector<Errand>& errands) const {
    std::vector<Batch> batches;
    for (Errand& errand : errands) {
        if (!errand.is_pending) {
            continue;
        }
        auto batch = std::ranges::find_if(batches, [&errand](const Batch& other) {
            return other.node == errand.node && other.is_replica == errand.is_replica;
        });
        if (batch == batches.end()) {
            batch = batches.insert(batch, batch_for(errand, verb));
        }
        if (errand.is_asking) {
            batch->add({"ASKING"});
        }
        batch->add({std::string(verb), errand.key});
        batch->errands.push_back(&errand);
    }
    return batches;
}

/// Asks the nodes from `index` on all at once: those that hang must not add up.
Task<void> RedisNodes::ask_from(std::size_t index,
                                std::vector<Batch>& batches,
                                Instant deadline) const {
    using boost::asio::experimental::awaitable_operators::operator&&;
    if (index == batches.size()) {
        co_return;
    }
    Batch& batch = batches[index];
    if (batch.replicas_count > 0) {
        const auto left = std::max(deadline - os::read_boot_clock(), Duration{}) / 4;
        const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::min<Duration>(left, replicas_follow_within));
        // For 0 Redis would wait without an end.
        batch.add({"WAIT", std::to_string(batch.replicas_count),
                   std::to_string(std::max<std::int64_t>(wait.count(), 1))});
    }
    const RedisSocket socket(executor_, batch.node);
    Task<void> others = ask_from(index + 1, batches, deadline);
    Task<Answers> own = socket.ask(std::move(batch.commands), batch.commands_count, deadline);
    Answers answers = co_await (std::move(own) && std::move(others));
    batches[index].answers = std::move(answers);
}

void RedisNodes::take_answer(Errand& errand, Reply reply) {
    const auto* complaint = std::get_if<Complaint>(&reply);
    if (complaint == nullptr) {
        errand.end(std::move(reply));
        return;
    }
    const std::optional<Redirection> redirection =
        is_cluster() ? parse_redirection(complaint->text, errand.node) : std::nullopt;
    has_doubt_ = has_doubt_ || !redirection || !redirection->is_asking;
    if (!redirection || errand.is_replica) {
        errand.end(std::unexpected(error_of(*complaint)));
        return;
    }
    errand.node = redirection->node;
    errand.is_asking = redirection->is_asking;
}

void RedisNodes::take_answers(Batch& batch) {
    std::vector<Reply>& replies = batch.answers.replies;
    std::size_t next = batch.is_replica && is_cluster() ? 1 : 0;
    for (Errand* errand : batch.errands) {
        next += errand->is_asking ? 1 : 0;
        if (next < replies.size()) {
            take_answer(*errand, std::move(replies[next]));
        } else {
            errand->may_be_done = batch.answers.is_sent;
            errand->end(std::unexpected(batch.answers.end.error()));
            has_doubt_ = true;
        }
        next += 1;
    }
}

Task<std::vector<RedisNodes::Errand>> RedisNodes::run(std::string verb,
                                                      std::vector<std::string> keys,
                                                      bool with_replicas,
                                                      Instant deadline) {
    ensure(keys.size() <= keys_max, "so many keys are asked for at once and no more");
    const Result<void> learned = co_await learn_slots(deadline);
    if (!learned) {
        std::vector<Errand> none(keys.size());
        for (Errand& errand : none) {
            errand.node = place_.cluster.back();
            errand.end(std::unexpected(learned.error()));
        }
        co_return none;
    }
    std::vector<Errand> errands = errands_of(std::move(keys), with_replicas);
    for (int round = 0; round <= redirections_max; ++round) {
        std::vector<Batch> batches = batches_of(verb, errands);
        co_await ask_from(0, batches, deadline);
        std::ranges::for_each(batches, [this](Batch& batch) { take_answers(batch); });
    }
    for (Errand& errand : errands) {
        if (errand.is_pending) {
            errand.end(fail(Fault::refused, fmt::format("Redis: redirected {} times and once more",
                                                        redirections_max)));
        }
    }
    co_return errands;
}

std::vector<NodeTrouble> RedisNodes::troubles_in(const std::vector<Errand>& errands) {
    std::vector<NodeTrouble> troubles;
    for (const Errand& errand : errands) {
        if (!errand.reply) {
            add(troubles, NodeTrouble{.node = errand.node,
                                      .is_replica = errand.is_replica,
                                      .may_have_done = errand.may_be_done,
                                      .keys_count = 1,
                                      .error = errand.reply.error()});
        }
    }
    return troubles;
}

Task<CopiesRead> RedisNodes::read(std::vector<std::string> keys, Instant deadline) {
    const std::size_t count = keys.size();
    std::vector<Errand> errands = co_await run("MGET", std::move(keys), true, deadline);
    CopiesRead read{.keys = std::vector<KeyCopies>(count)};
    for (Errand& errand : errands) {
        Values* values = errand.reply ? std::get_if<Values>(&*errand.reply) : nullptr;
        if (values == nullptr || values->size() != 1) {
            errand.reply = errand.reply ? std::unexpected(not_what_was_asked())
                                        : std::unexpected(errand.reply.error());
            continue;
        }
        KeyCopies& copies = read.keys[errand.key_index];
        if (errand.is_replica) {
            copies.at_replicas.push_back({errand.node, std::move(values->front())});
        } else {
            copies.at_primary = std::move(values->front());
        }
    }
    read.troubles = troubles_in(errands);
    co_return read;
}

Task<Unlinked> RedisNodes::unlink(std::vector<std::string> keys, Instant deadline) {
    std::vector<Errand> errands = co_await run("UNLINK", std::move(keys), false, deadline);
    Unlinked unlinked;
    for (Errand& errand : errands) {
        const auto* count = errand.reply ? std::get_if<std::int64_t>(&*errand.reply) : nullptr;
        if (count != nullptr) {
            unlinked.keys_count += 1;
            unlinked.there_count += *count > 0 ? 1 : 0;
        } else if (errand.reply) {
            errand.may_be_done = true;
            errand.reply = std::unexpected(not_what_was_asked());
        }
    }
    unlinked.troubles = troubles_in(errands);
    co_return unlinked;
}

Task<Result<std::vector<NodeKeys>>> RedisNodes::keepers(std::vector<std::string> keys,
                                                        Instant deadline) {
    const Result<void> learned = co_await learn_slots(deadline);
    if (!learned) {
        co_return std::unexpected(learned.error());
    }
    std::vector<NodeKeys> keepers;
    for (Errand& errand : errands_of(std::move(keys), true)) {
        if (!errand.reply) {
            co_return std::unexpected(errand.reply.error());
        }
        auto keeper = std::ranges::find_if(keepers, [&errand](const NodeKeys& other) {
            return other.node == errand.node && other.is_replica == errand.is_replica;
        });
        if (keeper == keepers.end()) {
            keeper = keepers.insert(keeper, {errand.node, errand.is_replica});
        }
        keeper->keys.push_back(std::move(errand.key));
    }
    co_return keepers;
}

}  // namespace homeostat::adapters::redis
