// SPDX-License-Identifier: Apache-2.0
// Each operation on each kind of place: the image's tree (an overlay), the
// cage's own directories (scratch), and what is mounted later.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

#include "tests/cage/cage_test.h"

namespace driftcage::testing {
namespace {

namespace fs = std::filesystem;
namespace op = model::op;
using ::testing::Contains;
using ::testing::HasSubstr;

op::MountTmpfs tmpfs(const std::string& at) {
  op::MountTmpfs mount;
  mount.at = at;
  return mount;
}

class Operations : public CageTest {
 protected:
  static model::CageSpec with(const std::string& line,
                              std::vector<model::CageOp> ops) {
    model::CageSpec spec = shell_spec(line);
    spec.ops.insert(spec.ops.end(), ops.begin(), ops.end());
    return spec;
  }
  static base::Error error_of(std::vector<model::CageOp> ops) {
    const CellRun result = run(with("true", std::move(ops)));
    EXPECT_EQ(result.end.outcome, wire::Outcome::CageError);
    return result.end.error;
  }
};
DRIFTCAGE_BOTH_CALLERS(Operations);

TEST_P(Operations, MakesDirectoriesWithParents) {
  EXPECT_EQ(output(with(
                "stat -c '%a %n' /work/a /work/a/b /usr/share/x/y "
                "/new /tmp/t /usr/share",
                {op::MakeDirectory{"/work/a/b", 0700},
                 op::MakeDirectory{"/usr/share/x/y"}, op::MakeDirectory{"/new"},
                 op::MakeDirectory{"/tmp/t", 01777}})),
            "755 /work/a\n700 /work/a/b\n755 /usr/share/x/y\n755 /new\n"
            "1777 /tmp/t\n755 /usr/share\n");
}

TEST_P(Operations, ThePayloadOwnsWhatTheyMake) {
  auto spec = with(
      "touch /usr/share/x/f /work/a/f && echo > /etc/fresh && "
      "stat -c %u /usr/share/x/f /etc/fresh",
      {op::MakeDirectory{"/usr/share/x"}, op::MakeDirectory{"/work/a"},
       op::WriteFile{"/etc/fresh", "x"}});
  spec.uid = 1000;
  EXPECT_EQ(output(spec), "1000\n1000\n");
}

TEST_P(Operations, WritesFilesAnywhere) {
  EXPECT_EQ(output(with("cat /work/d/f /etc/passwd /etc/new/f /home/cage/h; "
                        "stat -c %a /work/d/f /etc/passwd; ls /etc | wc -l | "
                        "sed s/[0-9][0-9]*/many/; test -e /etc/ld.so.cache && "
                        "echo kept",
                        {op::WriteFile{"/work/d/f", "1\n", 0755},
                         op::WriteFile{"/etc/passwd", "2\n", 0600},
                         op::WriteFile{"/etc/new/f", "3\n"},
                         op::WriteFile{"/home/cage/h", "4\n"}})),
            "1\n2\n3\n4\n755\n600\nmany\nkept\n");
}

TEST_P(Operations, WriteReplacesLinksFilesAndDirectories) {
  EXPECT_EQ(output(with("cat /work/link /work/target /work/dir /usr/share/doc",
                        {op::WriteFile{"/work/target", "old\n"},
                         op::MakeSymlink{"/work/link", "target"},
                         op::WriteFile{"/work/link", "new\n"},
                         op::MakeDirectory{"/work/dir/sub"},
                         op::WriteFile{"/work/dir", "file\n"},
                         op::WriteFile{"/usr/share/doc", "file too\n"}})),
            "new\nold\nfile\nfile too\n");
}

TEST_P(Operations, FollowsLinksOnTheWay) {
  EXPECT_EQ(output(with("cat /usr/bin/made /work/real/f; readlink /work/l",
                        {op::MakeSymlink{"/work/bin", "/usr/bin"},
                         op::WriteFile{"/work/bin/made", "1\n"},
                         op::MakeDirectory{"/work/real"},
                         op::MakeSymlink{"/work/l", "real"},
                         op::WriteFile{"/work/l/f", "2\n"}})),
            "1\n2\nreal\n");
}

TEST_P(Operations, ALinkDoesNotLeadOutOfTheCage) {
  const HostDirectory host;
  host.write("f", "host\n");
  const std::string there = host.path().string();
  const auto error = error_of(
      {op::MakeSymlink{"/work/out", there}, op::Truncate{"/work/out/f", 0}});
  EXPECT_EQ(error.err, ENOENT);
  EXPECT_EQ(host.read("f"), "host\n");
}

TEST_P(Operations, HidesFilesDirectoriesAndLinks) {
  auto spec = with(
      "for f in /etc/passwd /usr/share/doc /usr/bin/env /work/d /bin/true "
      "/home; do test -e $f && echo $f is there; done; test -d /usr/share/man "
      "-o -d /usr/share/locale && test -x /bin/sh && echo rest",
      {op::MakeDirectory{"/work/d/e"}, op::Hide{"/etc/passwd"},
       op::Hide{"/usr/share/doc"}, op::Hide{"/usr/bin/env"},
       op::Hide{"/work/d"}, op::Hide{"/bin/true"}, op::Hide{"/home"}});
  EXPECT_EQ(output(spec), "rest\n");
}

TEST_P(Operations, HidingTwiceIsNoted) {
  const CellRun result = run(with("true", {op::Hide{"/no/such/thing"}}));
  EXPECT_EQ(unlike_exit(result, 0), "");
  EXPECT_THAT(result.up.notes, Contains("hide: /no/such/thing did not exist"));
}

TEST_P(Operations, HidesWholeOverlaysAndMounts) {
  const HostDirectory host;
  host.write("f", "x");
  EXPECT_EQ(output(with("ls -d /var /opt/tree /dev/null /usr/share/t 2>&1 | "
                        "grep -c 'No such file'",
                        {op::MountTree{host.path(), "/opt/tree"},
                         tmpfs("/usr/share/t/deep"), op::Hide{"/opt/tree"},
                         op::Hide{"/var"}, op::Hide{"/dev/null"},
                         op::Hide{"/usr/share/t"}})),
            "4\n");
}

TEST_P(Operations, AHiddenTreeCanBeMadeAgain) {
  EXPECT_EQ(output(with("ls -A /usr/share/doc; cat /usr/share/doc/f",
                        {op::Hide{"/usr/share/doc"},
                         op::WriteFile{"/usr/share/doc/f", "mine\n"}})),
            "f\nmine\n");
}

TEST_P(Operations, PermissionsBindUsersButNotRoot) {
  auto spec = with(
      "cat /etc/os-release > /dev/null && echo file; ls /usr/share/doc > "
      "/dev/null && echo directory; cat /work/f",
      {op::WriteFile{"/work/f", "scratch\n"}, op::Chmod{"/work/f", 0},
       op::Chmod{"/etc/os-release", 0}, op::Chmod{"/usr/share/doc", 0}});
  EXPECT_EQ(output(spec), "file\ndirectory\nscratch\n");
  spec.uid = 1000;
  const CellRun result = run(spec);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("/work/f: Permission denied"));
  EXPECT_THAT(result.err, HasSubstr("/etc/os-release: Permission denied"));
}

TEST_P(Operations, ChmodTakesTheExecuteBit) {
  const CellRun result =
      run(with("/usr/bin/env; echo $?", {op::Chmod{"/bin/env", 0644}}));
  EXPECT_EQ(result.out, "126\n");
}

TEST_P(Operations, TruncatesAndCorruptsCopies) {
  struct stat before {};
  ASSERT_EQ(::stat("/etc/passwd", &before), 0);
  EXPECT_EQ(output(with("wc -c < /etc/passwd; od -An -tx1 /work/f; stat -c %Y "
                        "/usr/bin/env; cmp -l /usr/bin/env /work/env | wc -l",
                        {op::RunCommand{{"cp", "/usr/bin/env", "/work/env"}},
                         op::Truncate{"/etc/passwd", 3},
                         op::WriteFile{"/work/f", std::string("\0\1\2\3", 4)},
                         op::Corrupt{"/work/f", 1, 2},
                         op::Corrupt{"/bin/env", 100, 5}})),
            "3\n 00 fe fd 03\n" + std::to_string([] {
              struct stat env {};
              ::stat("/usr/bin/env", &env);
              return env.st_mtime;
            }()) +
                "\n5\n");
  struct stat after {};
  ASSERT_EQ(::stat("/etc/passwd", &after), 0);
  EXPECT_EQ(after.st_size, before.st_size);
}

TEST_P(Operations, EditingWhatIsNotThereIsAnError) {
  EXPECT_EQ(error_of({op::Chmod{"/work/none", 0}}).err, ENOENT);
  EXPECT_EQ(error_of({op::Truncate{"/usr/none", 0}}).err, ENOENT);
  EXPECT_EQ(error_of({op::Corrupt{"/work", 0, 1}}).err, EISDIR);
  EXPECT_EQ(
      error_of({op::WriteFile{"/work/f", "abc"}, op::Corrupt{"/work/f", 2, 2}})
          .err,
      ERANGE);
  EXPECT_EQ(error_of({op::Remount{"/none", true, false}}).err, ENOENT);
}

TEST_P(Operations, EditingReadOnlyPlacesIsAnError) {
  const HostDirectory host;
  host.write("f", "host\n");
  const op::MountTree tree{host.path(), "/opt/tree"};
  EXPECT_EQ(error_of({tree, op::WriteFile{"/opt/tree/f", ""}}).err, EROFS);
  EXPECT_EQ(error_of({tree, op::Hide{"/opt/tree/f"}}).err, EROFS);
  EXPECT_EQ(error_of({tree, op::Chmod{"/opt/tree/f", 0}}).err, EROFS);
  EXPECT_EQ(error_of({op::WriteFile{"/proc/x", ""}}).err, EROFS);
  EXPECT_EQ(host.read("f"), "host\n");
}

TEST_P(Operations, TemporaryFileSystemsHaveTheirLimits) {
  const std::string line =
      "head -c 100000 /dev/zero > /small/f; touch /few/1 /few/2 /few/3; cp "
      "/bin/true /noexec/t && /noexec/t; touch /ro/f; stat -c %a /small";
  auto spec = with(line, {op::MountTmpfs{"/small", 65536, {}, 0700},
                          op::MountTmpfs{"/few", {}, 3},
                          op::MountTmpfs{"/noexec", {}, {}, 0755, true},
                          op::MountTmpfs{"/ro", {}, {}, 0755, false, true}});
  const CellRun result = run(spec);
  EXPECT_EQ(result.out, "700\n");
  EXPECT_THAT(result.err, HasSubstr("error writing"));
  EXPECT_THAT(result.err, HasSubstr("'/few/3': No space left on device"));
  EXPECT_THAT(result.err, HasSubstr("/noexec/t: Permission denied"));
  EXPECT_THAT(result.err, HasSubstr("'/ro/f': Read-only file system"));
}

TEST_P(Operations, WhatComesAfterAMountGoesIntoIt) {
  EXPECT_EQ(
      output(with("cat /usr/share/t/f /tmp/f; ls -A /tmp",
                  {op::WriteFile{"/tmp/covered", ""}, tmpfs("/usr/share/t"),
                   op::WriteFile{"/usr/share/t/f", "1\n"}, tmpfs("/tmp"),
                   op::WriteFile{"/tmp/f", "2\n"},
                   op::WriteFile{"/usr/share/beside", ""},
                   op::Hide{"/usr/share/doc"}})),
      "1\n2\nf\n");
}

TEST_P(Operations, RemountsWhatIsThere) {
  auto spec = with(
      "/usr/bin/env true; touch /work/f; /bin/echo other; mkdir /usr/share/n",
      {op::WriteFile{"/usr/share/x/f", "x"}, op::Remount{"/usr/bin/env", true},
       op::Remount{"/work", false, true},
       op::Remount{"/usr/share", false, true}});
  const CellRun result = run(spec);
  EXPECT_EQ(result.out, "other\n");
  EXPECT_THAT(result.err, HasSubstr("env: Permission denied"));
  EXPECT_THAT(result.err, HasSubstr("'/work/f': Read-only file system"));
  EXPECT_THAT(result.err, HasSubstr("Read-only file system"));
  EXPECT_EQ(error_of({op::Remount{"/work", false, true},
                      op::WriteFile{"/work/f", ""}})
                .err,
            EROFS);
}

TEST_P(Operations, ARemountedTreeCanStillBeEdited) {
  EXPECT_EQ(output(with("cat /usr/share/f; ls -d /usr/share/doc 2>&1 | grep -c "
                        "such",
                        {op::Remount{"/usr/share", true},
                         op::WriteFile{"/usr/share/f", "1\n"},
                         op::Hide{"/usr/share/doc"}})),
            "1\n1\n");
}

TEST_P(Operations, MountsTreesReadOnlyOrCopyOnWrite) {
  const HostDirectory host;
  host.write("a/f", "host\n");
  host.write("script", "#!/bin/sh\necho ran\n");
  fs::permissions(host.path() / "script", fs::perms(0755));
  const std::string from = host.path();
  auto spec = with(
      "cat /ro/a/f /cow/a/f; touch /ro/x; cp /cow/a/f /cow/new 2>&1; "
      "/ro/script; /quiet/script",
      {op::MountTree{from, "/ro"}, op::MountTree{from, "/cow", false},
       op::MountTree{from, "/quiet", true, true},
       op::WriteFile{"/cow/a/f", "cage\n"},
       op::MountTree{from + "/a/f", "/usr/share/one.txt"},
       op::MountTree{from + "/a/f", "/etc/file", false},
       op::WriteFile{"/cow/new", "x"}});
  const CellRun result = run(spec);
  EXPECT_EQ(unlike_exit(result, 126), "");
  EXPECT_EQ(result.out, "host\ncage\nran\n");
  EXPECT_THAT(result.err, HasSubstr("'/ro/x': Read-only file system"));
  EXPECT_THAT(result.err, HasSubstr("/quiet/script: Permission denied"));
  EXPECT_EQ(host.read("a/f"), "host\n");
  EXPECT_FALSE(fs::exists(host.path() / "new"));
}

TEST_P(Operations, ATreeOfThePayloadsUserIsWritableCopyOnWrite) {
  const HostDirectory host;
  const op::MountShared shared{host.path(), "/cache"};
  EXPECT_EQ(output(with("mkdir /cache/d && echo 1 > /cache/d/f", {shared})),
            "");
  EXPECT_EQ(host.read("d/f"), "1\n");
  // A later cage may change what the first one made, for itself.
  EXPECT_EQ(output(with("echo 2 >> /cache/d/f && cat /cache/d/f",
                        {op::MountTree{host.path(), "/cache", false}})),
            "1\n2\n");
  EXPECT_EQ(host.read("d/f"), "1\n");
}

TEST_P(Operations, HidingNeverDeletesWhatIsMountedBelow) {
  const HostDirectory host;
  host.write("kept", "1\n");
  fs::permissions(host.path() / "kept", fs::perms(0666));
  // The second mount covers the first, so that nothing knows of that any more.
  const base::Error error =
      error_of({op::MountShared{host.path(), "/new/cache"}, tmpfs("/new"),
                op::Hide{"/new"}});
  EXPECT_NE(error.err, 0);
  EXPECT_EQ(host.read("kept"), "1\n");
}

TEST_P(Operations, DropsProgramsFromPath) {
  auto spec = with(
      "echo $PATH; command -v env; command -v od || echo no od; od 2>&1; "
      "/usr/bin/od /dev/null && echo still there; ls -A /empty; ls | head -1",
      {op::MakeDirectory{"/empty"},
       op::DropPrograms{{"od", "e?v", "nothing"}}});
  spec.environment["PATH"] = "/empty:/usr/bin:/none";
  const CellRun result = run(spec);
  EXPECT_THAT(result.out,
              HasSubstr("/empty:/run/driftcage/path/0:/none\nno od\n"));
  EXPECT_THAT(result.out, HasSubstr("still there\n"));
  EXPECT_THAT(result.out, HasSubstr("od: not found"));
  EXPECT_THAT(result.up.notes, Contains("drop: no nothing on PATH"));
}

TEST_P(Operations, DropsMoreThanOnce) {
  auto spec = with("command -v od; command -v env; command -v ls",
                   {op::DropPrograms{{"od"}}, op::DropPrograms{{"env"}}});
  EXPECT_EQ(output(spec), "/run/driftcage/path/2/ls\n");
}

TEST_P(Operations, RunsCommandsAsThePayloadsUser) {
  auto spec =
      with("cat f; ls /tmp", {op::RunCommand{{"sh", "-c",
                                              "id -u > f; pwd >> f; cat >> f; "
                                              "echo $HOME >> f"}},
                              op::RunCommand{{"false"}, true}});
  spec.uid = 77;
  const CellRun result = run(spec);
  EXPECT_EQ(result.out, "77\n/work\n/home/cage\n");
  EXPECT_THAT(result.up.notes,
              Contains(HasSubstr("false (exit 1); allowed to fail")));
}

TEST_P(Operations, AFailingCommandTellsWhatItPrinted) {
  base::Error error = error_of(
      {op::RunCommand{{"sh", "-c", "echo out; echo bad >&2; exit 3"}}});
  EXPECT_EQ(error.step, "run command");
  EXPECT_THAT(error.object, HasSubstr("(exit 3)"));
  EXPECT_EQ(error.hint, "it printed:\nout\nbad\n");
  error = error_of({op::RunCommand{{"no-such-program"}}});
  EXPECT_EQ(error, (base::Error{"run command", "no-such-program", ENOENT, ""}));
}

TEST_P(Operations, CommandsLeaveNoProcesses) {
  EXPECT_EQ(output(with("set -- /proc/[0-9]*; echo $#",
                        {op::RunCommand{{"sh", "-c", "sleep 1000 &"}}})),
            "2\n");
}

TEST_P(Operations, TheTreeCanBeEditedAfterACommandUsedIt) {
  EXPECT_EQ(
      output(with("ls -d /usr/share/doc /etc/passwd 2>&1 | grep -c such; cat "
                  "/usr/share/man/made; wc -c < /etc/group",
                  {op::RunCommand{{"sh", "-c",
                                   "ls -R /usr/share/doc /usr/share/man "
                                   "/etc/passwd; cat /etc/group"},
                                  true},
                   op::Hide{"/usr/share/doc"}, op::Hide{"/etc/passwd"},
                   op::WriteFile{"/usr/share/man/made", "1\n"},
                   op::Truncate{"/etc/group", 0}})),
      "2\n1\n0\n");
}

}  // namespace
}  // namespace driftcage::testing
