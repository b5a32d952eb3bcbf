#include "homeostat/adapters/roles/remote_executor.hpp"

#include "homeostat/base/plain.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <variant>

namespace homeostat::adapters::roles {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr Duration look_every = 200ms;
/// There may be one beside each pod, all of one key, of which no more is read than of one agent.
constexpr Duration look_at_some_every = 500ms;
constexpr Duration knock_every = 500ms;  ///< Where nobody answers.
constexpr Duration letter_for_max = 1s;
/// Some looks may be lost; what is older than that is not how it stands.
constexpr Duration answered_for = 1500ms;
constexpr Duration asked_for = 1s;
constexpr Duration clear_again_after = 250ms;
/// Much may be over at once. Looks must not be too many because of it.
constexpr Pace clears_pace{.burst = 20, .per_second = 20};
constexpr Duration stand_back_for = 10s;
/// Of a reply that was long under way the moment is not known.
constexpr Duration round_trip_max = 100ms;
constexpr std::size_t changes_known_max = 1024;  ///< Names of a few bytes.
constexpr std::size_t shown_bytes_max = 300;

std::pair<SymptomKind, Subject> which(const Symptom& symptom) {
    return {symptom.kind, symptom.subject};
}

/// For who proposes while nothing is known: all is in hand.
Standing in_hand() {
    return {IncidentId(), false, {}};
}

/// What is made visible takes several bytes for one.
std::string fitted(const std::string& trouble) {
    std::string text = plain(trouble, trouble_bytes_max);
    return text.size() <= trouble_bytes_max ? text : plain(trouble, trouble_bytes_max / 8);
}

/// As far as anybody would see: the reference and what changed.
bool is_same_change(const Change& one, const Change& other) {
    return one.kind == other.kind && one.service == other.service && one.from == other.from &&
           one.to == other.to && one.reference == other.reference;
}

}  // namespace

RemoteExecutor::RemoteExecutor(asio::any_io_executor strand,
                               net::Endpoint executor,
                               ports::Clock& clock,
                               RemoteSettings settings)
    : strand_(std::move(strand)),
      clock_(clock),
      settings_(std::move(settings)),
      agent_(to_hex(mesh::public_key_of(settings_.seed))),
      client_(strand_, std::move(executor), net::HttpLimits{.body_bytes_max = reply_bytes_max}),
      turns_(strand_),
      pause_(strand_),
      clears_(clears_pace) {}

