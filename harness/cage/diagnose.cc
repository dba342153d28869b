// SPDX-License-Identifier: Apache-2.0
//
// A table from what the probe saw to what to do about it. The first row that
// applies wins, so rows are ordered from the particular to the general, and in
// the order of the steps.
#include <algorithm>
#include <array>
#include <cerrno>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/cage/probe.h"

namespace driftcage::cage {
namespace {

// Steps without which a cage is still a full one.
constexpr std::array<std::string_view, 1> kOptional = {"tmpfs-xattr"};
constexpr std::string_view kProc = "proc";

class View {
 public:
  explicit View(const HostFacts& host) : host_(host) {}

  [[nodiscard]] const ProbeStep* failed(std::string_view step) const {
    for (const ProbeStep& one : host_.steps) {
      if (one.step == step && one.err != 0) return &one;
    }
    return nullptr;
  }
  [[nodiscard]] bool failed(std::string_view step,
                            std::initializer_list<int> errors) const {
    const ProbeStep* one = failed(step);
    return one != nullptr &&
           std::find(errors.begin(), errors.end(), one->err) != errors.end();
  }
  [[nodiscard]] const ProbeStep* first_failed() const {
    for (const ProbeStep& one : host_.steps) {
      if (one.err != 0 && std::find(kOptional.begin(), kOptional.end(),
                                    one.step) == kOptional.end()) {
        return &one;
      }
    }
    return nullptr;
  }
  [[nodiscard]] bool first_failed_is(
      std::initializer_list<std::string_view> steps,
      std::initializer_list<int> errors) const {
    const ProbeStep* one = first_failed();
    return one != nullptr &&
           std::find(steps.begin(), steps.end(), one->step) != steps.end() &&
           std::find(errors.begin(), errors.end(), one->err) != errors.end();
  }
  [[nodiscard]] std::string fact(const std::string& name) const {
    const auto found = host_.facts.find(name);
    return found == host_.facts.end() ? "" : found->second;
  }
  [[nodiscard]] bool is(const std::string& name, std::string_view value) const {
    return fact(name) == value;
  }
  [[nodiscard]] bool filtered() const {
    return is("Seccomp", "2") || !fact("container").empty();
  }

