#include "homeostat/adapters/roles/letter_desk.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/plain.hpp"

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
/// Beside those of before: an agent of each slot, and one that begins where another one ends.
constexpr std::size_t connections_of_some = 96;

int status_of(Discard why) {
    switch (why) {
        case Discard::oversized:
            return too_large;
        case Discard::malformed:
            return bad_request;
        case Discard::agent_unknown:
        case Discard::forged:
        case Discard::misaddressed:
        case Discard::out_of_scope:
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

bool is_open_to_choices(const Standing& standing) {
    return standing.wants_proposal || standing.unseen;
}

}  // namespace

net::HttpServerLimits desk_limits(bool hears_some) {
    net::HttpServerLimits limits;
    limits.body_bytes_max = letter_bytes_max;
    limits.connections_max += hears_some ? connections_of_some : 0;
    return limits;
}

LetterDesk::LetterDesk(ports::Executor& executor, ports::Clock& clock, DeskSettings settings)
    : executor_(executor), clock_(clock), settings_(std::move(settings)), book_(settings_.life) {
    for (const DeskAgent& agent : settings_.agents) {
        keys_.push_back(agent.key);
        agents_.push_back(to_hex(agent.key));
        hears_some_ = hears_some_ || agent.speaks_for != ScopeKind::whole;
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

/// An agent of a pod that has gone is not shown as one that is silent.
LetterDesk::Heard& LetterDesk::heard_of(const Speaker& speaker, Instant now) {
    if (!heard_.contains(speaker.voice)) {
        std::erase_if(heard_, [&](const auto& one) {
            return now - one.second.at > speaking_within &&
                   coverage_of(one.second.scope).is_empty();
        });
    }
    return heard_.try_emplace(speaker.voice, Heard{speaker.agent, speaker.scope}).first->second;
}

LetterDesk::Paces& LetterDesk::paces_of(const std::string& agent) {
    return paces_.try_emplace(agent, Paces{Bucket(proposals_pace), Bucket(notes_pace)})
        .first->second;
}

std::optional<Discard> LetterDesk::admit(const Letter& letter, Instant now) {
    if (letter.service != settings_.service) {
        return Discard::misaddressed;
    }
    const Scope scope = letter.scope.value_or(Scope{});
    const auto listed = std::ranges::find_if(settings_.agents, [&](const DeskAgent& agent) {
        return agent.speaks_for == scope.kind && to_hex(agent.key) == letter.agent;
    });
    if (listed == settings_.agents.end() || coverage_of(scope).is_empty()) {
        return Discard::out_of_scope;
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
        reply = reply_to_known(book_.epoch_of(voice_of(*letter)));
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
    std::expected<Letter, Discard> letter = open(request.body, keys_);
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
    const Scope scope = letter.scope.value_or(Scope{});
    const Speaker speaker{letter.agent, voice_of(letter), scope, coverage_of(scope)};
    heard_since_ = heard_since_.value_or(clock_.now());
    Heard& heard = heard_of(speaker, clock_.now());
    heard.at = clock_.now();
    if (heard.told_epoch != letter.epoch) {
        heard.told_epoch = letter.epoch;
        settings_.log(fmt::format("the agent {} begins to speak{}",
                                  letter.agent.substr(0, key_digits_shown),
                                  scope.is_whole() ? "" : " of " + describe(scope)));
    }
    voices_.keep(executor_.open_symptoms());
    std::optional<Symptom> besides;
    if (auto* said = std::get_if<Look>(&letter.body)) {
        look(speaker, std::move(*said));
    } else if (auto* proposed = std::get_if<Submit>(&letter.body)) {
        besides = proposed->proposal.symptom;
        co_await submit(speaker, std::move(*proposed), reply);
    } else if (auto* cleared = std::get_if<Clear>(&letter.body)) {
        co_await clear(speaker, std::move(*cleared), reply);
    } else {
        co_await take_note(speaker, std::get<Note>(std::move(letter.body)), reply);
    }
    co_await clear_where_nobody_stands();
    add_view(speaker, besides ? &*besides : nullptr, reply);
}

/// Of what is not open nobody keeps who has seen it.
void LetterDesk::hear_present(const Speaker& speaker, std::span<const Symptom> symptoms) {
    const std::vector<Symptom> open = executor_.open_symptoms();
    for (const Symptom& symptom : symptoms) {
        if (std::ranges::any_of(open, [&](const Symptom& one) { return is_same(one, symptom); })) {
            voices_.says_present(speaker.voice, symptom);
        }
    }
}

/// Of what it may not speak of it has said nothing.
void LetterDesk::look(const Speaker& speaker, Look said) {
    std::erase_if(said.symptoms,
                  [&](const Symptom& symptom) { return !speaker.covers.covers(symptom); });
    hear_present(speaker, said.symptoms);
    Heard& heard = heard_of(speaker, clock_.now());
    heard.symptoms = std::move(said.symptoms);
    heard.troubles = std::move(said.troubles);
}

Task<void> LetterDesk::submit(Speaker speaker, Submit said, Reply& reply) {
    const Instant now = clock_.now();
    if (said.proposal.service != settings_.service) {
        reply.refused = Refusal{Fault::invalid, "the proposal is about another service"};
        co_return;
    }
    if (said.proposal.undoes) {
        reply.refused = Refusal{Fault::invalid, "only a person has something taken back"};
        co_return;
    }
    if (std::string objection = objection_to(speaker, said.proposal); !objection.empty()) {
        if (is_due(told_of_scope_, now)) {
            settings_.log(fmt::format("the agent {} is not heard: {}",
                                      speaker.agent.substr(0, key_digits_shown), objection));
        }
        reply.refused = Refusal{Fault::refused, std::move(objection)};
        co_return;
    }
    // To propose is to say that it is there, whatever becomes of the proposal: a look has room for
    // fewer symptoms than a service may have.
    hear_present(speaker, {&said.proposal.symptom, 1});
    // Between its look and its letter an incident may have begun, or begun to want an opinion:
    // what the agent did not know of it cannot be in its choice.
    const std::optional<Standing> standing = standing_for(speaker, said.proposal.symptom);
    const std::optional<IncidentId> wanted =
        standing ? std::optional(standing->incident) : std::nullopt;
    const bool is_asked_for = standing && is_open_to_choices(*standing);
    const bool is_others = standing && !is_asked_for && !speaker.covers.is_whole;
    if (wanted != said.answers || is_others) {
        reply.refused = Refusal{Fault::busy, "it stands otherwise by now"};
        co_return;
    }
    Bucket& proposals = paces_of(speaker.agent).proposals;
    if (!proposals.spend(now)) {
        if (is_due(told_of_pace_, now)) {
            settings_.log(fmt::format("the agent {} proposes more than there are symptoms",
                                      speaker.agent.substr(0, key_digits_shown)));
        }
        reply.refused = Refusal{Fault::busy, "more proposals than symptoms"};
        co_return;
    }
    const Symptom symptom = said.proposal.symptom;
    Result<Standing> submitted = co_await executor_.submit(fitted(std::move(said.proposal), now));
    if (submitted) {
        reply.submitted = *std::move(submitted);
        voices_.says_present(speaker.voice, symptom);
    } else {
        // Nothing was written. Of a full disk everything is refused but the start of what has
        // ended: that one must not have to wait for the others.
        paces_of(speaker.agent).proposals.give_back();
        reply.refused = Refusal{submitted.error().fault, submitted.error().text};
    }
}

Task<void> LetterDesk::take_note(Speaker speaker, Note said, Reply& reply) {
    const Instant now = clock_.now();
    if (!speaker.covers.is_whole) {
        reply.refused = Refusal{Fault::refused, "changes are of the whole, and it speaks of " +
                                                    describe(speaker.scope) + " alone"};
        co_return;
    }
    if (!paces_of(speaker.agent).notes.spend(now)) {
        reply.refused = Refusal{Fault::busy, "more changes than anybody makes"};
        co_return;
    }
    said.change.at = std::clamp(said.change.at, now - change_ago_max, now);
    Result<Change> noted = co_await note(std::move(said.change));
    if (noted) {
        reply.noted = *std::move(noted);
    } else {
        paces_of(speaker.agent).notes.give_back();
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
    if (proposal.unseen) {
        proposal.unseen->resize(std::min(proposal.unseen->size(), unseen_max));
        for (std::string& source : *proposal.unseen) {
            source = plain(source, trouble_bytes_max);
        }
    }
    const auto number = [](double value) { return std::isfinite(value) ? value : 0.0; };
    symptom.value = number(symptom.value);
    symptom.limit = number(symptom.limit);
    // The executor holds its own measure against it: at nothing, everything would be slow.
    if (symptom.kind == SymptomKind::latency) {
        symptom.limit = std::max(symptom.limit, settings_.latency_limit_ms_min);
    }
    return proposal;
}

/// An agent of some instances is told of these alone.
void LetterDesk::add_view(const Speaker& speaker, const Symptom* besides, Reply& reply) const {
    const auto found = heard_.find(speaker.voice);
    const std::vector<Symptom> symptoms =
        found == heard_.end() ? std::vector<Symptom>{} : found->second.symptoms;
    const auto add = [&](const Symptom& symptom) {
        reply.standings.push_back({symptom.kind, symptom.subject, standing_for(speaker, symptom)});
    };
    std::ranges::for_each(symptoms, add);
    const bool is_told =
        besides == nullptr || !speaker.covers.covers(*besides) ||
        std::ranges::any_of(symptoms, [&](const Symptom& one) { return is_same(one, *besides); });
    if (!is_told) {
        add(*besides);
    }
    reply.open = executor_.open_symptoms();
    std::erase_if(reply.open,
                  [&](const Symptom& symptom) { return !speaker.covers.covers(symptom); });
    reply.changes = changes();
    const PerArtifact<VersionId> seen = settings_.versions_seen();
    reply.deploy_seen = seen.deploy;
    reply.config_seen = seen.config;
    reply.flag_seen = seen.flag;
    reply.places = settings_.places();
    if (speaker.covers.is_whole) {
        for (Place& place : reply.places) {
            place.address.reset();
        }
    }
    std::erase_if(reply.places,
                  [&](const Place& place) { return !speaker.covers.has(place.instance); });
}

std::vector<AgentSeen> LetterDesk::agents(Instant now) const {
    std::vector<AgentSeen> seen;
    for (const auto& [voice, heard] : heard_) {
        const bool is_speaking = now - heard.at < speaking_within;
        if (is_speaking || !coverage_of(heard.scope).is_empty()) {
            seen.push_back({heard.agent.substr(0, key_digits_shown), describe(heard.scope),
                            book_.epoch_of(voice), to_seconds(now - heard.at), is_speaking,
                            heard.symptoms, heard.troubles});
        }
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
