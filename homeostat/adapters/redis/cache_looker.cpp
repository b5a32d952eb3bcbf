#include "homeostat/adapters/redis/cache_looker.hpp"

#include "homeostat/adapters/redis/drop_outcome.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace homeostat::adapters::redis {

namespace {

namespace asio = boost::asio;

constexpr std::size_t answer_bytes_max = std::size_t{64} << 10U;

/// Answers that are being waited for. Owned by whoever waits and by each that is under way, so that
/// one which outlives a destroyed waiter still has a place to put its answer.
struct Gathering {
    Gathering(const asio::any_io_executor& executor, std::size_t count)
        : values(count), left_count(count), done(executor, asio::steady_timer::time_point::max()) {}
    Values values;
    std::size_t left_count;
    asio::steady_timer done;
};

struct Question {
    net::Endpoint endpoint;
    std::string path;
    std::string field;
    std::size_t index{0};
};

/// Of one key what is there of it, wherever it is read.
std::vector<std::string> present_in(const KeyCopies& copies) {
    std::vector<std::string> present;
    if (copies.at_primary) {
        present.push_back(*copies.at_primary);
    }
    for (const ReplicaCopy& copy : copies.at_replicas) {
        if (copy.value) {
            present.push_back(*copy.value);
        }
    }
    return present;
}

Task<void> ask_one(std::shared_ptr<Gathering> gathering, Question question, Instant deadline) {
    net::HttpRequest request;
    request.path = std::move(question.path);
    net::HttpLimits limits;
    limits.body_bytes_max = answer_bytes_max;
    const Result<net::HttpResponse> response =
        co_await net::request_once(gathering->done.get_executor(), std::move(question.endpoint),
                                   std::move(request), deadline, limits);
    if (response && response->status == 200) {
        gathering->values[question.index] = copy_in(response->body, question.field);
    }
    gathering->left_count -= 1;
    if (gathering->left_count == 0) {
        gathering->done.cancel();
    }
}

}  // namespace

std::optional<std::string> copy_in(std::string_view answer, std::string_view field) {
    const Result<json::value> document = parse_json(answer, {.bytes_max = answer_bytes_max});
    if (!document || !document->is_object()) {
        return std::nullopt;
    }
    const json::value* value = document->get_object().if_contains(field);
    if (value == nullptr || value->is_null()) {
        return std::nullopt;
    }
    return value->is_string() ? std::string(value->get_string()) : to_text(*value);
}

CacheLooker::CacheLooker(asio::any_io_executor executor, CacheOptions options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      nodes_(executor_, options_.redis),
      truths_(options_.entries.size()) {}

std::vector<std::string> CacheLooker::keys() const {
    std::vector<std::string> keys;
    for (const std::string& entry : options_.entries) {
        keys.push_back(with_entry(options_.key, entry));
    }
    return keys;
}

// All at once: one after another they would take as long as everything else that is read.
Task<Values> CacheLooker::ask(EntryAddress address, Instant deadline) const {
    const auto gathering = std::make_shared<Gathering>(executor_, options_.entries.size());
    for (std::size_t index = 0; index < options_.entries.size(); ++index) {
        Question question{address.endpoint, with_entry(address.path, options_.entries[index]),
                          options_.field, index};
        asio::co_spawn(executor_, ask_one(gathering, std::move(question), deadline),
                       asio::detached);
    }
    while (gathering->left_count > 0) {  // Each ends by the deadline.
        boost::system::error_code is_cancelled;
        co_await gathering->done.async_wait(
            asio::redirect_error(asio::use_awaitable, is_cancelled));
    }
    co_return std::move(gathering->values);
}

CacheFacts CacheLooker::compare(const std::vector<std::vector<std::string>>& copies,
                                const Values& truths,
                                Instant at) {
    CacheFacts facts;
    facts.cache = options_.cache;
    facts.keys_count = static_cast<std::uint32_t>(truths.size());
    facts.is_source_answering = std::ranges::all_of(
        truths, [](const std::optional<std::string>& truth) { return truth.has_value(); });
    for (std::size_t index = 0; index < truths.size(); ++index) {
        const std::optional<std::string>& truth = truths[index];
        Truth& known = truths_[index];
        if (truth && truth != known.value) {
            known = {truth, at};
        }
        const bool differs =
            truth && std::ranges::any_of(copies[index], [&truth](const std::string& copy) {
                return copy != *truth;
            });
        const bool is_stale = differs && at - known.since > options_.max_age;
        facts.present_count += copies[index].empty() ? 0 : 1;
        facts.differing_count += differs ? 1 : 0;
        facts.stale_count += is_stale ? 1 : 0;
    }
    return facts;
}

// The copies first: a source that changes between the two makes a copy differ, and one that changed
// before is known to have.
Task<CacheFacts> CacheLooker::look(Instant deadline) {
    // Half of the time for each: a cache that hangs says nothing of its source.
    const Instant began_at = os::read_boot_clock();
    const Instant copies_until = began_at + std::max(deadline - began_at, Duration{}) / 2;
    std::vector<std::string> wanted = keys();
    const CopiesRead read = co_await nodes_.read(std::move(wanted), copies_until);
    EntryAddress source = options_.source;
    const Values truths = co_await ask(std::move(source), deadline);
    const Instant at = os::read_boot_clock();
    std::vector<std::vector<std::string>> copies;
    std::ranges::transform(read.keys, std::back_inserter(copies), present_in);
    CacheFacts facts = compare(copies, truths, at);
    facts.is_answering = read.is_whole();
    co_return facts;
}

Task<CacheFacts> CacheLooker::look_as_reader(Instant deadline) {
    EntryAddress readers = *options_.readers;
    const Values answers = co_await ask(std::move(readers), deadline);
    EntryAddress source = options_.source;
    const Values truths = co_await ask(std::move(source), deadline);
    std::vector<std::vector<std::string>> copies(answers.size());
    for (std::size_t index = 0; index < answers.size(); ++index) {
        if (answers[index]) {
            copies[index].push_back(*answers[index]);
        }
    }
    CacheFacts facts = compare(copies, truths, os::read_boot_clock());
    facts.is_answering = facts.present_count > 0;
    co_return facts;
}

Task<Outcome> CacheLooker::invalidate(Instant deadline) {
    std::vector<std::string> wanted = keys();
    const Unlinked unlinked = co_await nodes_.unlink(std::move(wanted), deadline);
    if (!unlinked.troubles.empty()) {  // The world is read next anyway.
        co_return outcome_of(unlinked);
    }
    wanted = keys();
    const CopiesRead left = co_await nodes_.read(std::move(wanted), deadline);
    co_return outcome_of(unlinked, left);
}

}  // namespace homeostat::adapters::redis
