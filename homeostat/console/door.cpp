#include "homeostat/console/door.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/console/form.hpp"
#include "homeostat/console/page.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace homeostat::console {

struct Door::State {
    DoorSettings settings;
    Desk desk;
    const ports::Clock& clock;
    std::string policy;  ///< Content-Security-Policy of every page.
    std::uint32_t bad_tokens{0};
    Instant bad_tokens_at{};  ///< When one was last forgiven.
};

namespace {

using StatePtr = std::shared_ptr<Door::State>;

constexpr int ok = 200;
constexpr int bad_request = 400;
constexpr int forbidden = 403;
constexpr int not_found = 404;
constexpr int no_such_method = 405;
constexpr int conflict = 409;
constexpr int gone = 410;
constexpr int no_such_form = 415;
constexpr int misdirected = 421;
constexpr int too_many = 429;
constexpr std::string_view answer_path = "/answer/";
constexpr std::string_view form_type = "application/x-www-form-urlencoded";

/// base64 of SHA-256, as a policy names a style.
std::string style_digest() {
    constexpr std::size_t digest_bytes = 32;
    constexpr std::size_t text_bytes = 44;
    const std::string_view style = page_style();
    std::array<unsigned char, digest_bytes> digest{};
    unsigned size = 0;
    const bool is_made = ::EVP_Digest(style.data(), style.size(), digest.data(), &size,
                                      ::EVP_sha256(), nullptr) == 1;
    ensure(is_made && size == digest.size(), "OpenSSL has SHA-256");
    std::array<unsigned char, text_bytes + 1> text{};
    ::EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
    return {text.begin(), text.begin() + text_bytes};
}

std::string policy_of_pages() {
    return fmt::format(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'",
        style_digest());
}

net::HttpResponse page_of(const Door::State& state, int status, std::string page) {
    net::HttpResponse response{
        .status = status, .body = std::move(page), .content_type = "text/html; charset=utf-8"};
    response.headers = {
        {"Content-Security-Policy", state.policy},
        {"X-Frame-Options", "DENY"},
        {"Cache-Control", "no-store"},
        // Not no-referrer: then a browser would say "Origin: null" of our own form.
        {"Referrer-Policy", "same-origin"},
        {"X-Content-Type-Options", "nosniff"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"X-Robots-Tag", "noindex"},
    };
    return response;
}

net::HttpResponse refuse(const Door::State& state,
                         int status,
                         std::string_view title,
                         std::string_view says) {
    return page_of(state, status, plain_page(title, says));
}

/// The values of all headers of this name.
std::vector<std::string_view> all_of(const net::HttpRequest& request, std::string_view name) {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : request.headers) {
        if (key == name) {
            values.emplace_back(value);
        }
    }
    return values;
}

