#pragma once

// ChangeEvent: a change as a CloudEvent, which deploy tools and brokers send already.
//
// Two vocabularies are read. `dev.homeostat.change` has the members of a line of the changes' file
// as its data. Of CDEvents those count after which users are served by another program:
// service.deployed, service.upgraded and service.rolledback; the service is the subject's id, the
// version what the artifact's package URL says of it. Another type is no error: a broker sends what
// it has, and 4xx would make it try for ever.
//
// Flux sends events of its own form, and those of its two kinds that apply something count: of each
// object a revision that is another than the last. Their service is what the alert's eventMetadata
// says (`service`), else the object's name.
//
// What an event says is hearsay like every change that is told. Its time is not read, since clocks
// differ: it is noted as of now.
//
// SOURCE: CloudEvents 1.0.2, HTTP binding (structured and binary mode, no batches); CDEvents 0.4
// and 0.5, whose event types end in a version of their own; Flux 2, events of the generic provider.
//
// Pure.

#include "homeostat/base/result.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/net/http_message.hpp"

#include <array>
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::app {

constexpr std::size_t change_event_bytes_max = std::size_t{16} << 10U;  ///< CDEvents are wordy.

/// What a server keeps of a request's headers for is_change_event and parse_change_event.
constexpr std::array<std::string_view, 5> change_event_headers{
    "ce-specversion", "ce-type", "ce-source", "ce-id", "gotk-component"};

struct ChangeEvent {
    std::string key;               ///< Source and id: the same event comes with the same.
    std::string about{};           ///< Of Flux, the object: another key about it ends this one.
    std::string type;              ///< As it was sent, at most 256 bytes.
    std::optional<Change> change;  ///< Nothing: of a type that tells of no change of ours.
};

/// Whether the request carries a CloudEvent, or one of Flux, rather than a bare change.
[[nodiscard]] bool is_change_event(const net::HttpRequest& request);

/// REQUIRES: is_change_event. ERRORS: invalid, with the attribute or member that is wrong.
[[nodiscard]] Result<ChangeEvent> parse_change_event(const net::HttpRequest& request);

/// "pkg:oci/payments@sha256%3A0b31b1…?tag=v7" is "v7"; without a tag "sha256-0b31b1c02ff4"; of
/// "pkg:generic/payments@1.4.2" it is "1.4.2". Empty: it names none that we can write.
[[nodiscard]] std::string version_in_package_url(std::string_view url);

/// "main@sha1:731f7eaddfb6…" is "sha1-731f7eaddfb6", "6.5.4" of a chart is itself. Empty: it names
/// none that we can write.
[[nodiscard]] std::string version_in_revision(std::string_view revision);

/// Which events were noted already: brokers deliver at least once.
class ChangeEventsSeen {
  public:
    /// Whether it is new; remembered from now on. Of the oldest nothing is known any more.
    [[nodiscard]] bool is_new(const ChangeEvent& event);

    /// It could not be noted after all: its sender will try again.
    void forget(const std::string& key) { std::erase(keys_, key); }

  private:
    static constexpr std::size_t keys_max = 256;  ///< Far more than a broker delivers anew.
    std::list<std::string> keys_;
};

}  // namespace homeostat::app
