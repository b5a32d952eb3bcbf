#include "homeostat/sense/trouble.hpp"

#include <algorithm>

namespace homeostat::sense {

namespace {

using enum Trouble;

struct TroubleRow {
    std::string_view gloss;
    std::optional<Trouble> trouble;
};

/// What a gloss's kind does not say, or says wrongly.
constexpr auto rows = std::to_array<TroubleRow>({
    {"connection_refused", connection_refused},
    {"connection_reset", connection_refused},
    {"broken_pipe", connection_refused},
    {"connect_failed", connection_refused},
    {"no_route", connection_refused},
    {"network_unreachable", connection_refused},
    {"no_server_available", connection_refused},
    {"backend_down", connection_refused},
    {"broker_unavailable", connection_refused},
    {"http_521", connection_refused},
    {"http_523", connection_refused},
    {"grpc_unavailable", connection_refused},
    {"connect_timeout", timeout},
    {"read_timeout", timeout},
    {"query_timeout", timeout},
    {"server_selection", timeout},
    {"timed_out", timeout},
    {"http_408", timeout},
    {"http_504", timeout},
    {"http_522", timeout},
    {"http_524", timeout},
    {"grpc_deadline_exceeded", timeout},
    {"out_of_memory", out_of_memory},
    {"memory_leak", out_of_memory},
    {"cache_evicting", out_of_memory},
    {"disk_full", disk_full},
    {"inodes_exhausted", disk_full},
    {"http_507", disk_full},
    {"certificate_expired", certificate},
    {"certificate_untrusted", certificate},
    {"certificate_wrong_name", certificate},
    {"tls_failed", certificate},
    {"http_525", certificate},
    {"http_526", certificate},
    {"unauthorized", credentials},
    {"deadlock", deadlock},
    {"lock_timeout", deadlock},
    {"pool_exhausted", pool_exhausted},
    {"too_many_connections", pool_exhausted},
    {"too_many_files", descriptors_exhausted},
    {"ports_exhausted", descriptors_exhausted},
    {"queue_full", overload},
    {"threads_exhausted", overload},
    {"cpu_starved", overload},
    {"grpc_resource_exhausted", overload},
    {"rate_limited", rate_limited},
    {"http_429", rate_limited},
    {"internal_error", exception},
    {"clock_skew", std::nullopt},
    {"memory_overcommit", std::nullopt},
    {"process_stopped", std::nullopt},
    {"deprecated_use", std::nullopt},
});

constexpr auto glosses = [] {
    std::array<std::string_view, rows.size()> ids{};
    std::ranges::transform(rows, ids.begin(), &TroubleRow::gloss);
    return ids;
}();

std::optional<Trouble> trouble_of_kind(GlossClass kind) {
    switch (kind) {
        case GlossClass::credentials:
            return credentials;
        case GlossClass::code:
            return exception;
        case GlossClass::config:
            return config_error;
        case GlossClass::data:
            return bad_data;
        case GlossClass::dependency:
        case GlossClass::resource:
        case GlossClass::network:
        case GlossClass::client:
            break;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Trouble> trouble_of(const Gloss& gloss) {
    const auto row = std::ranges::find(rows, gloss.id, &TroubleRow::gloss);
    if (row != rows.end()) {
        return row->trouble;
    }
    return gloss.is_general ? std::nullopt : trouble_of_kind(gloss.kind);
}

std::optional<Trouble> trouble_of(std::string_view line) {
    const std::optional<Gloss> gloss = gloss_of(line);
    return gloss ? trouble_of(*gloss) : std::nullopt;
}

std::span<const std::string_view> glosses_with_trouble_for_test() {
    return glosses;
}

}  // namespace homeostat::sense
