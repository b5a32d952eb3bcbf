#include "homeostat/adapters/postgres/migrations.hpp"

#include <array>

namespace homeostat::adapters::postgres {

namespace {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"  // C++26 has it as it is.
constexpr char entries_sql[] = {
#embed "migrations/001_entries.sql"
};
constexpr char decisions_sql[] = {
#embed "migrations/002_decisions.sql"
};
constexpr char fleets_sql[] = {
#embed "migrations/003_fleets.sql"
};
#pragma clang diagnostic pop

constexpr std::array all{
    Migration{1, {static_cast<const char*>(entries_sql), sizeof(entries_sql)}},
    Migration{2, {static_cast<const char*>(decisions_sql), sizeof(decisions_sql)}},
    Migration{3, {static_cast<const char*>(fleets_sql), sizeof(fleets_sql)}}};

}  // namespace

std::span<const Migration> migrations() {
    return all;
}

}  // namespace homeostat::adapters::postgres
