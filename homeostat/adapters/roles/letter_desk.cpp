#include "homeostat/adapters/roles/letter_desk.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <variant>

namespace homeostat::adapters::roles {

namespace {

using namespace std::chrono_literals;

constexpr int ok = 200;
constexpr int bad_request = 400;
constexpr int forbidden = 403;
constexpr int not_found = 404;
constexpr int conflict = 409;
constexpr int too_large = 413;
constexpr int too_many_requests = 429;

/// Checking a signature takes a tenth of a millisecond; nobody may make us do only that.
constexpr Pace knocks_pace{.burst = 400, .per_second = 200};
constexpr std::size_t strangers_max = 576;  // 64 users, who name each of eight keys or none.
/// Each may be an incident in the ledger, of some kilobytes: as many at once as instances may fall,
/// and what a day holds of them from then on has to fit on a disk.
constexpr Pace proposals_pace{.burst = 64, .per_second = 0.5};
/// Each is an entry of the ledger. As many as an agent may have to tell of when it begins.
constexpr Pace notes_pace{.burst = 40, .per_second = 0.2};
constexpr Duration tell_again_after = 60s;
/// What is older than that no agent has seen.
constexpr Duration began_ago_max = 24h;
constexpr Duration change_ago_max = 24h;
constexpr std::size_t key_digits_shown = 12;
constexpr Duration speaking_within = 5s;  // Of a look five times a second.

int status_of(Discard why) {
    switch (why) {
        case Discard::oversized:
            return too_large;
        case Discard::malformed:
            return bad_request;
        case Discard::agent_unknown:
        case Discard::forged:
        case Discard::misaddressed:
            return forbidden;
        case Discard::stale_life:
        case Discard::stale_epoch:
        case Discard::replayed:
        case Discard::late:
            return conflict;
        case Discard::too_many:
            return too_many_requests;
    }
    return bad_request;
}

net::HttpResponse send(int status, const Reply& reply) {
    return {.status = status, .body = to_text(to_json(reply)), .content_type = "application/json"};
}

/// Who knocks, as far as the kernel says.
std::string knocker_of(const net::HttpRequest& request) {
    return request.peer ? fmt::format("user {}", request.peer->uid) : "network";
}

/// Once in a while, and the first time.
bool is_due(std::optional<Instant>& told, Instant now) {
    if (told && now - *told <= tell_again_after) {
        return false;
    }
    told = now;
    return true;
}

bool is_same(const Symptom& one, const Symptom& other) {
    return one.kind == other.kind && one.subject == other.subject;
}

}  // namespace

net::HttpServerLimits desk_limits() {
    net::HttpServerLimits limits;
    limits.body_bytes_max = letter_bytes_max;
    return limits;
}

LetterDesk::LetterDesk(ports::Executor& executor, ports::Clock& clock, DeskSettings settings)
    : executor_(executor), clock_(clock), settings_(std::move(settings)), book_(settings_.life) {
    for (const mesh::PublicKey& key : settings_.agents) {
        agents_.push_back(to_hex(key));
    }
    for (const Change& change : settings_.changes_before) {
        remember(change);
    }
}

void LetterDesk::remember(const Change& change) {
    changes_.push_back(change);
    if (changes_.size() > changes_max) {
        changes_.pop_front();
    }
}

LetterDesk::Heard& LetterDesk::heard_of(const std::string& agent) {
    return heard_
        .try_emplace(agent, Heard{{}, {}, {}, Bucket(proposals_pace), Bucket(notes_pace), 0})
        .first->second;
}

std::optional<Discard> LetterDesk::admit(const Letter& letter, Instant now) {
    if (letter.service != settings_.service) {
        return Discard::misaddressed;
    }
    return book_.admit(letter, now);
}

/// A letter that names a listed key and a stamp of ours is by somebody who reads our replies, and
/// its agent's own: strangers can say what they like without being in its way. One that names the
/// key alone may be by an agent that begins.
Bucket& LetterDesk::knocks_of(const net::HttpRequest& request, Instant now) {
    const std::string_view head = head_of(request.body);
    std::string name = knocker_of(request);
    const auto agent =
        std::ranges::find_if(agents_, [&](const std::string& key) { return head.contains(key); });
    if (agent != agents_.end() && book_.has_stamp(head, now)) {
        return known_.try_emplace(*agent, Bucket(knocks_pace)).first->second;
    }
    if (agent != agents_.end()) {
        name += " names " + *agent;
    }
    if (strangers_.size() >= strangers_max) {
        strangers_.clear();  // So many users: whoever floods goes on being slowed down at once.
    }
    return strangers_.try_emplace(std::move(name), Bucket(knocks_pace)).first->second;
}

Reply LetterDesk::reply_to_known(std::uint64_t epoch) const {
    Reply reply;
    reply.life = book_.life();
    reply.stamp = book_.stamp();
    reply.boot_id = settings_.boot_id;
    reply.epoch = epoch;
    return reply;
}

/// `letter`: its signature fits, so its agent may be told what it has to know to begin.
net::HttpResponse LetterDesk::discard(Discard why, const Letter* letter, Instant now) {
    const auto index = static_cast<std::size_t>(why);
    discarded_counts_.at(index) += 1;
    // An agent that begins does not know our life yet: that is no news.
    if (why != Discard::stale_life && is_due(told_of_.at(index), now)) {
        settings_.log(fmt::format("a letter to the executor was thrown away: {} ({} so far)",
                                  to_text(why), discarded_counts_.at(index)));
    }
    Reply reply;
    if (letter != nullptr && why != Discard::misaddressed) {
        reply = reply_to_known(book_.epoch_of(letter->agent));
        reply.now = now;
    }
    reply.discarded = why;
    return send(status_of(why), reply);
}

Task<net::HttpResponse> LetterDesk::answer(net::HttpRequest request) {
    const Instant now = clock_.now();
    if (request.method != "POST" || request.path != letters_path) {
        co_return net::HttpResponse{
            .status = not_found, .body = R"({"error":"letters are taken here: POST /v1/letters"})"};
    }
    if (book_.wants_stamp(now)) {
        book_.give_out(settings_.draw(), now);
    }
    if (!knocks_of(request, now).spend(now)) {
        co_return discard(Discard::too_many, nullptr, now);
    }
    std::expected<Letter, Discard> letter = open(request.body, settings_.agents);
    if (!letter) {
        co_return discard(letter.error(), nullptr, now);
    }
    if (const std::optional<Discard> why = admit(*letter, now)) {
        co_return discard(*why, &*letter, now);
    }
    Reply reply = reply_to_known(letter->epoch);
    co_await carry_out(*std::move(letter), reply);
    reply.now = clock_.now();
    co_return send(ok, reply);
}

Task<void> LetterDesk::carry_out(Letter letter, Reply& reply) {
    Heard& heard = heard_of(letter.agent);
    heard.at = clock_.now();
    if (heard.told_epoch != letter.epoch) {
        heard.told_epoch = letter.epoch;
        settings_.log(
            fmt::format("the agent {} begins to speak", letter.agent.substr(0, key_digits_shown)));
    }
    std::optional<Symptom> besides;
    if (auto* look = std::get_if<Look>(&letter.body)) {
        heard.symptoms = std::move(look->symptoms);
        heard.troubles = std::move(look->troubles);
    } else if (auto* said = std::get_if<Submit>(&letter.body)) {
        besides = said->proposal.symptom;
        co_await submit(letter.agent, std::move(*said), reply);
    } else if (auto* clear = std::get_if<Clear>(&letter.body)) {
        co_await executor_.clear(std::move(clear->symptom));
    } else {
        co_await take_note(letter.agent, std::get<Note>(std::move(letter.body)), reply);
    }
    add_view(heard_of(letter.agent), besides ? &*besides : nullptr, reply);
}

Task<void> LetterDesk::submit(std::string agent, Submit said, Reply& reply) {
    Heard& heard = heard_of(agent);
    const Instant now = clock_.now();
    if (said.proposal.service != settings_.service) {
        reply.refused = Refusal{Fault::invalid, "the proposal is about another service"};
        co_return;
    }
    if (said.proposal.undoes) {
        reply.refused = Refusal{Fault::invalid, "only a person has something taken back"};
        co_return;
    }
    // Between its look and its letter an incident may have begun, or begun to want an opinion:
    // what the agent did not know of it cannot be in its choice.
    const std::optional<Standing> standing = executor_.standing(said.proposal.symptom);
    const std::optional<IncidentId> wanted =
        standing ? std::optional(standing->incident) : std::nullopt;
    if (wanted != said.answers) {
        reply.refused = Refusal{Fault::busy, "it stands otherwise by now"};
        co_return;
    }
    if (!heard.proposals.spend(now)) {
        if (is_due(told_of_pace_, now)) {
            settings_.log(fmt::format("the agent {} proposes more than there are symptoms",
                                      agent.substr(0, key_digits_shown)));
        }
        reply.refused = Refusal{Fault::busy, "more proposals than symptoms"};
        co_return;
    }
    Result<Standing> submitted = co_await executor_.submit(fitted(std::move(said.proposal), now));
    if (submitted) {
        reply.submitted = *std::move(submitted);
    } else {
        // Nothing was written. Of a full disk everything is refused but the start of what has
        // ended: that one must not have to wait for the others.
        heard.proposals.give_back();
        reply.refused = Refusal{submitted.error().fault, submitted.error().text};
    }
}

Task<void> LetterDesk::take_note(std::string agent, Note said, Reply& reply) {
    Heard& heard = heard_of(agent);
    const Instant now = clock_.now();
    if (!heard.notes.spend(now)) {
        reply.refused = Refusal{Fault::busy, "more changes than anybody makes"};
        co_return;
    }
    said.change.at = std::clamp(said.change.at, now - change_ago_max, now);
    Result<Change> noted = co_await note(std::move(said.change));
    if (noted) {
        reply.noted = *std::move(noted);
    } else {
        heard.notes.give_back();
        reply.refused = Refusal{noted.error().fault, noted.error().text};
    }
}

Task<Result<Change>> LetterDesk::note(Change change) {
    change.id = ChangeId();
    change.is_ours = false;  // Both are the executor's own to say.
    Result<Change> noted = co_await executor_.note(std::move(change));
    if (noted) {
        remember(*noted);
    }
    co_return noted;
}

/// Moments in their order and not to come; measures that are numbers; a limit that can be one.
Proposal LetterDesk::fitted(Proposal proposal, Instant now) const {
    Symptom& symptom = proposal.symptom;
    proposal.judged_at = std::clamp(proposal.judged_at, now - began_ago_max, now);
    symptom.noticed_at = std::clamp(symptom.noticed_at, now - began_ago_max, proposal.judged_at);
    symptom.began_at = std::clamp(symptom.began_at, now - began_ago_max, symptom.noticed_at);
    proposal.judging_took = proposal.judged_at - symptom.noticed_at;
    const auto number = [](double value) { return std::isfinite(value) ? value : 0.0; };
    symptom.value = number(symptom.value);
    symptom.limit = number(symptom.limit);
    // The executor holds its own measure against it: at nothing, everything would be slow.
    if (symptom.kind == SymptomKind::latency) {
        symptom.limit = std::max(symptom.limit, settings_.latency_limit_ms_min);
    }
    return proposal;
}

void LetterDesk::add_view(const Heard& heard, const Symptom* besides, Reply& reply) const {
    const auto add = [&](const Symptom& symptom) {
        reply.standings.push_back({symptom.kind, symptom.subject, executor_.standing(symptom)});
    };
    std::ranges::for_each(heard.symptoms, add);
    const bool is_known =
        besides == nullptr || std::ranges::any_of(heard.symptoms, [&](const Symptom& one) {
            return is_same(one, *besides);
        });
    if (!is_known) {
        add(*besides);
    }
    reply.open = executor_.open_symptoms();
    reply.changes = changes();
    const PerArtifact<VersionId> seen = settings_.versions_seen();
    reply.deploy_seen = seen.deploy;
    reply.config_seen = seen.config;
    reply.places = settings_.places();
}

std::vector<AgentSeen> LetterDesk::agents(Instant now) const {
    std::vector<AgentSeen> seen;
    for (const auto& [agent, heard] : heard_) {
        seen.push_back({agent.substr(0, key_digits_shown), book_.epoch_of(agent),
                        to_seconds(now - heard.at), now - heard.at < speaking_within,
                        heard.symptoms, heard.troubles});
    }
    return seen;
}

std::map<std::string, std::uint64_t> LetterDesk::discarded() const {
    std::map<std::string, std::uint64_t> counts;
    for (std::size_t index = 0; index < discards_count; ++index) {
        counts.emplace(to_text(static_cast<Discard>(index)), discarded_counts_.at(index));
    }
    return counts;
}

}  // namespace homeostat::adapters::roles
