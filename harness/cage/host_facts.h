// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

namespace driftcage::cage {

// What the host says of itself, for diagnose(): sysctl values by their names
// ("user.max_user_namespaces"), fields of /proc/self/status ("Seccomp"), and
// "kernel", "container" (docker, podman, kubernetes, other), "wsl" (1, 2),
// "gvisor", "chrooted", "proc-masked", "root-type", "selinux", "apparmor",
// "uid". What cannot be read or is not so has no entry.
[[nodiscard]] std::map<std::string, std::string> read_host_facts();

}  // namespace driftcage::cage
