#pragma once

// KeptPath: a path as it is kept: its text.
//
// std::filesystem::path keeps each of its components besides, several times what the text takes.
// Nobody asks for those of a path that is only kept, of a process that guards a thousand services
// by the dozen thousands. It is one again wherever one is wanted.
//
// Values only; of no file system.

#include <filesystem>
#include <string>
#include <utility>

namespace homeostat::os {

class KeptPath {
  public:
    KeptPath() = default;
    // NOLINTBEGIN(google-explicit-constructor): nothing of it is lost.
    KeptPath(const std::filesystem::path& path) : text_(path.string()) {}
    KeptPath(std::string text) : text_(std::move(text)) {}
    KeptPath(const char* text) : text_(text) {}
    operator std::filesystem::path() const { return text_; }
    // NOLINTEND(google-explicit-constructor)

    [[nodiscard]] const std::string& string() const { return text_; }
    [[nodiscard]] const char* c_str() const { return text_.c_str(); }
    [[nodiscard]] bool empty() const { return text_.empty(); }
    [[nodiscard]] std::filesystem::path parent_path() const {
        return std::filesystem::path(text_).parent_path();
    }
    [[nodiscard]] std::filesystem::path filename() const {
        return std::filesystem::path(text_).filename();
    }
    [[nodiscard]] std::filesystem::path operator/(const std::filesystem::path& below) const {
        return std::filesystem::path(text_) / below;
    }

    friend bool operator==(const KeptPath&, const KeptPath&) = default;
    friend bool operator==(const KeptPath& one, const char* text) { return one.text_ == text; }
    friend bool operator==(const KeptPath& one, const std::filesystem::path& path) {
        return one.text_ == path.string();
    }

  private:
    std::string text_;
};

}  // namespace homeostat::os
