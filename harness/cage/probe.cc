// SPDX-License-Identifier: Apache-2.0
//
// Every step is tried for real, in a child of its own, so that its errno is not
// that of another step: some systems allow a user namespace and then take its
// capabilities away, which shows only at the step after it.
#include "harness/cage/probe.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <utility>

#include "harness/base/sys.h"
#include "harness/cage/child.h"
#include "harness/cage/clone.h"
#include "harness/cage/host_facts.h"
#include "harness/cage/idmap.h"
#include "harness/cage/mounts.h"

namespace driftcage::cage {
namespace {

// What a child does in its namespaces: 0 or an errno value.
using Body = int (*)();

struct Outcome {
  int clone_err = 0;
  int map_err = 0;
  int err = 0;  // of the body, when the others are 0
  std::vector<std::string> notes;

  [[nodiscard]] int any() const {
    if (clone_err != 0) return clone_err;
    return map_err != 0 ? map_err : err;
  }
};

// A step takes milliseconds; one that hangs must not take doctor with it.
constexpr std::chrono::seconds kPatience{10};

int wait_for(pid_t pid) { return exit_code_of(pid, kPatience); }

// The kernel counts a namespace for a moment longer than its last process
// lives. Where the limit is low, that must not look like the fault of the step
// that happens to come next.
base::Result<pid_t> clone_patiently(std::uint64_t flags, int* pidfd) {
  constexpr int kTries = 50;
  constexpr timespec kPause = {0, 2'000'000};
  auto pid = clone_into(flags, pidfd);
  for (int i = 0; i < kTries && !pid && pid.error().err == ENOSPC; ++i) {
    ::nanosleep(&kPause, nullptr);
    pid = clone_into(flags, pidfd);
  }
  return pid;
}

// Runs `body` as user 0 of a new user namespace and further new ones. With
// `trace` the child is seized before.
Outcome in_namespaces(std::uint64_t flags, Body body, bool trace = false) {
  Outcome outcome;
  auto go = base::sys::pipe();
  if (!go) return {go.error().err, 0, 0, {}};
  int pidfd = -1;
  const auto pid = clone_patiently(CLONE_NEWUSER | flags, &pidfd);
  if (!pid) return {pid.error().err, 0, 0, {}};
  if (*pid == 0) {
    char byte = 0;
    go->second.reset();
    if (::read(go->first.get(), &byte, 1) != 1) ::_exit(ECANCELED);
    if (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0) {
      ::_exit(errno);
    }
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    ::_exit(body());
  }
  const base::UniqueFd child(pidfd);
  int trace_err = 0;
  if (auto mapped = map_ids(*pid, outcome.notes); !mapped) {
    outcome.map_err = mapped.error().err;
  } else if (trace && ::ptrace(PTRACE_SEIZE, *pid, nullptr, nullptr) != 0) {
    trace_err = errno;
  }
  if (outcome.map_err == 0 && ::write(go->second.get(), "x", 1) < 0) {
    outcome.err = errno;
  }
  go->second.reset();
  const int err = wait_for(*pid);
  if (outcome.map_err == 0) outcome.err = trace_err != 0 ? trace_err : err;
  return outcome;
}

int nothing() { return 0; }

int enter_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) return errno;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return errno;
  }
  return 0;
}

int error_of(const base::Status& status) {
  return status ? 0 : status.error().err;
}

int make_scratch() {
  if (const int err = enter_mounts(); err != 0) return err;
  const auto scratch = Scratch::mount();
  if (!scratch) return scratch.error().err;
  if (::chdir(scratch->at().c_str()) != 0) return errno;
  for (const char* name : {"lower", "upper", "work", "at"}) {
    if (::mkdir(name, 0755) != 0) return errno;
  }
  return 0;
}

int try_overlay() {
  if (const int err = make_scratch(); err != 0) return err;
  return error_of(mount_overlay("lower", "upper", "work", "at"));
}

int try_attributes() {
  if (const int err = make_scratch(); err != 0) return err;
  return ::setxattr("upper", "user.driftcage", "x", 1, 0) == 0 ? 0 : errno;
}

int try_bind() {
  if (const int err = make_scratch(); err != 0) return err;
  const auto tree = clone_tree(AT_FDCWD, "/");
  if (!tree) return tree.error().err;
  if (const int err = error_of(add_flags(tree->get(), MOUNT_ATTR_RDONLY, "/"));
      err != 0) {
    return err;
  }
  return error_of(attach(tree->get(), "at"));
}

int try_proc() {
  if (const int err = make_scratch(); err != 0) return err;
  return error_of(
      mount_new("proc", "at", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""));
}

int try_pivot() {
  if (const int err = make_scratch(); err != 0) return err;
  if (::mount("at", "at", nullptr, MS_BIND, nullptr) != 0 ||
      ::chdir("at") != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 ||
      ::umount2(".", MNT_DETACH) != 0) {
    return errno;
  }
  return 0;
}

int try_other_namespaces() {
  return ::unshare(CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) == 0 ? 0
                                                                       : errno;
}

int try_network() { return ::unshare(CLONE_NEWNET) == 0 ? 0 : errno; }

int try_loopback() {
  if (const int err = try_network(); err != 0) return err;
  const base::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  if (!socket || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    return errno;
  }
  return 0;
}

int try_second_namespace() {
  const auto proc = base::sys::open("/proc", O_PATH | O_DIRECTORY);
  if (!proc) return proc.error().err;
  const std::vector<IdLine> one = exchange(1000, 0, 1);
  return error_of(enter_user_namespace({proc->get(), 1}, one, one));
}

// A filter that hands one call that nobody makes to a tracer.
int try_filter() {
  constexpr std::uint32_t kNoCall = 0x7ffffff;
  std::array<sock_filter, 4> program = {
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kNoCall, 0, 1),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog filter{program.size(), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) {
    return errno;
  }
  return 0;
}

int in_child(Body body) {
  const pid_t pid = ::fork();
  if (pid < 0) return errno;
  if (pid == 0) ::_exit(body());
  return wait_for(pid);
}

struct Step {
  const char* name;
  std::uint64_t flags;
  Body body;
};

// In the order in which a cage takes them.
constexpr std::array<Step, 11> kSteps = {
    {{"mountns", 0, enter_mounts},
     {"tmpfs", 0, make_scratch},
     {"overlay", 0, try_overlay},
     {"tmpfs-xattr", 0, try_attributes},
     {"bind", 0, try_bind},
     {"pidns", CLONE_NEWPID, nothing},
     {"proc", CLONE_NEWPID, try_proc},
     {"ipc-uts-cgroup", 0, try_other_namespaces},
     {"netns", 0, try_network},
     {"loopback", 0, try_loopback},
     {"pivot-root", 0, try_pivot}}};

}  // namespace

HostFacts probe_host() {
  HostFacts host;
  host.facts = read_host_facts();
  const auto add = [&host](const char* step, int err, std::string detail = {}) {
    host.steps.push_back({step, err, std::move(detail)});
    return err == 0;
  };
  const Outcome first = in_namespaces(0, nothing);
  if (add("userns", first.clone_err) &&
      add("id-map", first.map_err,
          first.notes.empty() ? "" : first.notes.front())) {
    for (const Step& step : kSteps) {
      add(step.name, in_namespaces(step.flags, step.body).any());
    }
    add("second-userns", in_namespaces(0, try_second_namespace).any());
    add("ptrace", in_namespaces(0, nothing, true).any());
  }
  add("seccomp", in_child(try_filter));
  return host;
}

}  // namespace driftcage::cage