 private:
  const HostFacts& host_;
};

struct Rule {
  const char* code;
  bool (*applies)(const View&);
  const char* cause;
  std::vector<const char*> facts;     // quoted as evidence
  std::vector<const char*> remedies;  // least invasive first
};

bool denied(const View& view, std::string_view step) {
  return view.failed(step, {EPERM, EACCES, ENOSYS});
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> kRules = {
      {"E-WSL1",
       [](const View& v) {
         return v.failed("userns") != nullptr && v.is("wsl", "1");
       },
       "the first Windows Subsystem for Linux has no namespaces",
       {"kernel", "wsl"},
       {"wsl --set-version <distribution> 2"}},

      {"E-USERNS-MAX",
       [](const View& v) {
         return v.failed("userns", {ENOSPC, EUSERS}) &&
                v.is("user.max_user_namespaces", "0");
       },
       "user namespaces are switched off by a limit of 0",
       {"user.max_user_namespaces"},
       {"sudo sysctl -w user.max_user_namespaces=28633   # to keep it: echo "
        "user.max_user_namespaces=28633 | sudo tee "
        "/etc/sysctl.d/90-driftcage.conf"}},

      {"E-USERNS-DEPTH",
       [](const View& v) {
         return v.failed("userns", {ENOSPC, EUSERS}) ||
                v.failed("second-userns", {ENOSPC, EUSERS});
       },
       "no more user namespaces are allowed: they are nested too deeply, or "
       "their limit is reached",
       {"user.max_user_namespaces", "container"},
       {"run driftcage outside of the sandbox that it is in now",
        "sudo sysctl -w user.max_user_namespaces=28633"}},

      {"E-USERNS-SYSCTL",
       [](const View& v) {
         return v.failed("userns", {EPERM}) &&
                v.is("kernel.unprivileged_userns_clone", "0") &&
                !v.is("uid", "0");
       },
       "the distribution's kernel lets only root make user namespaces",
       {"kernel.unprivileged_userns_clone"},
       {"sudo sysctl -w kernel.unprivileged_userns_clone=1   # to keep it: "
        "echo "
        "kernel.unprivileged_userns_clone=1 | sudo tee "
        "/etc/sysctl.d/90-driftcage.conf"}},

      {"E-CHROOT",
       [](const View& v) {
         return v.failed("userns", {EPERM}) && v.is("chrooted", "yes");
       },
       "the kernel makes no user namespace for a process in a chroot",
       {"chrooted"},
       {"run driftcage outside of the chroot, and pass it as an image: --image "
        "dir:PATH",
        "enter the root with pivot_root, for instance: unshare -m, or "
        "systemd-nspawn, instead of chroot"}},

      {"E-KUBERNETES",
       [](const View& v) {
         return denied(v, "userns") && v.is("container", "kubernetes");
       },
       "the pod's seccomp profile forbids namespaces",
       {"container", "Seccomp"},
       {"in the pod: hostUsers: false, and in the container's securityContext: "
        "{seccompProfile: {type: Unconfined}, procMount: Unmasked}"}},

      {"E-CONTAINER-SECCOMP",
       [](const View& v) { return denied(v, "userns") && v.filtered(); },
       "the container's seccomp profile forbids namespaces",
       {"container", "Seccomp"},
       {"run driftcage on the machine itself and give it the container's root: "
        "docker export CONTAINER into a directory, then --image dir:PATH",
        "docker run --security-opt seccomp=unconfined --security-opt "
        "apparmor=unconfined --security-opt systempaths=unconfined   # GitHub: "
        "the job's container.options",
        "GitLab: security_opt = [\"seccomp:unconfined\", "
        "\"apparmor:unconfined\"] in [runners.docker]"}},

      {"E-USERNS-KERNEL",
       [](const View& v) {
         return v.failed("userns", {EINVAL, ENOSYS});
       },
       "the kernel is built without user namespaces",
       {"kernel"},
       {"use a kernel with CONFIG_USER_NS=y"}},

      {"E-USERNS-DENIED",
       [](const View& v) { return v.failed("userns") != nullptr; },
       "a security policy of this machine forbids user namespaces",
       {"uid", "apparmor", "selinux"},
       {"ask its administrator which policy denies clone(CLONE_NEWUSER): the "
        "kernel log and the audit log name it"}},

      {"E-USERNS-APPARMOR",
       [](const View& v) {
         return v.is("kernel.apparmor_restrict_unprivileged_userns", "1") &&
                v.first_failed_is({"id-map", "mountns", "tmpfs", "overlay",
                                   "bind", "proc", "loopback", "pidns",
                                   "ipc-uts-cgroup", "netns", "second-userns"},
                                  {EPERM, EACCES});
       },
       "AppArmor takes the capabilities of user namespaces away from programs "
       "without a profile that grants them",
       {"kernel.apparmor_restrict_unprivileged_userns", "apparmor"},
       {"install a profile for driftcage-cell: profile driftcage-cell <its "
        "path> flags=(unconfined) { userns, } in "
        "/etc/apparmor.d/driftcage-cell, with 'abi <abi/4.0>,' above it, then "
        "sudo apparmor_parser -r /etc/apparmor.d/driftcage-cell",
        "on a machine that is thrown away afterwards: sudo sysctl -w "
        "kernel.apparmor_restrict_unprivileged_userns=0"}},

      {"E-IDMAP-CAPS",
       [](const View& v) {
         return v.failed("id-map") != nullptr && v.is("uid", "0");
       },
       "this root lacks the capabilities to map ids: CAP_SETUID and "
       "CAP_SETGID, "
       "or CAP_SETFCAP",
       {"uid", "CapEff"},
       {"run driftcage as an ordinary user",
        "give the container the capabilities back: --cap-add SETFCAP"}},

      {"E-IDMAP",
       [](const View& v) { return v.failed("id-map") != nullptr; },
       "a security policy forbids to map ids in a new user namespace",
       {"uid", "apparmor", "selinux"},
       {"the audit log names the policy"}},

      {"E-NAMESPACE-LIMIT",
       [](const View& v) {
         return v.first_failed_is(
             {"mountns", "pidns", "netns", "ipc-uts-cgroup"}, {ENOSPC, EUSERS});
       },
       "the limit for one kind of namespace is reached",
       {"user.max_mnt_namespaces", "user.max_pid_namespaces",
        "user.max_net_namespaces", "user.max_ipc_namespaces",
        "user.max_uts_namespaces", "user.max_cgroup_namespaces"},
       {"raise the one that is low, for instance: sudo sysctl -w "
        "user.max_net_namespaces=28633"}},

      {"E-SELINUX",
       [](const View& v) {
         return v.is("selinux", "enforcing") &&
                v.first_failed_is({"mountns", "tmpfs", "overlay", "bind"},
                                  {EACCES, EPERM});
       },
       "SELinux forbids mounts in this container",
       {"selinux", "container"},
       {"podman or docker run --security-opt label=disable"}},

      {"E-CONTAINER-APPARMOR",
       [](const View& v) {
         return v.first_failed_is({"mountns", "tmpfs", "overlay", "bind"},
                                  {EACCES, EPERM}) &&
                !v.fact("container").empty();
       },
       "the container's AppArmor or seccomp profile forbids mounts",
       {"container", "apparmor", "Seccomp"},
       {"docker run --security-opt apparmor=unconfined --security-opt "
        "seccomp=unconfined"}},

      {"E-OVERLAY-MODULE",
       [](const View& v) { return v.failed("overlay", {ENODEV}); },
       "the kernel has no overlay file system loaded",
       {"kernel"},
       {"sudo modprobe overlay"}},

      {"E-KERNEL-OLD",
       [](const View& v) {
         return v.failed("overlay", {EPERM, EINVAL}) ||
                v.failed("bind", {ENOSYS, EINVAL});
       },
       "the kernel is older than Linux 5.12, or its overlay file system is not "
       "for ordinary users",
       {"kernel"},
       {"use a kernel of 5.12 or later"}},

      {"E-PIVOT-SECCOMP",
       [](const View& v) {
         return v.failed("pivot-root", {EPERM, EACCES});
       },
       "the container's seccomp profile forbids pivot_root",
       {"container", "Seccomp"},
       {"docker run --security-opt seccomp=unconfined --security-opt "
        "apparmor=unconfined   # --cap-add SYS_ADMIN does not allow it"}},

      {"E-PIVOT-RAMFS",
       [](const View& v) { return v.failed("pivot-root", {EINVAL}); },
       "the root is the initial ramfs, which cannot be left with pivot_root",
       {"root-type"},
       {"boot with a root file system of its own, or run driftcage in a bind "
        "mount of / that is the root: unshare -m"}},

      {"E-YAMA",
       [](const View& v) {
         return v.failed("ptrace") != nullptr &&
                v.is("kernel.yama.ptrace_scope", "3");
       },
       "tracing is switched off until the next boot",
       {"kernel.yama.ptrace_scope"},
       {"set kernel.yama.ptrace_scope to 1 in /etc/sysctl.d, then boot"}},

      {"E-PTRACE-DENIED",
       [](const View& v) { return v.failed("ptrace") != nullptr; },
       "a policy forbids ptrace of one's own children",
       {"kernel.yama.ptrace_scope", "container", "Seccomp"},
       {"docker run --cap-add SYS_PTRACE, or --security-opt "
        "seccomp=unconfined"}},

      {"E-SECCOMP",
       [](const View& v) { return v.failed("seccomp") != nullptr; },
       "no seccomp filter can be installed",
       {"kernel", "Seccomp"},
       {"use a kernel with CONFIG_SECCOMP_FILTER=y"}},

      {"E-PROC-MASKED",
       [](const View& v) {
         return v.first_failed_is({kProc}, {EPERM}) &&
                v.is("container", "kubernetes");
       },
       "parts of /proc are covered, so the kernel gives no cage one of its own",
       {"proc-masked", "container"},
       {"in the container's securityContext: procMount: Unmasked, with "
        "hostUsers: false in the pod"}},

      {"E-PROC-MASKED",
       [](const View& v) {
         return v.first_failed_is({kProc}, {EPERM}) &&
                v.is("container", "podman");
       },
       "parts of /proc are covered, so the kernel gives no cage one of its own",
       {"proc-masked", "container"},
       {"podman run --security-opt unmask=ALL"}},

      {"E-PROC-MASKED",
       [](const View& v) { return v.first_failed_is({kProc}, {EPERM}); },
       "parts of /proc are covered, so the kernel gives no cage one of its own",
       {"proc-masked", "container"},
       {"docker run --security-opt systempaths=unconfined",
        "unmount what covers parts of /proc"}},

      {"E-STEP",
       [](const View& v) { return v.first_failed() != nullptr; },
       "a step of every cage is not possible here",
       {"kernel", "uid", "container", "Seccomp", "apparmor", "selinux",
        "gvisor"},
       {"report it with the output of driftcage doctor --json"}},
  };
  return kRules;
}

std::string evidence_of(const View& view, const Rule& rule) {
  std::string text;
  if (const ProbeStep* step = view.first_failed()) {
    text = "step " + step->step + ": " + base::errno_name(step->err);
  }
  for (const char* name : rule.facts) {
    const std::string value = view.fact(name);
    if (!value.empty()) text += std::string(", ") + name + "=" + value;
  }
  return text;
}

}  // namespace

Diagnosis diagnose(const HostFacts& host) {
  const View view(host);
  Diagnosis diagnosis;
  const ProbeStep* first = view.first_failed();
  if (first == nullptr) {
    diagnosis.rung = "full";
    return diagnosis;
  }
  // A covered /proc is the one thing that a cage can do without.
  const auto others = std::count_if(
      host.steps.begin(), host.steps.end(), [](const ProbeStep& step) {
        return step.err != 0 && step.step != kProc &&
               std::find(kOptional.begin(), kOptional.end(), step.step) ==
                   kOptional.end();
      });
  if (others == 0 && view.failed(kProc, {EPERM})) {
    diagnosis.rung = "no-fresh-proc";
  }
  for (const Rule& rule : rules()) {
    if (!rule.applies(view)) continue;
    diagnosis.code = rule.code;
    diagnosis.cause = rule.cause;
    diagnosis.evidence = evidence_of(view, rule);
    diagnosis.remedies.assign(rule.remedies.begin(), rule.remedies.end());
    break;
  }
  return diagnosis;
}

}  // namespace driftcage::cage
