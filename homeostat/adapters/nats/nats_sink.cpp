#include "homeostat/adapters/nats/nats_sink.hpp"

#include "homeostat/adapters/nats/message_id.hpp"
#include "homeostat/outbox/cursor_file.hpp"
#include "homeostat/outbox/event.hpp"

#include <fmt/format.h>

#include <nats/nats.h>

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace homeostat::adapters::nats {

namespace {

constexpr std::int64_t answers_within_ms = 5000;
// NOLINTNEXTLINE(bugprone-invalid-enum-default-initialization): the library's own for "none".
constexpr jsErrCode no_code{};
constexpr const char* hash_header = "Homeostat-Hash";

template <class T, void (*Function)(T*)>
struct Destroy {
    void operator()(T* object) const { Function(object); }
};

using Options = std::unique_ptr<natsOptions, Destroy<natsOptions, natsOptions_Destroy>>;
using Connection = std::unique_ptr<natsConnection, Destroy<natsConnection, natsConnection_Destroy>>;
using Context = std::unique_ptr<jsCtx, Destroy<jsCtx, jsCtx_Destroy>>;
using Message = std::unique_ptr<natsMsg, Destroy<natsMsg, natsMsg_Destroy>>;
using StreamInfo = std::unique_ptr<jsStreamInfo, Destroy<jsStreamInfo, jsStreamInfo_Destroy>>;
using Acknowledgement = std::unique_ptr<jsPubAck, Destroy<jsPubAck, jsPubAck_Destroy>>;

/// The last message of a ledger that the stream has.
struct LastMessage {
    outbox::EntryPlace place;
    std::string hash;
    std::uint64_t sequence{0};
};

}  // namespace

struct NatsSink::State {
    NatsOptions options;
    Connection connection{};
    Context context{};
    std::string ledger{};
    std::string subject{};
    std::optional<LastMessage> last{};
};

namespace {

using State = NatsSink::State;

Fault fault_of(natsStatus status) {
    switch (status) {
        case NATS_CONNECTION_AUTH_FAILED:
        case NATS_NOT_PERMITTED:
        case NATS_SECURE_CONNECTION_WANTED:
        case NATS_SECURE_CONNECTION_REQUIRED:
        case NATS_ADDRESS_MISSING:
        case NATS_INVALID_ARG:
        case NATS_MAX_PAYLOAD:
            return Fault::refused;
        case NATS_TIMEOUT:
            return Fault::late;
        default:
            return Fault::unreachable;
    }
}

/// Only the library's own words for a status: its longer ones quote the address.
std::unexpected<Error> failed(State& state, Fault fault, std::string_view what) {
    state.context.reset();
    state.connection.reset();
    return fail(fault, fmt::format("NATS ({}): {}", state.options.from, what));
}

std::unexpected<Error> failed(State& state, std::string_view what, natsStatus status) {
    return failed(state, fault_of(status), fmt::format("{}: {}", what, natsStatus_GetText(status)));
}

/// Errors that come by themselves are met again by the next call; the library would print them.
void ignore_error(natsConnection*, natsSubscription*, natsStatus, void*) {}

std::string host_of(std::string_view url) {
    std::string_view rest = url.substr(url.find("://") + 3);
    rest = rest.substr(0, rest.find('/'));
    const std::size_t at = rest.rfind('@');
    rest = at == std::string_view::npos ? rest : rest.substr(at + 1);
    return std::string(rest.substr(0, rest.rfind(':')));
}

Result<void> connect(State& state) {
    if (state.context &&
        natsConnection_Status(state.connection.get()) == NATS_CONN_STATUS_CONNECTED) {
        return {};
    }
    natsOptions* made = nullptr;
    natsStatus status = natsOptions_Create(&made);
    const Options options(made);
    const auto set = [&status](natsStatus done) { status = status == NATS_OK ? done : status; };
    if (status == NATS_OK) {
        set(natsOptions_SetURL(made, state.options.url.c_str()));
        set(natsOptions_SetName(made, "homeostat-shipper"));
        set(natsOptions_SetTimeout(made, answers_within_ms));
        set(natsOptions_SetAllowReconnect(made, false));  // What is there then is asked first.
        set(natsOptions_SetErrorHandler(made, ignore_error, nullptr));
        set(natsOptions_UseGlobalMessageDelivery(made, false));
    }
    if (status == NATS_OK && state.options.url.starts_with("tls://")) {
        set(natsOptions_SetSecure(made, true));
        set(natsOptions_SetExpectedHostname(made, host_of(state.options.url).c_str()));
    }
    natsConnection* connection = nullptr;
    if (status == NATS_OK) {
        status = natsConnection_Connect(&connection, made);
    }
    state.context.reset();
    state.connection.reset(connection);
    if (status != NATS_OK) {
        return failed(state, "no connection", status);
    }
    jsOptions settings;
    jsOptions_Init(&settings);
    settings.Wait = answers_within_ms;
    jsCtx* context = nullptr;
    status = natsConnection_JetStream(&context, connection, &settings);
    state.context.reset(context);
    return status == NATS_OK ? Result<void>{} : failed(state, "no JetStream", status);
}

/// Nothing: there is no such stream. ERRORS: also absent: the server has no JetStream.
Result<std::optional<std::uint64_t>> last_sequence(State& state, std::uint64_t* messages_count) {
    jsStreamInfo* found = nullptr;
    jsErrCode code = no_code;
    const natsStatus status =
        js_GetStreamInfo(&found, state.context.get(), state.options.stream.c_str(), nullptr, &code);
    const StreamInfo info(found);
    if (status == NATS_OK) {
        if (messages_count != nullptr) {
            *messages_count = found->State.Msgs;
        }
        return found->State.LastSeq;
    }
    if (code == JSStreamNotFoundErr) {
        return std::optional<std::uint64_t>();
    }
    // In a cluster nobody may lead just now; a server without JetStream answers the same.
    if (status == NATS_NO_RESPONDERS) {
        return failed(state, Fault::busy,
                      "no JetStream answers; a server has it by -js or its configuration");
    }
    if (code == JSNotEnabledErr || code == JSNotEnabledForAccountErr) {
        return failed(
            state, Fault::absent,
            "the server has no JetStream for this account; allow it in its configuration");
    }
    return failed(state, fmt::format("stream {}", state.options.stream), status);
}

Result<void> make_stream(State& state) {
    const std::string subject(subjects_all);
    std::array<const char*, 1> subjects{subject.c_str()};
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = state.options.stream.c_str();
    config.Subjects = subjects.data();
    config.SubjectsLen = static_cast<int>(subjects.size());
    config.Storage = js_FileStorage;
    jsErrCode code = no_code;
    const natsStatus status = js_AddStream(nullptr, state.context.get(), &config, nullptr, &code);
    if (status == NATS_OK) {
        return {};
    }
    constexpr int code_min = 10000;  // The server's own; below are the library's.
    const Fault fault = code >= code_min ? Fault::refused : fault_of(status);
    return failed(
        state, fault,
        fmt::format("the stream {} is not there and cannot be made: {} (code {})",
                    state.options.stream, natsStatus_GetText(status), static_cast<int>(code)));
}

std::string header_of(natsMsg* message, const char* name) {
    const char* value = nullptr;
    const natsStatus status = natsMsgHeader_Get(message, name, &value);
    return status == NATS_OK && value != nullptr ? std::string(value) : std::string();
}

/// What the stream has of this ledger last; nothing: it has none of it.
Result<std::optional<LastMessage>> read_last(State& state) {
    natsMsg* found = nullptr;
    jsErrCode code = no_code;
    const natsStatus status =
        js_GetLastMsg(&found, state.context.get(), state.options.stream.c_str(),
                      state.subject.c_str(), nullptr, &code);
    const Message message(found);
    if (status == NATS_NOT_FOUND || code == JSNoMessageFoundErr) {
        return std::optional<LastMessage>();
    }
    if (status != NATS_OK) {
        return failed(state, fmt::format("the last message of {}", state.subject), status);
    }
    const std::string id = header_of(found, "Nats-Msg-Id");
    const std::optional<outbox::EntryPlace> place = place_of(id, state.ledger);
    if (!place) {
        return failed(state, Fault::corrupt,
                      fmt::format("the last message of {} is not one of this ledger; somebody else "
                                  "writes there, or two ledgers have the same first digits",
                                  state.subject));
    }
    return LastMessage{*place, header_of(found, hash_header), natsMsg_GetSequence(found)};
}

Result<LastMessage> publish(State& state,
                            const outbox::Batch& batch,
                            const outbox::BatchEntry& entry) {
    const std::string event = outbox::to_event(batch, entry);
    const std::string id = outbox::key_of(batch.ledger, entry.place);
    natsMsg* made = nullptr;
    natsStatus status = natsMsg_Create(&made, state.subject.c_str(), nullptr, event.data(),
                                       static_cast<int>(event.size()));
    const Message message(made);
    const auto set = [&](const char* name, const char* value) {
        status = status == NATS_OK ? natsMsgHeader_Set(made, name, value) : status;
    };
    set(hash_header, entry.hash.c_str());
    set("Content-Type", "application/cloudevents+json");
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MaxWait = answers_within_ms;
    options.MsgId = id.c_str();
    options.ExpectStream = state.options.stream.c_str();
    options.ExpectLastSubjectSeq = state.last ? state.last->sequence : 0;
    options.ExpectNoMessage = !state.last;
    jsPubAck* acknowledged = nullptr;
    jsErrCode code = no_code;
    if (status == NATS_OK) {
        status = js_PublishMsg(&acknowledged, state.context.get(), made, &options, &code);
    }
    const Acknowledgement acknowledgement(acknowledged);
    if (status == NATS_OK) {
        return LastMessage{entry.place, entry.hash, acknowledged->Sequence};
    }
    if (code == JSStreamWrongLastSequenceErr) {
        return failed(state, Fault::busy,
                      "another message of this ledger came in between; another shipper may send "
                      "it as well: end one of both");
    }
    if (status == NATS_NO_RESPONDERS) {
        return failed(state, Fault::busy,
                      fmt::format("no stream takes {} just now; {} has to have the subject {}",
                                  state.subject, state.options.stream, subjects_all));
    }
    if (status == NATS_MAX_PAYLOAD) {
        return failed(state, Fault::refused,
                      fmt::format("an entry of {} bytes is larger than the server's max_payload; "
                                  "raise that to 2MB",
                                  event.size()));
    }
    return failed(state, fmt::format("message {}", id), status);
}

}  // namespace

NatsSink::NatsSink(NatsOptions options) : state_(std::make_unique<State>(std::move(options))) {}

NatsSink::~NatsSink() = default;

Result<outbox::Cursor> NatsSink::resume(const std::string& ledger, const std::string& service) {
    State& state = *state_;
    state.ledger = ledger;
    state.subject = subject_of(service, ledger);
    if (const Result<void> connected = connect(state); !connected) {
        return std::unexpected(connected.error());
    }
    const Result<std::optional<std::uint64_t>> sequence = last_sequence(state, nullptr);
    if (!sequence) {
        return std::unexpected(sequence.error());
    }
    if (!*sequence) {
        if (const Result<void> made = make_stream(state); !made) {
            return std::unexpected(made.error());
        }
    }
    Result<std::optional<LastMessage>> last = read_last(state);
    if (!last) {
        return std::unexpected(last.error());
    }
    state.last = *std::move(last);
    if (state.last) {
        // Its group may be there in part: it is read again, and what is there is passed over.
        return outbox::Cursor{state.last->place.group, {}, true};
    }
    const bool is_fresh = sequence->value_or(0) == 0;
    return is_fresh ? outbox::Cursor{} : outbox::CursorFile(state.options.cursor_file).read(ledger);
}

Result<void> NatsSink::take(const outbox::Batch& batch) {
    State& state = *state_;
    for (const outbox::BatchEntry& entry : batch.entries) {
        if (state.last && entry.place.group == state.last->place.group &&
            entry.hash != state.last->hash) {
            return failed(state, Fault::corrupt,
                          fmt::format("group {} is in stream {} with another hash: that is another "
                                      "history of this ledger. Find out which of both was changed "
                                      "(`homeostat verify-ledger`) before anything more is sent",
                                      entry.place.group, state.options.stream));
        }
        if (state.last && entry.place <= state.last->place) {
            continue;
        }
        const Result<LastMessage> sent = publish(state, batch, entry);
        if (!sent) {
            return std::unexpected(sent.error());
        }
        state.last = *sent;
    }
    return outbox::CursorFile(state.options.cursor_file)
        .write(batch.ledger, {batch.next_group, batch.hash});
}

Result<StreamView> NatsSink::look() {
    StreamView view;
    if (const Result<void> connected = connect(*state_); !connected) {
        return std::unexpected(connected.error());
    }
    const Result<std::optional<std::uint64_t>> sequence =
        last_sequence(*state_, &view.messages_count);
    if (!sequence) {
        return std::unexpected(sequence.error());
    }
    view.is_there = sequence->has_value();
    return view;
}

}  // namespace homeostat::adapters::nats
