#include "homeostat/os/error.hpp"

#include <array>
#include <cerrno>
#include <system_error>

namespace homeostat::os {

namespace {

struct Known {
    int error_number;
    Fault fault;
    std::string_view mend;
};

constexpr std::array known_errors{
    Known{ENOENT, Fault::absent, "check the path"},
    Known{ENOTDIR, Fault::absent, "check the path; a part of it is not a directory"},
    Known{EISDIR, Fault::unreachable, "it is a directory; name a file in it"},
    Known{ENOSPC, Fault::full, "free space on that file system"},
    Known{EDQUOT, Fault::full, "raise the quota or free space"},
    Known{EROFS, Fault::full, "mount the file system writable"},
    Known{EFBIG, Fault::full, "raise the limit on file sizes (ulimit -f)"},
    Known{EMFILE, Fault::busy, "raise the limit on open files (ulimit -n)"},
    Known{ENFILE, Fault::busy, "the machine has no open files left; end what leaks them"},
};

Error error_of(std::string_view what, std::string_view path, int error_number, Known otherwise) {
    Known known = otherwise;
    for (const Known& candidate : known_errors) {
        if (candidate.error_number == error_number) {
            known = candidate;
        }
    }
    std::string text = "cannot " + std::string(what) + " " + std::string(path) + ": ";
    text += text_of(error_number) + " (" + std::string(known.mend) + ")";
    return Error{known.fault, std::move(text)};
}

bool is_about_rights(int error_number) {
    return error_number == EACCES || error_number == EPERM;
}

constexpr std::string_view mend_of_rights = "check owner and mode of it and of its directory";
constexpr std::string_view mend_of_the_rest = "look at the medium, then try again";

}  // namespace

std::string text_of(int error_number) {
    return std::generic_category().message(error_number);
}

Error read_error(std::string_view what, std::string_view path, int error_number) {
    const std::string_view mend = is_about_rights(error_number) ? mend_of_rights : mend_of_the_rest;
    return error_of(what, path, error_number, Known{0, Fault::unreachable, mend});
}

Error write_error(std::string_view what, std::string_view path, int error_number) {
    const Known otherwise = is_about_rights(error_number)
                                ? Known{0, Fault::full, mend_of_rights}
                                : Known{0, Fault::unreachable, mend_of_the_rest};
    return error_of(what, path, error_number, otherwise);
}

}  // namespace homeostat::os