/// Named once, and as one of ours. The case of a name means nothing, and ours are in lower case.
bool is_for_us(const Door::State& state, const net::HttpRequest& request) {
    const std::vector<std::string_view> hosts = all_of(request, "Host");
    if (hosts.size() != 1) {
        return false;
    }
    std::string host(hosts.front());
    std::ranges::transform(host, host.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return host == authority_of(state.settings.address) ||
           std::ranges::find(state.settings.hosts, host) != state.settings.hosts.end();
}

/// A browser that posts says from where. One that does not say its Origin, as very old ones do,
/// has to say by Sec-Fetch-Site that it was our own page; what no browser sends is refused too: a
/// program has the control socket.
bool is_from_our_page(const Door::State& state, const net::HttpRequest& request) {
    const std::vector<std::string_view> origins = all_of(request, "Origin");
    const std::vector<std::string_view> sites = all_of(request, "Sec-Fetch-Site");
    const bool is_same_site = sites.size() == 1 && sites.front() == "same-origin";
    if (origins.empty()) {
        return is_same_site;
    }
    return origins.size() == 1 && origins.front() == origin_of(state.settings.address) &&
           (sites.empty() || is_same_site);
}

/// What stands behind "/answer/", below the path of our address or without it, as a proxy may cut
/// it off.
std::string_view token_in(const Door::State& state, std::string_view path) {
    const std::string& ours = state.settings.address.path;
    const std::string_view prefix =
        std::string_view(ours).substr(0, ours.find_last_not_of('/') + 1);
    if (!prefix.empty() && path.starts_with(prefix) &&
        path.substr(prefix.size()).starts_with(answer_path)) {
        path.remove_prefix(prefix.size());
    }
    return path.starts_with(answer_path) ? path.substr(answer_path.size()) : std::string_view();
}

net::HttpResponse refuse_token(Door::State& state) {
    const Instant now = state.clock.now();
    const auto forgiven = static_cast<std::uint64_t>((now - state.bad_tokens_at) / bad_token_every);
    if (forgiven > 0) {
        state.bad_tokens -=
            static_cast<std::uint32_t>(std::min<std::uint64_t>(forgiven, state.bad_tokens));
        state.bad_tokens_at = now;
    }
    const bool is_many = state.bad_tokens >= bad_tokens_max;
    state.bad_tokens += is_many ? 0 : 1;
    return refuse(state, is_many ? too_many : not_found, bad_link_title,
                  "It was never one of ours, it has been changed, or its time is over. On the "
                  "machine of the service `homeostat status` shows what is asked now.");
}

/// Why there is nothing to answer by the link any more.
net::HttpResponse tell_over(const Door::State& state, const Link& link) {
    const std::optional<Answered> answered = state.desk.answer_to(link.question);
    if (answered) {
        return refuse(
            state, gone, "This has been answered",
            fmt::format("{} said {} to what this link was about (incident {}). A link is "
                        "good for one answer; nothing was changed now.",
                        answered->by, answered->says == PersonSays::approved ? "yes" : "no",
                        link.incident.text()));
    }
    return refuse(state, gone, "This is not asked any more",
                  fmt::format("Incident {} is over or asks something else by now. There is nothing "
                              "to answer here; if it asks again, you get a new link.",
                              link.incident.text()));
}

bool is_about(const std::optional<Matter>& matter, const Link& link) {
    return matter && matter->question == link.question;
}

/// What a button says of a yes that somebody has signed: the link is none.
constexpr std::string_view signed_word = "signed";

/// One of those that the buttons say; the ledger knows more words.
std::optional<PersonSays> says_in(const Form& form) {
    if (value_in(form, "says") == signed_word && !value_in(form, "signature").empty()) {
        return PersonSays::approved;
    }
    for (const PersonSays says : {PersonSays::approved, PersonSays::denied}) {
        if (value_in(form, "says") == to_text(says)) {
            return says;
        }
    }
    return std::nullopt;
}

/// What the person said; nothing: the form is none of ours.
std::optional<PersonAnswer> answer_in(const net::HttpRequest& request, const Link& link) {
    const Result<Form> form = parse_form(request.body);
    const std::optional<PersonSays> says = form ? says_in(*form) : std::nullopt;
    if (!says) {
        return std::nullopt;
    }
    const bool is_signed = value_in(*form, "says") == signed_word;
    return PersonAnswer{link.incident,
                        link.question,
                        *says,
                        link.person,
                        std::string(value_in(*form, "because")),
                        std::string(is_signed ? value_in(*form, "signature") : "")};
}

bool is_form(const net::HttpRequest& request) {
    const std::string_view type = request.content_type;
    const std::string_view name = type.substr(0, type.find(';'));
    return name == form_type;
}

/// Why a POST is not looked at any further; absent: it is.
std::optional<net::HttpResponse> refusal_of_post(const Door::State& state,
                                                 const net::HttpRequest& request) {
    if (!is_from_our_page(state, request)) {
        return refuse(state, forbidden, "Not from here",
                      "An answer is taken from this page alone, and this one came from elsewhere. "
                      "Open the link itself, then use its buttons. If you did, the proxy in front "
                      "of this page has another address than console.url says.");
    }
    if (!is_form(request)) {
        return refuse(state, no_such_form, "Not a form", "An answer is a form of this page.");
    }
    return std::nullopt;
}

Task<net::HttpResponse> take_answer(StatePtr state, PersonAnswer said, std::string asked) {
    const PersonAnswer told = said;
    const Result<void> heard = co_await state->desk.answer(std::move(said));
    if (!heard) {
        co_return refuse(*state, conflict, "This was not taken", heard.error().text);
    }
    const bool is_yes = told.says == PersonSays::approved;
    co_return refuse(
        *state, ok, is_yes ? "Yes is recorded" : "No is recorded",
        fmt::format("{} said {} to “{}” (incident {}). {}", told.by, is_yes ? "yes" : "no", asked,
                    told.incident.text(),
                    is_yes ? "Guard looks again before anything is done; you will hear what comes "
                             "of it."
                           : "It is not done, and the incident is a person’s from now on."));
}

/// By whom it is signed says the signature, whoever has put it in.
Task<net::HttpResponse> take_signed(StatePtr state, PersonAnswer said, Link link) {
    const Result<void> heard = co_await state->desk.answer(std::move(said));
    if (!heard) {
        co_return refuse(*state, conflict, "This was not taken", heard.error().text);
    }
    const std::optional<Matter> matter = co_await state->desk.matter_of(link.incident);
    if (is_about(matter, link) && matter->signers.size() < matter->signers_needed) {
        co_return refuse(
            *state, ok, "The signature is recorded, and not enough yet",
            fmt::format("{} of {} that are needed have signed (incident {}). Nothing "
                        "is done until then, and silence is no.",
                        matter->signers.size(), matter->signers_needed, link.incident.text()));
    }
    co_return refuse(*state, ok, "Yes is recorded",
                     fmt::format("It is signed by as many as are needed (incident {}). Guard looks "
                                 "again before anything is done; you will hear what comes of it.",
                                 link.incident.text()));
}

Task<net::HttpResponse> post(StatePtr state, net::HttpRequest request, Link link) {
    const std::optional<PersonAnswer> said = answer_in(request, link);
    if (!said) {
        co_return refuse(*state, bad_request, "Not an answer",
                         "The form says neither yes nor no, or has no signature in its field. "
                         "Open the link again.");
    }
    const std::optional<Matter> matter = co_await state->desk.matter_of(link.incident);
    if (!is_about(matter, link)) {
        co_return tell_over(*state, link);
    }
    if (!said->signature.empty() && matter->takes_yes) {
        co_return refuse(*state, conflict, "This was not taken",
                         "Nobody has to sign here. Open the link again.");
    }
    if (!said->signature.empty()) {
        net::HttpResponse response = co_await take_signed(state, *said, std::move(link));
        co_return response;
    }
    if (said->says == PersonSays::approved && !matter->takes_yes) {
        co_return refuse(*state, forbidden, "A yes has to be signed",
                         "A link is no signature. Where your key is: " + matter->command);
    }
    net::HttpResponse response = co_await take_answer(state, *said, matter->asks);
    co_return response;
}

Task<net::HttpResponse> show(StatePtr state, Link link) {
    const std::optional<Matter> matter = co_await state->desk.matter_of(link.incident);
    co_return is_about(matter, link)
        ? page_of(*state, ok, question_page(*matter, link, state->clock.wall_now()))
        : tell_over(*state, link);
}

// --- What may be taken back ----------------------------------------------------------------------

/// Nothing: it is not this act, or not any more.
Task<std::optional<UndoMatter>> undo_behind(StatePtr state, Link link) {
    std::optional<UndoMatter> matter = co_await state->desk.undo_of(link.incident);
    co_return matter && matter->act == link.question ? std::move(matter) : std::nullopt;
}

net::HttpResponse tell_no_undo(const Door::State& state, const Link& link) {
    return refuse(state, gone, "There is nothing to take back here any more",
                  fmt::format("What this link was about (incident {}) was taken back or given back "
                              "already, or its time is over. Nothing was changed now.",
                              link.incident.text()));
}

Task<net::HttpResponse> show_undo(StatePtr state, Link link) {
    const std::optional<UndoMatter> matter = co_await undo_behind(state, link);
    co_return matter ? page_of(*state, ok, undo_page(*matter, link, state->clock.wall_now()))
                     : tell_no_undo(*state, link);
}

Task<net::HttpResponse> post_undo(StatePtr state, net::HttpRequest request, Link link) {
    const Result<Form> form = parse_form(request.body);
    if (!form || value_in(*form, "says") != "taken_back") {
        co_return refuse(*state, bad_request, "Not an answer",
                         "The form does not say that it is taken back. Open the link again.");
    }
    const std::optional<UndoMatter> matter = co_await undo_behind(state, link);
    if (!matter) {
        co_return tell_no_undo(*state, link);
    }
    if (!matter->takes_it) {
        co_return refuse(*state, forbidden, "An undo has to be signed",
                         "A link is no signature. Where your key is: " + matter->command);
    }
    PersonUndo said{link.incident, link.question, link.person,
                    std::string(value_in(*form, "because"))};
    const Result<IncidentId> undone = co_await state->desk.undo(std::move(said));
    if (!undone) {
        co_return refuse(*state, conflict, "This was not taken", undone.error().text);
    }
    co_return refuse(*state, ok, "It is being taken back",
                     fmt::format("{} takes back “{}” (incident {}), by incident {}. Guard looks at "
                                 "each step; you will hear what comes of it.",
                                 link.person, matter->did, link.incident.text(), undone->text()));
}

Task<net::HttpResponse> answer_request(StatePtr state, net::HttpRequest request) {
    if (!is_for_us(*state, request)) {
        co_return net::HttpResponse{.status = misdirected,
                                    .body = "this is another server than was asked for\n",
                                    .content_type = "text/plain"};
    }
    const bool is_post = request.method == "POST";
    if (!is_post && request.method != "GET" && request.method != "HEAD") {
        net::HttpResponse response =
            refuse(*state, no_such_method, "Not here", "Links are opened with a browser.");
        response.headers.emplace_back("Allow", "GET, HEAD, POST");
        co_return response;
    }
    std::optional<net::HttpResponse> refusal =
        is_post ? refusal_of_post(*state, request) : std::nullopt;
    if (refusal) {
        co_return *std::move(refusal);
    }
    std::optional<Link> link =
        parse_token(token_in(*state, request.path), state->settings.key, state->clock.wall_now());
    if (!link) {
        co_return refuse_token(*state);
    }
    const bool is_undo = is_for_undo(*link);
    if (is_post) {
        Task<net::HttpResponse> taken = is_undo
                                            ? post_undo(state, std::move(request), *std::move(link))
                                            : post(state, std::move(request), *std::move(link));
        net::HttpResponse response = co_await std::move(taken);
        co_return response;
    }
    Task<net::HttpResponse> shown =
        is_undo ? show_undo(state, *std::move(link)) : show(state, *std::move(link));
    net::HttpResponse response = co_await std::move(shown);
    if (request.method == "HEAD") {
        response.body.clear();
    }
    co_return response;
}

}  // namespace

net::HttpServerLimits door_limits() {
    return {.connections_max = 16,
            .body_bytes_max = form_bytes_max,
            .headers_kept = {"Host", "Origin", "Sec-Fetch-Site"}};
}

std::string link_to(const WebAddress& address, const std::string& token) {
    const std::string_view path = address.path;
    return origin_of(address) + std::string(path.substr(0, path.find_last_not_of('/') + 1)) +
           std::string(answer_path) + token;
}

Door::Door(DoorSettings settings, Desk desk, const ports::Clock& clock)
    : state_(std::make_shared<State>(State{.settings = std::move(settings),
                                           .desk = std::move(desk),
                                           .clock = clock,
                                           .policy = policy_of_pages()})) {}

Task<net::HttpResponse> Door::answer(net::HttpRequest request) {
    return answer_request(state_, std::move(request));
}

}  // namespace homeostat::console
