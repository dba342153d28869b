// SPDX-License-Identifier: Apache-2.0
// What a payload sees and cannot do.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/cage/cage_test.h"

namespace driftcage::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Isolation : public CageTest {};
DRIFTCAGE_BOTH_CALLERS(Isolation);

TEST_P(Isolation, EndsWithThePayloadsStatus) {
  EXPECT_EQ(unlike_exit(run(shell_spec("exit 7")), 7), "");
  const CellRun killed = run(shell_spec("kill -SEGV $$"));
  EXPECT_EQ(killed.end.status, base::WaitStatus::signalled(SIGSEGV));
  EXPECT_EQ(killed.up.rung, "full");
}

TEST_P(Isolation, SeesOnlyItsOwnProcesses) {
  const std::string out = shell(
      "cat /proc/1/comm; set -- /proc/[0-9]*; echo $#; test $$ -lt 10 && echo "
      "small; test $PPID = 1 && echo child of 1");
  EXPECT_EQ(out, "driftcage-cell\n2\nsmall\nchild of 1\n");
}

TEST_P(Isolation, HasItsOwnHostName) {
  EXPECT_EQ(shell("uname -n"), "cage\n");
  auto spec = shell_spec("uname -n");
  spec.hostname = "other.example.com";
  EXPECT_EQ(output(spec), "other.example.com\n");
}

TEST_P(Isolation, HasNoNetworkUnlessAsked) {
  auto spec = payload_spec({"connect"});
  EXPECT_EQ(output(spec), "connect ENETUNREACH\n");
  spec.network = model::Network::Loopback;
  EXPECT_EQ(output(spec), "connect ECONNREFUSED\n");

  auto devices = shell_spec("cat /proc/net/dev");
  const std::string host = read_text("/proc/net/dev");
  const auto lines = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(lines(output(devices)), 3);
  devices.network = model::Network::Host;
  EXPECT_EQ(lines(output(devices)), lines(host));
}

TEST_P(Isolation, ShowsMaskedFoldersEmptyAndWritable) {
  EXPECT_EQ(shell("ls -A /home /root /run"),
            "/home:\ncage\n\n/root:\n\n/run:\n");
  EXPECT_EQ(shell("echo hi > /root/f && cat /root/f"), "hi\n");
}

TEST_P(Isolation, MasksFoldersAndFilesInsideAnOverlay) {
  auto spec = shell_spec(
      "ls -A /usr/share; cat /etc/passwd; touch /usr/share/x && ls /usr/share");
  spec.masks.insert(spec.masks.end(),
                    {"/usr/share", "/etc/passwd", "/var/run", "/nothing"});
  EXPECT_EQ(output(spec), "x\n");
}

TEST_P(Isolation, NothingUncoversAMask) {
  auto spec = shell_spec(
      "touch /usr/share/own; rm /usr/share/own; rmdir /usr/share; "
      "mkdir /usr/share; mv /usr/share /usr/moved; mkdir /usr/share; "
      "find /usr/share /usr/moved -mindepth 1 2>/dev/null; true");
  spec.masks.emplace_back("/usr/share");
  EXPECT_EQ(output(spec), "");
  auto attack = payload_spec({"uncover", "/usr/share"});
  attack.masks.emplace_back("/usr/share");
  EXPECT_EQ(output(attack), "");
}

TEST_P(Isolation, WhatIsHiddenBehindAMaskIsNotListed) {
  auto spec = shell_spec("ls -A /usr/share");
  spec.masks.emplace_back("/usr/share");
  // The host has it, too: a whiteout would not be needed, but seen.
  spec.ops.emplace_back(model::op::WriteFile{"/usr/share/doc/file", "new\n"});
  spec.ops.emplace_back(model::op::Hide{"/usr/share/doc"});
  EXPECT_EQ(output(spec), "");
}

TEST_P(Isolation, AMaskInAMaskIsGone) {
  auto spec = shell_spec("ls -A /usr/share");
  spec.masks.insert(spec.masks.end(), {"/usr/share/doc", "/usr/share"});
  EXPECT_EQ(output(spec), "");
}

TEST_P(Isolation, HasAPrivateTemporaryDirectory) {
  const std::string marker =
      "/tmp/driftcage-host-marker-" + std::to_string(::getpid());
  std::ofstream(marker) << "host";
  EXPECT_EQ(shell("ls -A /tmp; touch /tmp/x; stat -c %a /tmp"), "1777\n");
  EXPECT_TRUE(std::filesystem::remove(marker));
  EXPECT_FALSE(std::filesystem::exists("/tmp/x"));
}

