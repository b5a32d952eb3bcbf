#include "homeostat/adapters/haproxy/runtime_reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

namespace homeostat::adapters::haproxy {

namespace {

constexpr std::size_t columns_max = 512;  // 2.6 has 121; each release adds a few.
constexpr std::size_t rows_max = 4096;
constexpr std::size_t shown_bytes_max = 200;

using Fields = std::vector<std::string>;

/// Takes one line without its end; everything if there is no end.
std::string_view take_line(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 1));
    return line;
}

std::unexpected<Error> broken(std::string_view what) {
    return fail(Fault::broken, fmt::format("HAProxy's reply: {}", what));
}

/// HAProxy has no status codes: whatever does not begin as it should is its complaint.
std::unexpected<Error> complaint(std::string_view line, std::string_view backend) {
    if (line == "No such proxy." || line == "Can't find backend.") {
        return fail(Fault::absent, fmt::format("HAProxy has no backend '{}'", backend));
    }
    return broken(fmt::format("not the table that was asked for: '{}'", plain_text(line)));
}

/// Takes a quoted CSV field, up to and with its closing quote. False: it never closes.
bool take_quoted(std::string_view& rest, std::string& field) {
    rest.remove_prefix(1);
    while (!rest.empty()) {
        const char c = rest.front();
        rest.remove_prefix(1);
        if (c != '"') {
            field += c;
        } else if (rest.starts_with('"')) {
            field += c;
            rest.remove_prefix(1);
        } else {
            return true;
        }
    }
    return false;
}

/// Takes one CSV record with the line end that closes it.
Result<Fields> take_record(std::string_view& rest) {
    Fields fields;
    while (fields.size() < columns_max) {
        std::string& field = fields.emplace_back();
        if (rest.starts_with('"')) {
            if (!take_quoted(rest, field)) {
                return broken("a quoted field has no end");
            }
        } else {
            const std::size_t size = std::min(rest.find_first_of(",\n\""), rest.size());
            field = rest.substr(0, size);
            rest.remove_prefix(size);
        }
        if (rest.starts_with('\n')) {
            rest.remove_prefix(1);
            return fields;
        }
        if (!rest.starts_with(',')) {
            return broken("it was cut in the middle of a row");
        }
        rest.remove_prefix(1);
    }
    return broken("too many columns");
}

Fields split_words(std::string_view line) {
    Fields words;
    while (!line.empty() && words.size() <= columns_max) {
        const std::size_t size = std::min(line.find(' '), line.size());
        words.emplace_back(line.substr(0, size));
        line.remove_prefix(std::min(line.size(), size + 1));
    }
    return words;
}

/// Which column has which name, and the row that is being read.
class Row {
  public:
    Row(const Fields& columns, Fields fields) : columns_(columns), fields_(std::move(fields)) {}

    [[nodiscard]] bool is_as_wide_as_header() const { return fields_.size() == columns_.size(); }

    [[nodiscard]] std::string text(std::string_view column) const {
        const auto found = std::ranges::find(columns_, column);
        return found == columns_.end()
                   ? std::string()
                   : fields_[static_cast<std::size_t>(found - columns_.begin())];
    }

    /// Reads a number into `out`. An empty field is for columns that a row of its kind lacks.
    template <class Number>
    void number(std::string_view column, Number& out, bool may_be_empty = false) {
        const std::string field = text(column);
        const char* const end = field.data() + field.size();
        const auto [stopped, error] = std::from_chars(field.data(), end, out);
        if ((error != std::errc{} || stopped != end) && !(field.empty() && may_be_empty) &&
            !trouble_) {
            trouble_ =
                fmt::format("column {} holds '{}', which is no number", column, plain_text(field));
        }
    }

    [[nodiscard]] const std::optional<std::string>& trouble() const { return trouble_; }

  private:
    const Fields& columns_;
    Fields fields_;
    std::optional<std::string> trouble_;
};

Result<void> check_columns(const Fields& columns, std::span<const std::string_view> wanted) {
    for (const std::string_view name : wanted) {
        if (std::ranges::count(columns, name) != 1) {
            return broken(fmt::format("it has no column '{}', or two", name));
        }
    }
    return {};
}

constexpr std::array<std::string_view, 18> stat_columns{
    "pxname", "svname",   "type",  "mode",     "qcur",  "scur",   "slim",  "stot",  "req_tot",
    "econ",   "hrsp_5xx", "eresp", "srv_abrt", "wretr", "wredis", "qtime", "ctime", "rtime"};

constexpr std::array<std::string_view, 6> state_columns{
    "be_name",         "srv_name",    "srv_op_state",
    "srv_admin_state", "srv_uweight", "srv_time_since_last_change"};

constexpr std::string_view type_backend = "1";
constexpr std::string_view type_server = "2";