Task<void> RemoteExecutor::run() {
    while (!is_stopping_) {
        const bool answers = co_await look();
        const Duration pause = settings_.scope.is_whole() ? look_every : look_at_some_every;
        pause_.expires_after(answers ? pause : knock_every);
        boost::system::error_code ignored;  // Cancelled by `stop`.
        if (!is_stopping_) {
            co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
    }
}

void RemoteExecutor::stop() {
    is_stopping_ = true;
    pause_.cancel();
}

bool RemoteExecutor::is_answering(Instant now) const {
    return answered_at_ && now - *answered_at_ <= answered_for;
}

void RemoteExecutor::set_trouble(std::string trouble) {
    trouble = plain(trouble, shown_bytes_max);
    if (trouble != trouble_) {
        settings_.log(trouble.empty()
                          ? "the executor answers"
                          : "nothing is proposed, the executor does not answer: " + trouble);
    }
    trouble_ = std::move(trouble);
}

// --- letters -------------------------------------------------------------------------------------

Result<std::string> RemoteExecutor::sealed(const LetterBody& body) {
    Letter letter;
    letter.service = settings_.service;
    letter.agent = agent_;
    letter.life = life_;
    letter.stamp = stamp_;
    letter.epoch = epoch_;
    letter.sequence = ++sequence_;
    letter.scope = settings_.scope.is_whole() ? std::nullopt : std::optional(settings_.scope);
    letter.body = to_executor(body);
    return seal(letter, settings_.seed);
}

/// At the last moment: the first letter of a life may be what tells us how late it is there.
LetterBody RemoteExecutor::to_executor(LetterBody body) const {
    if (auto* look = std::get_if<Look>(&body)) {
        for (Symptom& symptom : look->symptoms) {
            move(symptom);
        }
    } else if (auto* said = std::get_if<Submit>(&body)) {
        move(said->proposal.symptom);
        said->proposal.judged_at += ahead_;
    } else if (auto* clear = std::get_if<Clear>(&body)) {
        move(clear->symptom);
    } else {
        std::get<Note>(body).change.at += ahead_;
    }
    return body;
}

void RemoteExecutor::move(Symptom& symptom) const {
    symptom.began_at += ahead_;
    symptom.noticed_at += ahead_;
}

/// Another life of the executor, or the first one that we hear of.
bool RemoteExecutor::begins_anew(const Reply& reply) {
    if (reply.discarded == Discard::stale_epoch) {
        // Two that took each other's place at every letter would both be heard by halves.
        stands_back_until_ = clock_.now() + stand_back_for;
        life_.clear();
    }
    if (reply.discarded != Discard::stale_life || reply.life.empty()) {
        return false;
    }
    life_ = reply.life;
    epoch_ = reply.epoch + 1;
    sequence_ = 0;
    return true;
}

Task<Result<Reply>> RemoteExecutor::send(LetterBody body) {
    const Instant deadline = clock_.now() + letter_for_max;
    const Result<net::Turns::Turn> turn = co_await turns_.take(deadline);
    if (!turn) {
        co_return std::unexpected(turn.error());
    }
    if (stands_back_until_ && clock_.now() < *stands_back_until_) {
        co_return fail(Fault::refused, "another process speaks with this agent's key");
    }
    Result<Reply> reply = co_await send_once(body, deadline);
    // After a silence our stamp is old. What was thrown away for that is written once more.
    if (reply && (begins_anew(*reply) || reply->discarded == Discard::late)) {
        const Instant sent_at = clock_.now();
        take(*reply, sent_at);
        reply = co_await send_once(body, deadline);
    }
    if (reply && reply->discarded) {
        co_return fail(Fault::refused,
                       fmt::format("it throws our letters away: {}", to_text(*reply->discarded)));
    }
    co_return reply;
}

Task<Result<Reply>> RemoteExecutor::send_once(const LetterBody& body, Instant deadline) {
    Result<std::string> text = sealed(body);
    if (!text) {
        co_return std::unexpected(text.error());
    }
    net::HttpRequest request;
    request.method = "POST";
    request.path = letters_path;
    request.content_type = "application/json";
    request.body = *std::move(text);
    const Instant sent_at = clock_.now();
    const Result<net::HttpResponse> response =
        co_await client_.request(std::move(request), deadline);
    if (!response) {
        co_return std::unexpected(response.error());
    }
    Result<Reply> reply = parse_reply(response->body);
    if (reply && !reply->stamp.empty()) {
        stamp_ = reply->stamp;
    }
    if (reply && !reply->discarded) {
        take(*reply, sent_at);
    }
    co_return reply;
}

/// What it says of the time, and of how everything stands.
void RemoteExecutor::take(const Reply& reply, Instant sent_at) {
    const Instant now = clock_.now();
    if (reply.boot_id == settings_.boot_id) {
        ahead_ = Duration::zero();
    } else if (now - sent_at <= round_trip_max || !answered_at_) {
        ahead_ = reply.now - (sent_at + (now - sent_at) / 2);
    }
    if (reply.discarded) {
        return;  // It knew what time it is, and told a stranger no more.
    }
    answered_at_ = now;
    standings_.clear();
    for (const StandingOf& one : reply.standings) {
        standings_[{one.symptom, one.subject}] = one.standing;
    }
    open_ = reply.open;
    versions_seen_ = {reply.deploy_seen, reply.config_seen, reply.flag_seen};
    if (settings_.follow) {
        settings_.follow(reply.places);
    }
    take_changes_of(reply);
}

void RemoteExecutor::take_changes_of(const Reply& reply) {
    for (const Change& change : reply.changes) {
        const bool is_noted_here = (reply.noted && reply.noted->id == change.id) ||
                                   std::ranges::any_of(changes_unsure_, [&](const Change& one) {
                                       return is_same_change(one, change);
                                   });
        if (changes_known_.emplace(change.id, change.at).second && !is_noted_here) {
            Change& fresh = changes_new_.emplace_back(change);
            fresh.at = to_ours(change.at);
        }
    }
    if (changes_known_.size() > changes_known_max) {
        changes_known_.clear();  // What the executor tells no more does not come again.
        for (const Change& change : reply.changes) {
            changes_known_.emplace(change.id, change.at);
        }
    }
    while (changes_new_.size() > changes_max) {
        changes_new_.pop_front();
    }
}

std::vector<Change> RemoteExecutor::take_changes() {
    const std::deque<Change> taken = std::exchange(changes_new_, {});
    for (const Change& change : taken) {
        changes_given_.insert(change.id);
    }
    return {taken.begin(), taken.end()};
}

// --- the port ------------------------------------------------------------------------------------

Task<bool> RemoteExecutor::look() {
    const Instant now = clock_.now();
    std::erase_if(asked_, [&](const auto& one) { return now - one.second.second > asked_for; });
    Look look;
    for (const auto& [symptom, asked] : asked_) {
        if (look.symptoms.size() < symptoms_max) {
            look.symptoms.push_back(asked.first);
        }
    }
    for (std::string& trouble : settings_.troubles()) {
        if (look.troubles.size() < troubles_max) {
            look.troubles.push_back(fitted(trouble));
        }
    }
    LetterBody body = std::move(look);
    const Result<Reply> reply = co_await send(std::move(body));
    set_trouble(reply ? std::string() : reply.error().text);
    co_return reply.has_value();
}

std::optional<Standing> RemoteExecutor::standing(const Symptom& symptom) const {
    const Instant now = clock_.now();
    asked_[which(symptom)] = {symptom, now};
    if (!is_answering(now)) {
        return in_hand();
    }
    // One that it has not been asked about yet is proposed: the executor knows whether it is.
    const auto found = standings_.find(which(symptom));
    return found == standings_.end() ? std::nullopt : found->second;
}

std::vector<Symptom> RemoteExecutor::open_symptoms() const {
    return is_answering(clock_.now()) ? open_ : std::vector<Symptom>{};
}

Task<Result<Standing>> RemoteExecutor::submit(Proposal proposal) {
    Submit said;
    const auto known = standings_.find(which(proposal.symptom));
    if (known != standings_.end() && known->second) {
        said.answers = known->second->incident;
    }
    said.proposal = std::move(proposal);
    LetterBody body = std::move(said);
    Result<Reply> reply = co_await send(std::move(body));
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    if (reply->refused) {
        co_return fail(reply->refused->fault, plain(reply->refused->text, shown_bytes_max));
    }
    if (!reply->submitted) {
        co_return fail(Fault::broken, "the executor does not say what became of a proposal");
    }
    co_return *std::move(reply->submitted);
}

Task<void> RemoteExecutor::clear(Symptom symptom) {
    const Instant now = clock_.now();
    if (settings_.has_seen_well && !settings_.has_seen_well(symptom)) {
        co_return;  // To have seen nothing ill is not to have seen it well.
    }
    std::erase_if(cleared_at_,
                  [&](const auto& one) { return now - one.second > clear_again_after; });
    if (cleared_at_.contains(which(symptom)) || !clears_.spend(now)) {
        co_return;  // Said just now, or in a moment.
    }
    cleared_at_.emplace(which(symptom), now);
    LetterBody body = Clear{std::move(symptom)};
    (void)co_await send(std::move(body));
}

Task<Result<Change>> RemoteExecutor::note(Change change) {
    if (!change.id.empty() && changes_given_.erase(change.id) > 0) {
        co_return change;
    }
    LetterBody body = Note{change};
    Result<Reply> reply = co_await send(std::move(body));
    if (!reply) {
        // It may have been recorded all the same, and then comes back with the next looks.
        changes_unsure_.push_back(std::move(change));
        if (changes_unsure_.size() > changes_max) {
            changes_unsure_.pop_front();
        }
        co_return std::unexpected(reply.error());
    }
    if (!reply->noted || !is_same_change(*reply->noted, change)) {
        co_return fail(reply->refused ? reply->refused->fault : Fault::broken,
                       reply->refused ? plain(reply->refused->text, shown_bytes_max)
                                      : "the executor does not say what became of a change");
    }
    change.id = reply->noted->id;
    change.is_ours = reply->noted->is_ours;
    co_return change;
}

}  // namespace homeostat::adapters::roles
