// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/host_facts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "harness/base/sys.h"
#include "harness/cage/mountinfo.h"

namespace driftcage::cage {
namespace {

using Facts = std::map<std::string, std::string>;

std::optional<std::string> first_line(const std::string& path) {
  auto text = base::sys::read_file(path);
  if (!text) return std::nullopt;
  return text->substr(0, text->find_first_of(std::string_view("\n\0", 2)));
}

void read_sysctls(Facts& facts) {
  for (const char* name :
       {"kernel.apparmor_restrict_unprivileged_userns",
        "kernel.unprivileged_userns_clone", "kernel.yama.ptrace_scope",
        "user.max_cgroup_namespaces", "user.max_ipc_namespaces",
        "user.max_mnt_namespaces", "user.max_net_namespaces",
        "user.max_pid_namespaces", "user.max_user_namespaces",
        "user.max_uts_namespaces"}) {
    std::string path = std::string("/proc/sys/") + name;
    std::replace(path.begin(), path.end(), '.', '/');
    if (auto value = first_line(path)) facts[name] = *std::move(value);
  }
}

void read_status(Facts& facts) {
  const auto text = base::sys::read_file("/proc/self/status");
  if (!text) return;
  for (const char* name : {"CapEff", "NoNewPrivs", "Seccomp"}) {
    const std::string key = std::string("\n") + name + ":\t";
    const std::size_t at = text->find(key);
    if (at == std::string::npos) continue;
    const std::size_t start = at + key.size();
    facts[name] = text->substr(start, text->find('\n', start) - start);
  }
}

void read_mounts(Facts& facts) {
  const auto text = base::sys::read_file("/proc/self/mountinfo");
  if (!text) return;
  bool proc_masked = false;
  bool root_seen = false;
  for (const MountEntry& entry : parse_mountinfo(*text)) {
    // What lies below /proc and is no kernel interface of its own hides some.
    if (entry.at.starts_with("/proc/") && entry.type != "binfmt_misc" &&
        entry.type != "autofs") {
      proc_masked = true;
    }
    if (entry.at == "/") {
      root_seen = true;
      facts["root-type"] = entry.type;
    }
  }
  if (proc_masked) facts["proc-masked"] = "yes";
  // In a chroot the mount that holds "/" is not to be seen.
  if (!root_seen) facts["chrooted"] = "yes";
}

// The root of pid 1 is another one: reliable, where it may be looked at.
void compare_roots(Facts& facts) {
  struct stat own {};
  struct stat first {};
  if (::stat("/", &own) == 0 && ::stat("/proc/1/root/", &first) == 0 &&
      (own.st_dev != first.st_dev || own.st_ino != first.st_ino)) {
    facts["chrooted"] = "yes";
  }
}

void read_kernel(Facts& facts) {
  utsname name{};
  if (::uname(&name) == 0) facts["kernel"] = name.release;
  const auto version = first_line("/proc/version");
  if (!version) return;
  if (version->find("Microsoft") != std::string::npos) facts["wsl"] = "1";
  if (version->find("microsoft-standard") != std::string::npos ||
      version->find("WSL2") != std::string::npos) {
    facts["wsl"] = "2";
  }
  // The fixed build date that gVisor pretends to have.
  if (version->find("Sun Jan 10 15:06:54 PST 2016") != std::string::npos) {
    facts["gvisor"] = "yes";
  }
}

void read_container(Facts& facts) {
  if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr) {
    facts["container"] = "kubernetes";
  } else if (::access("/run/.containerenv", F_OK) == 0) {
    facts["container"] = "podman";
  } else if (::access("/.dockerenv", F_OK) == 0) {
    facts["container"] = "docker";
  } else if (std::getenv("container") != nullptr) {
    facts["container"] = "other";
  }
}

void read_security_modules(Facts& facts) {
  if (const auto enforce = first_line("/sys/fs/selinux/enforce")) {
    facts["selinux"] = *enforce == "1" ? "enforcing" : "permissive";
  }
  if (const auto profile = first_line("/proc/self/attr/apparmor/current")) {
    if (!profile->empty()) facts["apparmor"] = *profile;
  }
}

}  // namespace

Facts read_host_facts() {
  Facts facts;
  facts["uid"] = std::to_string(::geteuid());
  read_kernel(facts);
  read_sysctls(facts);
  read_status(facts);
  read_mounts(facts);
  compare_roots(facts);
  read_container(facts);
  read_security_modules(facts);
  return facts;
}

}  // namespace driftcage::cage
