#include "homeostat/app/ledger_place.hpp"

#include "homeostat/adapters/segment_log/signed_head.hpp"
#include "homeostat/app/approvals_place.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/when.hpp"
#include "homeostat/os/proc.hpp"

#include <chrono>

namespace homeostat::app {

adapters::segment_log::LedgerFiles LedgerPlace::files() const {
    return {directory, os::read_boot_id().value_or(std::string())};
}

Result<LedgerPlace> place_of(const LedgerOptions& options) {
    if (!options.ledger.empty()) {
        return LedgerPlace{options.ledger, {}, {}};
    }
    const ConfigReport report = load_config(options.common.config);
    if (!report.config) {
        return fail(Fault::invalid, describe(report));
    }
    const Config& config = *report.config;
    return LedgerPlace{config.ledger_directory,
                       config.sink_file,
                       config.index_file,
                       config.witness_files,
                       adapters::segment_log::public_key_file(config.key_file),
                       approvers_listed_in(config).listed};
}

Result<std::optional<WallTime>> when_of(const std::string& text) {
    if (text.empty()) {
        return std::optional<WallTime>();
    }
    const auto now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const Result<WallTime> at = parse_when(text, now);
    return at ? Result<std::optional<WallTime>>(*at) : std::unexpected(at.error());
}

}  // namespace homeostat::app
