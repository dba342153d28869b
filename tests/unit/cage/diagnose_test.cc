// SPDX-License-Identifier: Apache-2.0
// The diagnosis of hosts as they were recorded: steps that failed, facts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "harness/cage/probe.h"

namespace driftcage::cage {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Recorded {
  const char* name;
  std::map<std::string, int> failed;  // step -> errno; the others worked
  std::map<std::string, std::string> facts;
  const char* code;
  const char* rung;
  const char* evidence;  // a part of it
  const char* remedy;    // a part of the first one
};

HostFacts host_of(const Recorded& recorded) {
  HostFacts host;
  host.facts = recorded.facts;
  for (const char* step :
       {"userns", "id-map", "mountns", "tmpfs", "overlay", "tmpfs-xattr",
        "bind", "pidns", "proc", "ipc-uts-cgroup", "netns", "loopback",
        "pivot-root", "second-userns", "ptrace", "seccomp"}) {
    const auto failed = recorded.failed.find(step);
    host.steps.push_back(
        {step, failed == recorded.failed.end() ? 0 : failed->second, ""});
  }
  return host;
}

const std::vector<Recorded>& hosts() {
  static const std::vector<Recorded> kHosts = {
      {"Healthy", {}, {{"uid", "1000"}}, "", "full", "", ""},
      // Linux 6.1 has no user xattrs on tmpfs; cages go without.
      {"NoTmpfsXattr", {{"tmpfs-xattr", EOPNOTSUPP}}, {}, "", "full", "", ""},
      {"UbuntuUidMap",
       {{"id-map", EACCES}, {"mountns", EPERM}},
       {{"kernel.apparmor_restrict_unprivileged_userns", "1"},
        {"apparmor", "unprivileged_userns (enforce)"}},
       "E-USERNS-APPARMOR",
       "",
       "step id-map: EACCES, kernel.apparmor_restrict_unprivileged_userns=1",
       "apparmor_parser"},
      {"UbuntuMounts",
       {{"mountns", EACCES}, {"tmpfs", EACCES}, {"loopback", EPERM}},
       {{"kernel.apparmor_restrict_unprivileged_userns", "1"}},
       "E-USERNS-APPARMOR",
       "",
       "step mountns: EACCES",
       "profile driftcage-cell"},
      {"UbuntuLoopbackOnly",
       {{"loopback", EPERM}},
       {{"kernel.apparmor_restrict_unprivileged_userns", "1"}},
       "E-USERNS-APPARMOR",
       "",
       "step loopback: EPERM",
       "apparmor_parser"},
      {"DockerDefault",
       {{"userns", EPERM}},
       {{"container", "docker"}, {"Seccomp", "2"}, {"uid", "0"}},
       "E-CONTAINER-SECCOMP",
       "",
       "step userns: EPERM, container=docker, Seccomp=2",
       "docker export"},
      {"DockerSysAdmin",
       {{"pivot-root", EPERM}},
       {{"container", "docker"}, {"Seccomp", "2"}},
       "E-PIVOT-SECCOMP",
       "",
       "step pivot-root: EPERM",
       "seccomp=unconfined"},
      {"DockerSysAdminAppArmor",
       {{"mountns", EACCES}},
       {{"container", "docker"}, {"apparmor", "docker-default (enforce)"}},
       "E-CONTAINER-APPARMOR",
       "",
       "apparmor=docker-default (enforce)",
       "apparmor=unconfined"},
      {"Kubernetes",
       {{"userns", EPERM}},
       {{"container", "kubernetes"}, {"Seccomp", "2"}},
       "E-KUBERNETES",
       "",
       "container=kubernetes",
       "hostUsers: false"},
      {"DockerMaskedProc",
       {{"proc", EPERM}},
       {{"container", "docker"}, {"proc-masked", "yes"}},
       "E-PROC-MASKED",
       "no-fresh-proc",
       "step proc: EPERM, proc-masked=yes",
       "systempaths=unconfined"},
      {"PodmanMaskedProc",
       {{"proc", EPERM}},
       {{"container", "podman"}, {"proc-masked", "yes"}},
       "E-PROC-MASKED",
       "no-fresh-proc",
       "container=podman",
       "unmask=ALL"},
      {"KubernetesMaskedProc",
       {{"proc", EPERM}},
       {{"container", "kubernetes"}, {"proc-masked", "yes"}},
       "E-PROC-MASKED",
       "no-fresh-proc",
       "container=kubernetes",
       "procMount: Unmasked"},
      // A second problem: nothing works, and the first step is explained.
      {"MaskedProcAndNoPivot",
       {{"proc", EPERM}, {"pivot-root", EPERM}},
       {{"container", "docker"}},
       "E-PIVOT-SECCOMP",
       "",
       "step proc: EPERM",
       "seccomp=unconfined"},
      {"Selinux",
       {{"tmpfs", EACCES}},
       {{"selinux", "enforcing"}, {"container", "podman"}},
       "E-SELINUX",
       "",
       "selinux=enforcing",
       "label=disable"},
      {"StigNoUserNamespaces",
       {{"userns", ENOSPC}},
       {{"user.max_user_namespaces", "0"}},
       "E-USERNS-MAX",
       "",
       "step userns: ENOSPC, user.max_user_namespaces=0",
       "user.max_user_namespaces=28633"},
      {"NestedTooDeep",
       {{"userns", EUSERS}},
       {{"user.max_user_namespaces", "1000"}},
       "E-USERNS-DEPTH",
       "",
       "step userns: EUSERS",
       "outside"},
      {"NoSecondNamespace",
       {{"second-userns", ENOSPC}},
       {{"user.max_user_namespaces", "1"}},
       "E-USERNS-DEPTH",
       "",
       "user.max_user_namespaces=1",
       "outside"},
      {"OldDebian",
       {{"userns", EPERM}},
       {{"kernel.unprivileged_userns_clone", "0"}, {"uid", "1000"}},
       "E-USERNS-SYSCTL",
       "",
       "kernel.unprivileged_userns_clone=0",
       "kernel.unprivileged_userns_clone=1"},
      {"Chroot",
       {{"userns", EPERM}},
       {{"chrooted", "yes"}, {"uid", "0"}},
       "E-CHROOT",
       "",
       "chrooted=yes",
       "--image dir:"},
      {"Wsl1",
       {{"userns", EINVAL}},
       {{"wsl", "1"}, {"kernel", "4.4.0-19041-Microsoft"}},
       "E-WSL1",
       "",
       "kernel=4.4.0-19041-Microsoft",
       "wsl --set-version"},
      {"KernelWithoutUserNamespaces",
       {{"userns", EINVAL}},
       {{"kernel", "5.10.0"}},
       "E-USERNS-KERNEL",
       "",
       "kernel=5.10.0",
       "CONFIG_USER_NS"},
      {"SomePolicy",
       {{"userns", EPERM}},
       {{"uid", "1000"}},
       "E-USERNS-DENIED",
       "",
       "step userns: EPERM",
       "administrator"},
      {"RootWithoutCapabilities",
       {{"id-map", EPERM}},
       {{"uid", "0"}, {"CapEff", "0"}},
       "E-IDMAP-CAPS",
       "",
       "step id-map: EPERM, uid=0",
       "ordinary user"},
      {"IdMapPolicy",
       {{"id-map", EPERM}},
       {{"uid", "1000"}},
       "E-IDMAP",
       "",
       "step id-map: EPERM",
       "audit log"},
      {"NoNetworkNamespaces",
       {{"netns", ENOSPC}, {"loopback", ENOSPC}},
       {{"user.max_net_namespaces", "0"}},
       "E-NAMESPACE-LIMIT",
       "",
       "user.max_net_namespaces=0",
       "max_net_namespaces"},
      {"NoOverlayModule",
       {{"overlay", ENODEV}},
       {},
       "E-OVERLAY-MODULE",
       "",
       "step overlay: ENODEV",
       "modprobe overlay"},
      {"OldKernel",
       {{"overlay", EPERM}, {"bind", ENOSYS}},
       {{"kernel", "5.4.0"}},
       "E-KERNEL-OLD",
       "",
       "kernel=5.4.0",
       "5.12"},
      {"InitialRamfs",
       {{"pivot-root", EINVAL}},
       {{"root-type", "rootfs"}},
       "E-PIVOT-RAMFS",
       "",
       "root-type=rootfs",
       "root"},
      {"Yama3",
       {{"ptrace", EPERM}},
       {{"kernel.yama.ptrace_scope", "3"}},
       "E-YAMA",
       "",
       "kernel.yama.ptrace_scope=3",
       "boot"},
      {"OldPodman",
       {{"ptrace", EPERM}},
       {{"container", "podman"}},
       "E-PTRACE-DENIED",
       "",
       "step ptrace: EPERM",
       "SYS_PTRACE"},
      {"NoFilters",
       {{"seccomp", EINVAL}},
       {},
       "E-SECCOMP",
       "",
       "step seccomp: EINVAL",
       "CONFIG_SECCOMP_FILTER"},
      {"SomethingElse",
       {{"tmpfs", ENOMEM}},
       {{"gvisor", "yes"}},
       "E-STEP",
       "",
       "step tmpfs: ENOMEM, gvisor=yes",
       "doctor --json"},
  };
  return kHosts;
}

class Diagnoses : public ::testing::TestWithParam<Recorded> {};
INSTANTIATE_TEST_SUITE_P(Recorded, Diagnoses, ::testing::ValuesIn(hosts()),
                         [](const auto& test) {
                           return std::string(test.param.name);
                         });

TEST_P(Diagnoses, NamesTheCauseAndARemedy) {
  const Diagnosis diagnosis = diagnose(host_of(GetParam()));
  EXPECT_EQ(diagnosis.code, GetParam().code);
  EXPECT_EQ(diagnosis.rung, GetParam().rung);
  EXPECT_THAT(diagnosis.evidence, HasSubstr(GetParam().evidence));
  if (diagnosis.code.empty()) {
    EXPECT_THAT(diagnosis.remedies, IsEmpty());
    return;
  }
  ASSERT_THAT(diagnosis.remedies, Not(IsEmpty()));
  EXPECT_THAT(diagnosis.remedies.front(), HasSubstr(GetParam().remedy));
  EXPECT_NE(diagnosis.cause, "");
}

TEST(Diagnosis, StepsThatWereNotReachedAreNoProblem) {
  HostFacts host;
  host.steps = {{"userns", EPERM, ""}, {"seccomp", 0, ""}};
  EXPECT_EQ(diagnose(host).code, "E-USERNS-DENIED");
}

}  // namespace
}  // namespace driftcage::cage