Result<StatRow> stat_row_of(Row row, std::string_view backend) {
    if (!row.is_as_wide_as_header()) {
        return broken("a row is not as wide as the header");
    }
    const std::string type = row.text("type");
    if (row.text("pxname") != backend || (type != type_backend && type != type_server)) {
        return broken("it holds a row that nobody asked for");
    }
    StatRow result;
    result.name = row.text("svname");
    result.is_backend = type == type_backend;
    result.is_http = row.text("mode") == "http";
    row.number("qcur", result.queue_now);
    row.number("scur", result.sessions_now);
    row.number("slim", result.sessions_max, true);
    row.number("stot", result.sessions_total);
    row.number("req_tot", result.answers_total, !result.is_http);
    row.number("hrsp_5xx", result.answers_5xx_total, !result.is_http);
    row.number("econ", result.connect_errors_total);
    row.number("eresp", result.response_errors_total);
    row.number("srv_abrt", result.server_aborts_total);
    row.number("wretr", result.retries_total);
    row.number("wredis", result.redispatches_total);
    row.number("qtime", result.queue_ms);
    row.number("ctime", result.connect_ms);
    row.number("rtime", result.response_ms);
    if (row.trouble()) {
        return broken(*row.trouble());
    }
    return result;
}

Result<ServerState> state_of(Row row, std::string_view backend) {
    if (!row.is_as_wide_as_header()) {
        return broken("a row is not as wide as the header");
    }
    if (row.text("be_name") != backend) {
        return broken("it holds a row that nobody asked for");
    }
    ServerState result;
    result.name = row.text("srv_name");
    row.number("srv_op_state", result.operational);
    row.number("srv_admin_state", result.administrative);
    row.number("srv_uweight", result.weight);
    row.number("srv_time_since_last_change", result.unchanged_s);
    if (row.trouble()) {
        return broken(*row.trouble());
    }
    return result;
}

template <class T>
Result<void> add(std::vector<T>& rows, Result<T> row) {
    if (!row) {
        return std::unexpected(row.error());
    }
    if (rows.size() == rows_max) {
        return broken("too many rows");
    }
    if (std::ranges::find(rows, row->name, &T::name) != rows.end()) {
        return broken(fmt::format("'{}' stands in it twice", plain_text(row->name)));
    }
    rows.push_back(*std::move(row));
    return {};
}

}  // namespace

Result<std::vector<StatRow>> take_stat(std::string_view& rest, std::string_view backend) {
    constexpr std::string_view beginning = "# ";
    if (!rest.starts_with("# pxname,")) {
        return complaint(take_line(rest), backend);
    }
    rest.remove_prefix(beginning.size());
    const Result<Fields> columns = take_record(rest);
    if (!columns) {
        return std::unexpected(columns.error());
    }
    if (const Result<void> known = check_columns(*columns, stat_columns); !known) {
        return std::unexpected(known.error());
    }
    std::vector<StatRow> rows;
    while (!rest.starts_with('\n')) {
        Result<Fields> fields = take_record(rest);
        if (!fields) {
            return std::unexpected(fields.error());
        }
        Result<StatRow> row = stat_row_of(Row(*columns, *std::move(fields)), backend);
        if (const Result<void> added = add(rows, std::move(row)); !added) {
            return std::unexpected(added.error());
        }
    }
    rest.remove_prefix(1);
    if (std::ranges::count(rows, true, &StatRow::is_backend) != 1) {
        return broken("it does not hold the backend's own row once");
    }
    return rows;
}

Result<std::vector<ServerState>> take_servers_state(std::string_view& rest,
                                                    std::string_view backend) {
    const std::string_view version = take_line(rest);
    if (version != "1") {
        return complaint(version, backend);
    }
    std::string_view header = take_line(rest);
    if (!header.starts_with("# be_id ")) {
        return complaint(header, backend);
    }
    header.remove_prefix(2);
    const Fields columns = split_words(header);
    if (const Result<void> known = check_columns(columns, state_columns); !known) {
        return std::unexpected(known.error());
    }
    std::vector<ServerState> states;
    while (!rest.starts_with('\n')) {
        if (rest.find('\n') == std::string_view::npos) {
            return broken("it was cut in the middle of a row");
        }
        Result<ServerState> state = state_of(Row(columns, split_words(take_line(rest))), backend);
        if (const Result<void> added = add(states, std::move(state)); !added) {
            return std::unexpected(added.error());
        }
    }
    rest.remove_prefix(1);
    return states;
}

