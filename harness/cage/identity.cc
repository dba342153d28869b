// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/identity.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <iterator>
#include <optional>

#include "harness/cage/directory.h"
#include "harness/cage/refused_calls.h"

namespace driftcage::cage {
namespace {

// What containers usually leave to root.
constexpr std::array<unsigned, 14> kRootCapabilities = {
    CAP_CHOWN,   CAP_DAC_OVERRIDE, CAP_FOWNER,           CAP_FSETID,
    CAP_KILL,    CAP_SETGID,       CAP_SETUID,           CAP_SETPCAP,
    CAP_NET_RAW, CAP_SYS_CHROOT,   CAP_NET_BIND_SERVICE, CAP_MKNOD,
    CAP_SETFCAP, CAP_AUDIT_WRITE};

// Enough for any build, few enough for the host to survive a fork bomb. The
// kernel counts per user namespace (Linux 5.14).
constexpr rlim_t kProcesses = 4096;
// No core file, and no helper of the host either: core(5) runs a piped
// core_pattern whatever the limit is, except for the value 1.
constexpr rlim_t kNoCore = 1;

base::Status set_limit(__rlimit_resource resource, const char* name,
                       rlim_t value, std::vector<std::string>& notes) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) {
    return base::fail("read limit", name, errno);
  }
  // Raising a hard limit needs a capability of the initial user namespace.
  if (value > now.rlim_max) {
    notes.push_back(std::string("limit ") + name + " stays at " +
                    std::to_string(now.rlim_max) + ", the caller's own");
    value = now.rlim_max;
  }
  const rlimit wanted{value, value};
  if (::setrlimit(resource, &wanted) != 0) {
    return base::fail("set limit", name, errno);
  }
  return {};
}

// What is not in the bounding set does not come back with an execve by root
// (capabilities(7)).
base::Status limit_bounding_set(std::uint64_t kept) {
  for (unsigned cap = 0; cap < 64; ++cap) {
    if ((kept >> cap & 1) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
      if (errno == EINVAL) break;  // past the last one this kernel knows
      return base::fail("drop capability", std::to_string(cap), errno);
    }
  }
  return {};
}

base::Status set_capabilities(std::uint64_t kept) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  for (std::size_t word = 0; word < data.size(); ++word) {
    const auto part = static_cast<std::uint32_t>(kept >> (32 * word));
    data[word].effective = part;
    data[word].permitted = part;
  }
  if (::syscall(SYS_capset, &header, data.data()) != 0) {
    return base::fail("capset", {}, errno);
  }
  return {};
}

// Before the ids change, which takes the right to it away (setgroups(2)).
base::Status join_groups(const model::CageSpec& spec, const CageIds& ids,
                         std::vector<std::string>& notes) {
  if (spec.groups.empty()) return {};
  std::vector<gid_t> groups;
  if (ids.count > 1) {
    std::copy_if(spec.groups.begin(), spec.groups.end(),
                 std::back_inserter(groups),
                 [&ids](gid_t gid) { return gid < ids.count; });
  }
  if (groups.size() != spec.groups.size()) {
    notes.push_back("ids: the user is in " + std::to_string(groups.size()) +
                    " of its " + std::to_string(spec.groups.size()) +
                    " supplementary groups: the cage does not have the ids of "
                    "the others");
  }
  if (!groups.empty() && ::setgroups(groups.size(), groups.data()) != 0)
    return base::fail("setgroups", std::to_string(groups.size()), errno);
  return {};
}

}  // namespace

base::Status set_limits(const model::Limits& limits,
                        std::vector<std::string>& notes) {
  struct Item {
    __rlimit_resource resource;
    const char* name;
    std::optional<std::uint64_t> value;
  };
  const std::array<Item, 8> items = {{
      {RLIMIT_NOFILE, "nofile", limits.nofile},
      {RLIMIT_FSIZE, "fsize", limits.fsize},
      {RLIMIT_DATA, "data", limits.data},
      {RLIMIT_AS, "as", limits.as},
      {RLIMIT_STACK, "stack", limits.stack},
      {RLIMIT_CPU, "cpu", limits.cpu},
      {RLIMIT_CORE, "core", limits.core.value_or(kNoCore)},
      {RLIMIT_NPROC, "nproc", limits.nproc},
  }};
  for (const Item& item : items) {
    if (item.value) {
      DRIFTCAGE_CHECK_OK(
          set_limit(item.resource, item.name, *item.value, notes));
    }
  }
  if (!limits.nproc) {
    rlimit now{};
    ::getrlimit(RLIMIT_NPROC, &now);
    DRIFTCAGE_CHECK_OK(set_limit(RLIMIT_NPROC, "nproc",
                                 std::min(kProcesses, now.rlim_max), notes));
  }
  return {};
}

void close_all_but(int kept) noexcept {
  const auto number = static_cast<unsigned>(kept);
  if (number > 3) ::close_range(3, number - 1, 0);
  ::close_range(std::max(number + 1, 3u), ~0u, 0);
  ::fcntl(kept, F_SETFD, FD_CLOEXEC);
}

base::Status become_user(const model::CageSpec& spec, const CageIds& ids,
                         std::vector<std::string>& notes) {
  // All are blocked in pid 1. Their actions are the default ones already.
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();  // fails only for a leader, which a new child is not
  // Keys of the caller's session must not be found. Where the call is denied
  // (some container profiles), nothing can be looked up either.
  ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);

  // A namespace of its own: in it even root has no power over the cage's
  // mounts, and another user's permissions are checked as on any machine.
  DRIFTCAGE_CHECK_OK(
      enter_user_namespace(ids, exchange(spec.uid, spec.owner_uid, ids.count),
                           exchange(spec.gid, spec.owner_gid, ids.count)));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return base::fail("set no_new_privs", {}, errno);
  }
  DRIFTCAGE_CHECK_OK(refuse_key_calls(notes));
  std::uint64_t kept = 0;
  if (spec.uid == 0) {
    for (const unsigned cap : kRootCapabilities)
      kept |= std::uint64_t{1} << cap;
  }
  DRIFTCAGE_CHECK_OK(limit_bounding_set(kept));
  DRIFTCAGE_CHECK_OK(join_groups(spec, ids, notes));
  // With a single id it is this one already.
  if (::setresgid(spec.gid, spec.gid, spec.gid) != 0 ||
      ::setresuid(spec.uid, spec.uid, spec.uid) != 0) {
    return base::fail("become user", std::to_string(spec.uid), errno);
  }
  DRIFTCAGE_CHECK_OK(set_capabilities(kept));
  // Both changes of credentials made the process undumpable, and its /proc
  // entries root's; the tracer needs them.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  ::umask(static_cast<mode_t>(spec.umask));
  const auto directory = open_place(AT_FDCWD, spec.directory);
  if (!directory || ::fchdir(directory->get()) != 0) {
    return base::fail("enter working directory", spec.directory,
                      directory ? errno : directory.error().err);
  }
  return {};
}

}  // namespace driftcage::cage
