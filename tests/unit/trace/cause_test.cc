// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/cause.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

#include "tests/unit/trace/elf_bytes.h"
#include "tests/unit/trace/fake_tree.h"

namespace driftcage::trace {
namespace {

using model::Cause;
using model::Syscall;

class CauseTest : public ::testing::Test {
 protected:
  CauseTest() {
    tree_.dir("/bin").dir("/lib").dir("/w");
    effective_.uid = effective_.gid = 1000;
    real_.uid = real_.gid = 2000;
  }

  Explanation why(Syscall call, int err, const std::string& path,
                  std::uint64_t flags = 0, std::uint32_t mode = 0) {
    Asked asked;
    asked.credentials = [this](bool real) { return real ? real_ : effective_; };
    asked.memory_limit = [this] { return memory_limit_; };
    Explanation found = explain(tree_,
                                {.syscall = call,
                                 .err = err,
                                 .abs = path,
                                 .directory = "/w",
                                 .flags = flags,
                                 .mode = mode},
                                asked);
    note_ = std::exchange(found.note, {});
    return found;
  }
  Explanation exec(int err, const std::string& path) {
    return why(Syscall::Execve, err, path);
  }
  static Explanation is(Cause cause, const std::string& at) {
    return {cause, at, {}};
  }

  FakeTree tree_;
  Credentials effective_;
  Credentials real_;
  std::string memory_limit_;
  std::string note_;  // of the last explanation
};

TEST_F(CauseTest, MissingLoaderOfAProgramThatIsThere) {
  tree_.file("/bin/p", 0755, elf_bytes("/lib/ld.so"));
  EXPECT_EQ(exec(ENOENT, "/bin/p"), is(Cause::NoLoader, "/lib/ld.so"));
  tree_.file("/lib/ld.so", 0755, elf_bytes(""));
  EXPECT_EQ(exec(ENOENT, "/bin/p"), is(Cause::None, ""));
}

TEST_F(CauseTest, DanglingLoaderIsAMissingLoader) {
  tree_.file("/bin/p", 0755, elf_bytes("/lib/ld.so"));
  tree_.link("/lib/ld.so", "none");
  EXPECT_EQ(exec(ENOENT, "/bin/p"), is(Cause::NoLoader, "/lib/ld.so"));
}

TEST_F(CauseTest, MissingInterpreterOfAScript) {
  tree_.file("/bin/s", 0755, "#! /bin/python -u\n");
  EXPECT_EQ(exec(ENOENT, "/bin/s"), is(Cause::NoInterpreter, "/bin/python"));
}

TEST_F(CauseTest, CarriageReturnBelongsToTheInterpretersName) {
  tree_.file("/bin/sh", 0755, elf_bytes(""));
  tree_.file("/bin/s", 0755, "#!/bin/sh\r\necho\r\n");
  EXPECT_EQ(exec(ENOENT, "/bin/s"), is(Cause::NoInterpreter, "/bin/sh\r"));
}

TEST_F(CauseTest, RelativeInterpreterIsLookedForInTheWorkingDirectory) {
  tree_.file("/bin/s", 0755, "#!tool\n");
  EXPECT_EQ(exec(ENOENT, "/bin/s"), is(Cause::NoInterpreter, "tool"));
  tree_.file("/w/tool", 0755, elf_bytes("/lib/none"));
  EXPECT_EQ(exec(ENOENT, "/bin/s"), is(Cause::NoLoader, "/lib/none"));
}

TEST_F(CauseTest, LoaderOfTheInterpreterIsMissing) {
  tree_.file("/bin/s", 0755, "#!/bin/sh\n");
  tree_.file("/bin/sh", 0755, elf_bytes("/lib/ld.so"));
  EXPECT_EQ(exec(ENOENT, "/bin/s"), is(Cause::NoLoader, "/lib/ld.so"));
}

TEST_F(CauseTest, MissingProgramIsNoInterpreterProblem) {
  EXPECT_EQ(exec(ENOENT, "/bin/p"), is(Cause::Missing, "/bin/p"));
  EXPECT_EQ(exec(ENOENT, "/no/p"), is(Cause::MissingDirectory, "/no"));
  tree_.link("/bin/l", "p");
  EXPECT_EQ(exec(ENOENT, "/bin/l"), is(Cause::Dangling, "/bin/p"));
}

TEST_F(CauseTest, ScriptsThatRunEachOtherEnd) {
  tree_.file("/bin/s", 0755, "#!/bin/s\n");
  EXPECT_EQ(exec(ENOENT, "/bin/s"), is(Cause::None, ""));
}

TEST_F(CauseTest, FormatErrors) {
  tree_.file("/bin/text", 0755, "echo hello\n");
  tree_.file("/bin/empty", 0755);
  tree_.file("/bin/arm", 0755, elf_bytes("", kOtherMachine));
  tree_.file("/bin/cut", 0755, elf_bytes("").substr(0, 70));
  tree_.file("/bin/s", 0755, "#!/bin/text\n");
  EXPECT_EQ(exec(ENOEXEC, "/bin/text"), is(Cause::NotElf, "/bin/text"));
  EXPECT_EQ(exec(ENOEXEC, "/bin/empty"), is(Cause::NotElf, "/bin/empty"));
  EXPECT_EQ(exec(ENOEXEC, "/bin/cut"), is(Cause::NotElf, "/bin/cut"));
  EXPECT_EQ(exec(ENOEXEC, "/bin/arm"), is(Cause::WrongArch, "/bin/arm"));
  EXPECT_EQ(exec(ENOEXEC, "/bin/s"), is(Cause::NotElf, "/bin/text"));
}

TEST_F(CauseTest, LoaderThatIsNoLoader) {
  tree_.file("/bin/p", 0755, elf_bytes("/lib/ld.so"));
  tree_.file("/lib/ld.so", 0755, "text");
  EXPECT_EQ(exec(EIO, "/bin/p"), is(Cause::NotElf, "/lib/ld.so"));
  tree_.file("/lib/ld.so", 0755, elf_bytes("", kOtherMachine));
  EXPECT_EQ(exec(ELIBBAD, "/bin/p"), is(Cause::WrongArch, "/lib/ld.so"));
}

TEST_F(CauseTest, ExecutePermissions) {
  tree_.file("/bin/none", 0644);
  tree_.file("/bin/other", 0700);
  tree_.dir("/bin/d");
  EXPECT_EQ(exec(EACCES, "/bin/none"), is(Cause::NoExecute, "/bin/none"));
  EXPECT_EQ(exec(EACCES, "/bin/other"), is(Cause::NoPermission, "/bin/other"));
  EXPECT_EQ(exec(EACCES, "/bin/d"), is(Cause::None, ""));
}

TEST_F(CauseTest, NoexecMountOutranksTheModeBits) {
  tree_.dir("/mnt").dir("/mnt/a").mount("/mnt", true);
  tree_.file("/mnt/a/p", 0644);
  EXPECT_EQ(exec(EACCES, "/mnt/a/p"), is(Cause::Noexec, "/mnt"));
  EXPECT_EQ(why(Syscall::Mmap, EPERM, "/mnt/a/p"), is(Cause::Noexec, "/mnt"));
}

TEST_F(CauseTest, InterpreterWithoutPermission) {
  tree_.file("/bin/s", 0755, "#!/bin/sh\n").file("/bin/sh", 0644);
  EXPECT_EQ(exec(EACCES, "/bin/s"), is(Cause::NoExecute, "/bin/sh"));
  tree_.file("/bin/p", 0755, elf_bytes("/lib/ld.so"));
  tree_.file("/lib/ld.so", 0600, elf_bytes(""));
  EXPECT_EQ(exec(EACCES, "/bin/p"), is(Cause::NoExecute, "/lib/ld.so"));
}

TEST_F(CauseTest, OpenPermissions) {
  tree_.file("/w/secret", 0600).file("/w/readable", 0644);
  tree_.dir("/closed", 0700);
  EXPECT_EQ(why(Syscall::Openat, EACCES, "/w/secret", O_RDONLY),
            is(Cause::NoPermission, "/w/secret"));
  EXPECT_EQ(why(Syscall::Openat, EACCES, "/w/readable", O_RDONLY | O_TRUNC),
            is(Cause::NoPermission, "/w/readable"));
  EXPECT_EQ(why(Syscall::Openat, EACCES, "/w/readable", O_RDONLY),
            is(Cause::None, ""));
  EXPECT_EQ(why(Syscall::Openat, EACCES, "/closed/f", O_RDONLY),
            is(Cause::NoSearchPermission, "/closed"));
}

TEST_F(CauseTest, WhatCannotBeMadeIsTheDirectorysFault) {
  EXPECT_EQ(why(Syscall::Openat, EACCES, "/w/new", O_CREAT | O_WRONLY),
            is(Cause::NoPermission, "/w"));
  EXPECT_EQ(why(Syscall::Mkdirat, EACCES, "/w/new"),
            is(Cause::NoPermission, "/w"));
}

TEST_F(CauseTest, AccessAsksForTheRealUser) {
  tree_.file("/w/f", 0600, "", 1000);
  EXPECT_EQ(why(Syscall::Access, EACCES, "/w/f", 0, 4),
            is(Cause::NoPermission, "/w/f"));
  EXPECT_EQ(why(Syscall::Faccessat2, EACCES, "/w/f", AT_EACCESS, 4),
            is(Cause::None, ""));
  EXPECT_EQ(why(Syscall::Access, EACCES, "/w/f", 0, 1),
            is(Cause::NoExecute, "/w/f"));
}

TEST_F(CauseTest, DirectoryWanted) {
  tree_.file("/w/f");
  EXPECT_EQ(why(Syscall::Openat, ENOTDIR, "/w/f/g"),
            is(Cause::NotDirectory, "/w/f"));
  EXPECT_EQ(why(Syscall::Openat, ENOTDIR, "/w/f", O_DIRECTORY),
            is(Cause::NotDirectory, "/w/f"));
}

TEST_F(CauseTest, LinksThatAreNotToBeFollowed) {
  tree_.link("/w/l", "none").link("/w/a", "b").link("/w/b", "a");
  EXPECT_EQ(why(Syscall::Openat, ELOOP, "/w/l", O_NOFOLLOW),
            is(Cause::Loop, "/w/l"));
  EXPECT_EQ(why(Syscall::Openat, ELOOP, "/w/a").cause, Cause::Loop);
}

TEST_F(CauseTest, Mounts) {
  tree_.dir("/mnt").dir("/mnt/a").mount("/mnt");
  EXPECT_EQ(why(Syscall::Openat, EROFS, "/mnt/a/new", O_CREAT),
            is(Cause::ReadOnly, "/mnt"));
  EXPECT_EQ(why(Syscall::Openat, ENOSPC, "/mnt/a/new", O_CREAT),
            is(Cause::Full, "/mnt"));
  EXPECT_EQ(why(Syscall::Write, EDQUOT, "/mnt/a"), is(Cause::Full, "/mnt"));
  EXPECT_EQ(why(Syscall::Write, ENOSPC, "pipe:[1]"), is(Cause::Full, ""));
}

TEST_F(CauseTest, Limits) {
  EXPECT_EQ(why(Syscall::Openat, EMFILE, "/w"), is(Cause::Limit, "nofile"));
  EXPECT_EQ(why(Syscall::Clone, EAGAIN, ""), is(Cause::Limit, "nproc"));
  EXPECT_EQ(why(Syscall::Openat, EAGAIN, "/w"), is(Cause::None, ""));
  EXPECT_EQ(why(Syscall::Write, EFBIG, "/w/f"), is(Cause::Limit, "fsize"));
  EXPECT_EQ(why(Syscall::Mmap, ENOMEM, ""), is(Cause::None, ""));
  memory_limit_ = "as";
  EXPECT_EQ(why(Syscall::Mmap, ENOMEM, ""), is(Cause::Limit, "as"));
}

TEST_F(CauseTest, NameTooLong) {
  const std::string name = "/w/" + std::string(256, 'n');
  EXPECT_EQ(why(Syscall::Openat, ENAMETOOLONG, name + "/x"),
            is(Cause::NameTooLong, name));
}

TEST_F(CauseTest, WhatTheTracerCannotSeeIsNotGuessed) {
  tree_.refuse("/w/x");
  EXPECT_EQ(why(Syscall::Openat, ENOENT, "/w/x/y"), is(Cause::None, ""));
  EXPECT_EQ(why(Syscall::Openat, ENOENT, ""), is(Cause::None, ""));
  EXPECT_EQ(why(Syscall::Connect, ENOENT, "@abstract"), is(Cause::None, ""));
  tree_.file("/w/f");
  EXPECT_EQ(why(Syscall::Openat, ENOENT, "/w/f"), is(Cause::None, ""));
}

TEST_F(CauseTest, ProgramThatIsWrittenTo) {
  tree_.file("/bin/p", 0755, elf_bytes(""));
  EXPECT_EQ(exec(ETXTBSY, "/bin/p"), is(Cause::TextBusy, "/bin/p"));
}

TEST_F(CauseTest, PermissionsAreToldWithModeOwnerAndCaller) {
  effective_.uids = {{1000, 1, 0}};
  effective_.gids = {{1000, 1, 0}};
  tree_.dir("/closed", 0700).file("/closed/f").file("/secret", 0640);
  EXPECT_EQ(why(Syscall::Openat, EACCES, "/closed/f"),
            is(Cause::NoSearchPermission, "/closed"));
  EXPECT_EQ(note_, "mode 0700, owner nobody(0):nobody(0), caller 0:0");
  EXPECT_EQ(why(Syscall::Openat, EACCES, "/secret"),
            is(Cause::NoPermission, "/secret"));
  EXPECT_EQ(note_, "mode 0640, owner nobody(0):nobody(0), caller 0:0");
}

TEST_F(CauseTest, EpermIsNeverAboutModeBits) {
  tree_.file("/w/f", 0666, "", 1000).file("/w/other", 0666);
  EXPECT_EQ(why(Syscall::Openat, EPERM, "/w/f", O_WRONLY), is(Cause::None, ""));
  tree_.immutable("/w/f").immutable("/w");
  EXPECT_EQ(why(Syscall::Openat, EPERM, "/w/f", O_WRONLY),
            is(Cause::Immutable, "/w/f"));
  EXPECT_EQ(why(Syscall::Openat, EPERM, "/w/new", O_CREAT | O_WRONLY),
            is(Cause::Immutable, "/w"));
  EXPECT_EQ(why(Syscall::Mkdir, EPERM, "/w/new"), is(Cause::Immutable, "/w"));
  EXPECT_EQ(why(Syscall::Openat, EPERM, "/w/other", O_RDONLY | O_NOATIME),
            is(Cause::NotOwner, "/w/other"));
}

TEST_F(CauseTest, DevicesOnANodevMount) {
  tree_.dir("/m").mount("/m").device("/m/null", 0666);
  EXPECT_EQ(why(Syscall::Openat, EACCES, "/m/null"), is(Cause::None, ""));
  tree_.nodev();
  EXPECT_EQ(why(Syscall::Openat, EACCES, "/m/null"), is(Cause::Nodev, "/m"));
}

TEST_F(CauseTest, FullOfInodesOrOfBlocksOrByQuota) {
  tree_.dir("/m").mount("/m").without_inodes();
  EXPECT_EQ(why(Syscall::Openat, ENOSPC, "/m/new", O_CREAT),
            is(Cause::Full, "/m"));
  EXPECT_EQ(note_, "no inode left");
  EXPECT_EQ(why(Syscall::Openat, EDQUOT, "/m/new", O_CREAT),
            is(Cause::Full, "/m"));
  EXPECT_EQ(note_, "quota of the user or group");
}

TEST_F(CauseTest, LimitsOfTheSystemAndOfTheProcess) {
  EXPECT_EQ(why(Syscall::Openat, ENFILE, "/w/f"), is(Cause::Limit, "file-max"));
  EXPECT_EQ(why(Syscall::Openat, EMFILE, "/w/f"), is(Cause::Limit, "nofile"));
}

}  // namespace
}  // namespace driftcage::trace
