#pragma once

// Files with secrets: keys, tokens, addresses with a password in them. Others must not read them.
//
// "Others" are a group and the world. One group may: where the file is root's, we are not root, and
// the group is one of ours or root's, only root can have let anybody in: that is how a package puts
// a secret into /etc (0640), how systemd hands over a credential and how the kubelet mounts a
// Secret for a pod with an fsGroup (0440). For a pod that runs as root such a file counts if the
// kubelet's own link `..data` leads to it. A file that the world may read is refused everywhere, a
// Secret that is mounted without `defaultMode` included.
//
// Thread-safe.

#include "homeostat/base/result.hpp"

#include <cstddef>
#include <string>

namespace homeostat::os {

/// As read_file, and looked at and read through one descriptor. ERRORS: those of read_file;
/// refused: others may read it, with the mode and the mend.
[[nodiscard]] Result<std::string> read_secret_file(const std::string& path, std::size_t bytes_max);

/// Only looks at it. ERRORS: as read_secret_file.
[[nodiscard]] Result<void> check_secret_file(const std::string& path);

/// What of a file the rule goes by.
struct SecretFileLook {
    unsigned mode{0};           ///< Its permission bits.
    bool is_of_root{false};     ///< Its owner is.
    bool has_our_group{false};  ///< We are in its group, or that is root's.
    bool is_of_kubelet{false};  ///< A link to `..data/NAME` leads to it.
    bool are_we_root{false};
};

/// The rule itself. Pure.
[[nodiscard]] bool is_kept_from_others(const SecretFileLook& look);

}  // namespace homeostat::os