TEST_P(Isolation, WritesDoNotReachTheHost) {
  auto spec = shell_spec(
      "echo gone > /etc/hostname; cat /etc/hostname; echo x > /etc/new-file; "
      "test -e /etc/new-file && echo made");
  spec.ops.emplace_back(model::op::WriteFile{"/etc/hostname", "cage's\n"});
  const std::string before = read_text("/etc/hostname");
  EXPECT_EQ(output(spec), "gone\nmade\n");
  EXPECT_EQ(read_text("/etc/hostname"), before);
  EXPECT_FALSE(std::filesystem::exists("/etc/new-file"));
}

TEST_P(Isolation, CannotReadTheHostsSecrets) {
  const CellRun result = run(shell_spec("cat /etc/shadow"));
  EXPECT_EQ(unlike_exit(result, 1), "");
  EXPECT_THAT(result.err, HasSubstr("Permission denied"));
}

TEST_P(Isolation, InheritsNoDescriptors) {
  // 200 is open in this process, and so in the cell until it closes it.
  ASSERT_EQ(::dup2(0, 200), 200);
  EXPECT_EQ(output(payload_spec({"fds"})), "0 1 2 \n");
  ::close(200);
}

TEST_P(Isolation, StartsWithDefaultSignals) {
  // The cell inherits both; it ignores some of its own, too.
  ::signal(SIGUSR1, SIG_IGN);
  // As posix_spawn(3) leaves glibc's own ones.
  const auto set_own = [](void (*handler)(int)) {
    const std::array<unsigned long, 8> action{
        reinterpret_cast<unsigned long>(handler)};
    for (const int number : {32, 33})
      ::syscall(SYS_rt_sigaction, number, action.data(), nullptr, _NSIG / 8);
  };
  set_own(SIG_IGN);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR2);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  const std::string out = shell("grep -E '^Sig(Blk|Ign)' /proc/self/status");
  ::sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  ::signal(SIGUSR1, SIG_DFL);
  set_own(SIG_DFL);
  EXPECT_EQ(out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_P(Isolation, RootHasTheUsualCapabilitiesAndNoMore) {
  EXPECT_EQ(shell("grep -E '^(Cap(Prm|Eff|Bnd)|NoNewPrivs)' /proc/self/status"),
            "CapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\n"
            "CapBnd:\t00000000a80425fb\nNoNewPrivs:\t1\n");
}

TEST_P(Isolation, AnotherUserHasNoCapabilities) {
  auto spec = shell_spec("id -u; id -g; grep -E '^Cap' /proc/self/status");
  spec.uid = 1000;
  spec.gid = 1001;
  EXPECT_EQ(output(spec),
            "1000\n1001\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
            "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
            "CapAmb:\t0000000000000000\n");
}

TEST_P(Isolation, RootHasNoPowerOverTheCage) {
  EXPECT_EQ(output(payload_spec({"attack"})),
            "mount tmpfs EPERM\nunmount /proc EPERM\nremount /sys EPERM\n"
            "sethostname EPERM\ntrace pid 1 EACCES\n"
            "enter root of pid 1 EACCES\nkill pid 1 ok\n"
            "raise nofile EPERM\n");
}

TEST_P(Isolation, HasNoKeys) {
  EXPECT_EQ(output(payload_spec({"keys"})),
            "add_key EPERM\nrequest_key EPERM\nkeyctl EPERM\n"
            "keyctl of i386 EPERM\n");
}

TEST_P(Isolation, ReadOnlyPartsAreReadOnly) {
  EXPECT_EQ(output(payload_spec({"create", "/sys/x"})), "/sys/x EROFS\n");
  auto spec = shell_spec("grep ' /opt/tool ' /proc/self/mountinfo");
  spec.let_in = {{payload_path(), "/opt/tool"}};
  EXPECT_THAT(output(spec), HasSubstr(" ro,nosuid,nodev,"));
}

TEST_P(Isolation, HasAMinimalDev) {
  EXPECT_EQ(shell("ls /dev | tr '\\n' ' '"),
            "fd full null ptmx pts random shm stderr stdin stdout tty urandom "
            "zero ");
  EXPECT_EQ(shell("echo x > /dev/null; head -c 2 /dev/zero | wc -c; echo y > "
                  "/dev/full 2>&1 || echo full; stat -c '%t %T' /dev/null"),
            "2\nfull\n1 3\n");
  auto spec = shell_spec("ls /dev | tr '\\n' ' '");
  spec.drop_devices = {"null", "shm", "pts", "fd"};
  EXPECT_EQ(output(spec),
            "full ptmx random stderr stdin stdout tty urandom zero ");
}

TEST_P(Isolation, CanHideProc) {
  auto spec = shell_spec("ls -A /proc; echo end");
  spec.proc = model::ProcView::None;
  spec.uid = 1000;
  EXPECT_EQ(output(spec), "end\n");
}

TEST_P(Isolation, PassesExactlyArgumentsAndEnvironment) {
  auto spec = payload_spec({"environment", "", "two words", "-x"});
  spec.environment = {{"A", "1=2"}, {"EMPTY", ""}};
  EXPECT_EQ(output(spec),
            "arg /opt/cage_payload\narg environment\narg \narg two words\n"
            "arg -x\nenv A=1=2\nenv EMPTY=\n");
}

TEST_P(Isolation, SetsIdentityUmaskAndSession) {
  auto spec = payload_spec({"identity"});
  spec.uid = 7;
  spec.gid = 8;
  spec.umask = 0077;
  EXPECT_EQ(output(spec), "uid 7 gid 8 umask 077 leader 1\n");
}

TEST_P(Isolation, TheUserIsInTheGroupsThatItHas) {
  auto spec = shell_spec("id -G");
  spec.uid = 1000;
  spec.gid = 1001;
  spec.groups = {4, 29, 70000};
  const CellRun result = run(spec);
  EXPECT_EQ(unlike_exit(result, 0), "");
  const bool many = result.up.ids > 1;
  EXPECT_EQ(result.out, many ? "1001 4 29\n" : "1001\n");
  EXPECT_THAT(result.up.notes,
              ::testing::Contains(
                  HasSubstr(many ? "is in 2 of its 3" : "is in 0 of its 3")));
}

TEST_P(Isolation, AppliesLimitsDownwardsOnly) {
  auto spec = payload_spec({"limits"});
  EXPECT_THAT(output(spec), HasSubstr("core 1 1\n"));
  EXPECT_THAT(output(spec), HasSubstr("nproc 4096 4096\n"));
  spec.limits.nofile = 64;
  EXPECT_THAT(output(spec), HasSubstr("nofile 64 64\n"));
  spec.limits.nofile = std::uint64_t{1} << 40;
  const CellRun result = run(spec);
  EXPECT_EQ(unlike_exit(result, 0), "");
  EXPECT_THAT(result.up.notes,
              ::testing::Contains(HasSubstr("limit nofile stays")));
}

TEST_P(Isolation, CountsProcessesPerCage) {
  auto spec = payload_spec({"forks"});
  spec.limits.nproc = 10;
  // The payload itself is one of them, whatever else its user runs outside.
  EXPECT_EQ(output(spec), "after 9: EAGAIN\n");
}

TEST_P(Isolation, StartsInTheWorkingDirectory) {
  auto spec = shell_spec("pwd");
  spec.directory = "/usr/share";
  EXPECT_EQ(output(spec), "/usr/share\n");
  spec.directory = "/nowhere";
  const CellRun result = run(spec);
  EXPECT_EQ(result.end.outcome, wire::Outcome::CageError);
  EXPECT_EQ(result.end.error,
            (base::Error{"enter working directory", "/nowhere", ENOENT, ""}));
}

TEST_P(Isolation, FollowsTheLinksOfTheRoot) {
  EXPECT_EQ(
      shell("cd /bin && pwd -P; test -x /bin/sh && echo yes"),
      std::filesystem::is_symlink("/bin") ? "/usr/bin\nyes\n" : "/bin\nyes\n");
}

TEST_P(Isolation, RefusesWhatItCannotDo) {
  auto spec = shell_spec("date");
  spec.clock_offset_s = 3600;
  const CellRun result = run(spec);
  EXPECT_EQ(result.end.outcome, wire::Outcome::CageError);
  EXPECT_EQ(result.end.error.step, "shift clock");
  EXPECT_NE(result.end.error.hint, "");
}

TEST_P(Isolation, NamesTheStepThatFailed) {
  auto spec = shell_spec("true");
  spec.root = "/nowhere";
  base::Error error = run(spec).end.error;
  EXPECT_EQ(error, (base::Error{"open image root", "/nowhere", ENOENT, ""}));

  spec = shell_spec("true");
  spec.let_in = {{"/nowhere/tool", "/opt/tool"}};
  error = run(spec).end.error;
  EXPECT_EQ(error.step, "open source");
  EXPECT_EQ(error.object, "/nowhere/tool");
  EXPECT_EQ(error.err, ENOENT);

  spec = shell_spec("true");
  spec.hostname = std::string(100, 'x');
  error = run(spec).end.error;
  EXPECT_EQ(error.step, "sethostname");
  EXPECT_EQ(error.err, EINVAL);
}

TEST_P(Isolation, TimesItsSteps) {
  const CellRun result = run(shell_spec("true"));
  EXPECT_GT(result.up.steps.size(), 5u);
  EXPECT_GT(result.end.cage_ns, 0u);
}

}  // namespace
}  // namespace driftcage::testing
