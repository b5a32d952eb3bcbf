#include "homeostat/adapters/llm/model_file.hpp"

#include "homeostat/adapters/llm/prompt.hpp"
#include "homeostat/base/ensure.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace homeostat::adapters::llm {

namespace {

constexpr std::string_view magic = "GGUF";
constexpr std::string_view mend =
    "Run `make setup` to fetch the model, or name another file in the configuration; until then "
    "the rules decide alone.";

class Sha256 {
  public:
    Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
        ensure(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1, "SHA-256 is there");
    }
    void add(std::span<const char> bytes) {
        ensure(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1,
               "a digest takes bytes");
    }
    [[nodiscard]] std::string hex() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned size = 0;
        ensure(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1, "a digest ends once");
        std::string text;
        for (const unsigned char byte : std::span(digest).first(size)) {
            text += fmt::format("{:02x}", byte);
        }
        return text;
    }

  private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::unexpected<Error> refuse(const std::filesystem::path& path, std::string_view why) {
    return fail(Fault::invalid,
                fmt::format("{} is not a model file: {}. {}", path.string(), why, mend));
}

}  // namespace

Result<ModelFile> read_model_file(const std::filesystem::path& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) {
        return fail(Fault::absent, fmt::format("{} does not exist. {}", path.string(), mend));
    }
    if (!std::filesystem::is_regular_file(status)) {
        return refuse(path, "it is no regular file");
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return fail(Fault::absent, fmt::format("{} cannot be read. {}", path.string(), mend));
    }
    Sha256 digest;
    std::vector<char> block(std::size_t{1} << 20U);
    bool is_first = true;
    while (file.read(block.data(), static_cast<std::streamsize>(block.size())), file.gcount() > 0) {
        const std::span<const char> bytes(block.data(), static_cast<std::size_t>(file.gcount()));
        const std::string_view begin(bytes.data(), std::min(bytes.size(), magic.size()));
        if (is_first && begin != magic) {
            return refuse(path, fmt::format("it begins with \"{}\", not \"{}\"",
                                            plain_text(begin, magic.size()), magic));
        }
        is_first = false;
        digest.add(bytes);
    }
    if (is_first) {
        return refuse(path, "it is empty");
    }
    return ModelFile{.name = plain_text(path.stem().string(), 64), .sha256 = digest.hex()};
}

std::string sha256_of(std::string_view bytes) {
    Sha256 digest;
    digest.add(bytes);
    return digest.hex();
}

}  // namespace homeostat::adapters::llm
