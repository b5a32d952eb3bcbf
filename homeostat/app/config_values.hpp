#pragma once

// The kinds of values that a configuration is made of. Each kind says how a text becomes a value,
// how a value is written again, and what an editor should know of it; config_keys.hpp says where
// each stands.
//
// A refusal is "what is wrong — what to write instead", without the place.
//
// Pure. Thread-safe.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>

namespace homeostat::app {

/// "500ms", "2s", "5m", "1h", "7d". Nothing finer: no key of ours needs it.
struct DurationValue {
    Duration min{};
    Duration max{std::chrono::hours{24}};

    [[nodiscard]] Result<Duration> parse(std::string_view text) const;
    [[nodiscard]] json::value write(Duration value) const;
    [[nodiscard]] json::object schema() const;
};

/// "99.9%" or 0.999; more than nothing, less than all.
struct RatioValue {
    [[nodiscard]] Result<double> parse(std::string_view text) const;
    [[nodiscard]] json::value write(double value) const { return value; }
    [[nodiscard]] json::object schema() const;
};

[[nodiscard]] Result<std::uint64_t> parse_count(std::string_view text,
                                                std::uint64_t min,
                                                std::uint64_t max);
[[nodiscard]] json::object count_schema(std::uint64_t min, std::uint64_t max);

template <class T>
struct CountValue {
    T min{0};
    T max{std::numeric_limits<T>::max()};

    [[nodiscard]] Result<T> parse(std::string_view text) const {
        const Result<std::uint64_t> count = parse_count(text, min, max);
        if (!count) {
            return std::unexpected<Error>(count.error());
        }
        return static_cast<T>(*count);
    }
    [[nodiscard]] json::value write(T value) const { return static_cast<std::uint64_t>(value); }
    [[nodiscard]] json::object schema() const { return count_schema(min, max); }
};

/// One to `bytes_max` bytes of anything printable.
struct TextValue {
    std::size_t bytes_max{1024};

    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

/// Words of a log line, `*` for anything between (sense/gloss.hpp).
struct GlossPatternValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

/// A plain name (base/id.hpp): it ends up in proxy commands and file names.
struct NameValue {
    std::size_t bytes_max{name_bytes_max};

    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

template <class Tag>
struct IdValue {
    NameValue name;

    [[nodiscard]] Result<Id<Tag>> parse(std::string_view text) const {
        Result<std::string> parsed = name.parse(text);
        if (!parsed) {
            return std::unexpected<Error>(parsed.error());
        }
        return Id<Tag>(std::move(*parsed));
    }
    [[nodiscard]] json::value write(const Id<Tag>& value) const {
        return json::value(value.text());
    }
    [[nodiscard]] json::object schema() const { return name.schema(); }
};

/// "/healthz": the path of a request to an instance.
struct UrlPathValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

/// "http://127.0.0.1:8080/path" or "unix:/run/x.sock", as net/endpoint.hpp reads it.
struct UrlValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

/// "http://127.0.0.1:8080" or "unix:/run/model.sock": the model server, without a path.
/// Whether it may be elsewhere depends on the other keys beside it.
struct ModelUrlValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

/// A text with "{entry}" in it; as an address it is one for any entry.
struct EntryPatternValue {
    bool is_url{true};

    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

/// "127.0.0.1:6379" or "unix:/run/redis.sock": a peer that does not speak HTTP. The port has to be
/// said: a guess would be HTTP's.
struct PeerValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const;
};

/// A path; what is relative is relative to the configuration's directory.
struct PathValue {
    [[nodiscard]] Result<std::filesystem::path> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::filesystem::path& value) const {
        return json::value(value.string());
    }
    [[nodiscard]] json::object schema() const;
};

/// `true`, where saying nothing means false.
struct FlagValue {
    [[nodiscard]] Result<bool> parse(std::string_view text) const;
    [[nodiscard]] json::value write(bool value) const { return value; }
    [[nodiscard]] json::object schema() const;
};

/// "'rulse' — did you mean 'rules'? known here: rules, model, both"
[[nodiscard]] std::string not_one_of(std::string_view text, const std::vector<std::string>& names);

/// The one of `names` that was probably meant; empty if none is near.
[[nodiscard]] std::string nearest(std::string_view text, const std::vector<std::string>& names);

template <NamedEnum E>
struct EnumValue {
    [[nodiscard]] Result<E> parse(std::string_view text) const {
        const std::optional<E> value = parse_enum<E>(text);
        if (!value) {
            return fail(Fault::invalid, "unknown value " + not_one_of(text, names()));
        }
        return *value;
    }
    [[nodiscard]] json::value write(E value) const {
        return json::value(std::string(to_text(value)));
    }
    [[nodiscard]] json::object schema() const {
        json::array allowed;
        for (const std::string& name : names()) {
            allowed.emplace_back(name);
        }
        json::object schema;
        schema["enum"] = std::move(allowed);
        return schema;
    }
    [[nodiscard]] static std::vector<std::string> names() {
        constexpr auto all = names_of(std::type_identity<E>{});
        return {all.begin(), all.end()};
    }
};

/// "500ms": the largest unit that divides it.
[[nodiscard]] std::string to_text(Duration span);

}  // namespace homeostat::app