namespace {

/// The value of `name` in a row of `name=value` words; nothing without such a word.
std::optional<std::string_view> value_of(std::string_view row, std::string_view name) {
    while (!row.empty()) {
        const std::string_view word = row.substr(0, row.find(' '));
        row.remove_prefix(std::min(row.size(), word.size() + 1));
        if (word.starts_with(name) && word.substr(name.size()).starts_with('=')) {
            return word.substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

/// Takes the reply to `show table TABLE key KEY`: the entry's row, or nothing without an entry.
Result<std::optional<std::string_view>> take_row(std::string_view& rest,
                                                 std::string_view table,
                                                 std::string_view key) {
    if (!rest.contains('\n')) {
        return broken("it was cut before the end of a line");
    }
    const std::string_view first = take_line(rest);
    if (first.empty()) {
        return std::nullopt;  // No such entry: it was never set, or its time is over.
    }
    const bool has_table = first != "No such table";
    const bool is_table = first.starts_with("# table: ");
    const std::string_view row = is_table ? take_line(rest) : "";
    if ((has_table && !is_table) || !rest.starts_with('\n')) {
        return broken(fmt::format("not the entry that was asked for: '{}'", plain_text(first)));
    }
    rest.remove_prefix(1);
    if (!has_table) {
        return fail(Fault::absent, fmt::format("HAProxy has no stick table '{}'", table));
    }
    if (value_of(row, "key") != key) {
        return broken(fmt::format("an entry without our key: '{}'", plain_text(row)));
    }
    return row;
}

/// The whole number that stands behind `name=`. ERRORS: broken: there is none.
template <class Number>
Result<Number> number_of(std::string_view row, std::string_view name) {
    Number number{};
    const std::string_view text = value_of(row, name).value_or("");
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return broken(fmt::format("an entry without {}, a number: '{}'", name, plain_text(row)));
    }
    return number;
}

}  // namespace

Result<bool> take_switch(std::string_view& rest, std::string_view table, std::string_view key) {
    const Result<std::optional<std::string_view>> row = take_row(rest, table, key);
    if (!row) {
        return std::unexpected(row.error());
    }
    if (!*row) {
        return false;
    }
    const Result<std::uint64_t> value = number_of<std::uint64_t>(**row, "gpt0");
    return value ? Result<bool>(*value > 0) : std::unexpected(value.error());
}

Result<std::optional<TableEntry>> take_entry(std::string_view& rest,
                                             std::string_view table,
                                             std::string_view key) {
    const Result<std::optional<std::string_view>> row = take_row(rest, table, key);
    if (!row) {
        return std::unexpected(row.error());
    }
    if (!*row) {
        return std::nullopt;
    }
    if (!value_of(**row, "gpt0")) {
        return fail(Fault::absent, fmt::format("HAProxy's stick table '{}' stores no gpt0", table));
    }
    const Result<std::uint32_t> value = number_of<std::uint32_t>(**row, "gpt0");
    const Result<std::uint32_t> expires_ms = number_of<std::uint32_t>(**row, "exp");
    if (!value || !expires_ms) {
        return std::unexpected(value ? expires_ms.error() : value.error());
    }
    return TableEntry{*value, std::chrono::milliseconds{*expires_ms}};
}

Result<std::optional<std::vector<std::uint64_t>>> take_numbers(
    std::string_view& rest,
    std::string_view table,
    std::string_view key,
    std::span<const std::string_view> names) {
    const Result<std::optional<std::string_view>> row = take_row(rest, table, key);
    if (!row) {
        return std::unexpected(row.error());
    }
    if (!*row) {
        return std::nullopt;
    }
    std::vector<std::uint64_t> numbers;
    for (const std::string_view name : names) {
        if (!value_of(**row, name)) {
            return fail(Fault::absent,
                        fmt::format("HAProxy's stick table '{}' stores no {}", table, name));
        }
        const Result<std::uint64_t> number = number_of<std::uint64_t>(**row, name);
        if (!number) {
            return std::unexpected(number.error());
        }
        numbers.push_back(*number);
    }
    return numbers;
}

Result<std::string> take_complaint(std::string_view& rest) {
    if (rest.starts_with('\n')) {
        rest.remove_prefix(1);
        return std::string();
    }
    const std::size_t end = rest.find("\n\n");
    if (end == std::string_view::npos) {
        return broken("it was cut before its end");
    }
    std::string complaint = plain_text(rest.substr(0, end));
    rest.remove_prefix(end + 2);
    if (complaint.empty()) {
        return broken("a complaint without words");
    }
    return complaint;
}

Result<TableShape> take_shape(std::string_view& rest, std::string_view table) {
    const std::size_t end = rest.find("\n\n");
    if (end == std::string_view::npos) {
        return broken("it was cut before its end");
    }
    std::string_view reply = rest.substr(0, end + 1);
    rest.remove_prefix(end + 2);
    const std::string_view first = take_line(reply);
    if (first == "No such table") {
        return fail(Fault::absent, fmt::format("HAProxy has no stick table '{}'", table));
    }
    if (first.contains("Data type not stored in this table")) {
        return TableShape{};
    }
    if (!first.starts_with(fmt::format("# table: {}, ", table))) {
        return broken(fmt::format("not the table that was asked for: '{}'", plain_text(first)));
    }
    return TableShape{.has_text_keys = first.contains(", type: string,"), .has_switch = true};
}

std::string plain_text(std::string_view text) {
    std::string result;
    for (const char c : text.substr(0, shown_bytes_max)) {
        result += c >= ' ' && c < '\x7f' ? c : ' ';
    }
    const std::size_t end = result.find_last_not_of(' ');
    result.resize(end == std::string::npos ? 0 : end + 1);
    return result;
}

}  // namespace homeostat::adapters::haproxy
