// SPDX-License-Identifier: Apache-2.0
// Cages over a directory that is not the host's root.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <string>

#include "tests/cage/cage_test.h"
#include "tests/must_work.h"

namespace driftcage::testing {
namespace {

namespace fs = std::filesystem;
namespace op = model::op;
using ::testing::HasSubstr;

// Every file below with its type, mode, size and link target.
std::map<std::string, std::string> snapshot(const fs::path& root) {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    struct stat status {};
    ::lstat(entry.path().c_str(), &status);
    found[entry.path()] =
        std::to_string(status.st_mode) + " " +
        std::to_string(status.st_mtim.tv_nsec) + " " +
        (entry.is_symlink() ? fs::read_symlink(entry.path()).string()
                            : std::to_string(status.st_size));
  }
  return found;
}

class Image : public CageTest {
 protected:
  void SetUp() override {
    CageTest::SetUp();
    fs::create_directory(root() / "bin");
    fs::copy_file(payload_path(), root() / "bin/payload");
    fs::permissions(root() / "bin/payload", fs::perms(0755));
    host_.write("root/etc/passwd", "image\n");
    host_.write("root/lib/tree/deep/f", "deep\n");
    before_ = snapshot(root());
  }
  void TearDown() override { EXPECT_EQ(snapshot(root()), before_); }

  [[nodiscard]] fs::path root() const {
    fs::create_directories(host_.path() / "root");
    return host_.path() / "root";
  }
  [[nodiscard]] model::CageSpec spec(std::vector<std::string> arguments) const {
    model::CageSpec result;
    arguments.insert(arguments.begin(), "/bin/payload");
    result.root = root();
    result.root_is_host = false;
    result.argv = std::move(arguments);
    result.trace.engine = model::Engine::Untraced;
    return result;
  }

  HostDirectory host_;
  std::map<std::string, std::string> before_;
};
DRIFTCAGE_BOTH_CALLERS(Image);

TEST_P(Image, IsTheWholeRoot) {
  EXPECT_EQ(output(spec({"identity"})), "uid 0 gid 0 umask 022 leader 1\n");
  EXPECT_EQ(output(spec({"open", "/etc/passwd"})), "/etc/passwd ok\n");
  EXPECT_EQ(output(spec({"open", "/usr"})), "/usr ENOENT\n");
  EXPECT_EQ(output(spec({"open", host_.path().string()})),
            host_.path().string() + " ENOENT\n");
}

TEST_P(Image, FilesBelongToWhomTheyBelongOutside) {
  if (::geteuid() != 0 || GetParam() != Caller::Self)
    GTEST_SKIP() << "only root's cages have other ids than the host";
  ASSERT_EQ(::chown((root() / "etc").c_str(), 1000, 2000), 0);
  ASSERT_EQ(::chmod((root() / "etc").c_str(), 0700), 0);
  before_ = snapshot(root());
  auto spec = this->spec({"owners", "/etc", "/etc/passwd"});
  EXPECT_EQ(output(spec), "/etc 65534 65534\n/etc/passwd EACCES\n");
  spec.root_own_ids = true;
  EXPECT_EQ(output(spec), "/etc 1000 2000\n/etc/passwd 0 0\n");
  spec.uid = 7;
  spec.gid = 7;
  EXPECT_EQ(output(spec), "/etc 1000 2000\n/etc/passwd EACCES\n");
  // What the cage changes there stays in the cage.
  spec.uid = spec.gid = 0;
  spec.ops.emplace_back(op::WriteFile{"/etc/new", "x"});
  spec.argv = {"/bin/payload", "owners", "/etc/new", "/etc"};
  EXPECT_EQ(output(spec), "/etc/new 0 0\n/etc 1000 2000\n");
}

TEST_P(Image, GetsTheDirectoriesThatItLacks) {
  for (const char* name : {"/dev/null", "/proc/self/status", "/sys", "/tmp"}) {
    EXPECT_EQ(output(spec({"open", name})), std::string(name) + " ok\n");
  }
}

TEST_P(Image, LinksInPlaceOfItsDirectoriesLeadNowhere) {
  for (const char* name : {"dev", "proc", "sys", "tmp"}) {
    fs::create_symlink("/etc", root() / name);
  }
  before_ = snapshot(root());
  EXPECT_EQ(output(spec({"open", "/dev/null"})), "/dev/null ok\n");
  EXPECT_EQ(output(spec({"open", "/etc/null"})), "/etc/null ENOENT\n");
  EXPECT_EQ(output(spec({"create", "/tmp/x"})), "/tmp/x ok\n");
  EXPECT_EQ(output(spec({"open", "/proc/passwd"})), "/proc/passwd ENOENT\n");
}

TEST_P(Image, CanBeEditedForOneCage) {
  auto edited = spec({"open", "/lib/tree/deep/f"});
  edited.ops = {op::Hide{"/lib/tree"}};
  EXPECT_EQ(output(edited), "/lib/tree/deep/f ENOENT\n");
  edited.ops = {op::Chmod{"/lib/tree/deep", 0}};
  edited.uid = 5;
  EXPECT_EQ(output(edited), "/lib/tree/deep/f EACCES\n");
  edited.ops = {op::WriteFile{"/lib/tree/deep/f", ""},
                op::MakeSymlink{"/lib/tree/l", "/nowhere"},
                op::Truncate{"/etc/passwd", 0}};
  EXPECT_EQ(output(edited), "/lib/tree/deep/f ok\n");
}

TEST_P(Image, MasksAreResolvedInItsRoot) {
  fs::create_symlink("/lib/tree", root() / "alias");
  before_ = snapshot(root());
  auto masked = spec({"open", "/lib/tree/deep/f"});
  masked.masks = {"/alias"};
  EXPECT_EQ(output(masked), "/lib/tree/deep/f ENOENT\n");
  // Beside a mask everything can be edited.
  masked.ops = {op::WriteFile{"/lib/other/f", ""},
                op::WriteFile{"/lib/tree/deep/f", ""}};
  EXPECT_EQ(output(masked), "/lib/tree/deep/f ok\n");
}

TEST_P(Image, TreesOfItAreResolvedInItsRoot) {
  fs::create_symlink("/lib/tree", root() / "alias");
  fs::create_symlink("/etc/shadow", root() / "outside");
  before_ = snapshot(root());
  auto mounted = spec({"open", "/copy/deep/f"});
  mounted.ops = {op::MountTree{"/alias", "/copy", true, false, false, root()}};
  EXPECT_EQ(output(mounted), "/copy/deep/f ok\n");
  mounted.ops = {
      op::MountTree{"/outside", "/copy", true, false, false, root()}};
  EXPECT_EQ(run(mounted).end.error.object, root().string() + "/outside");
}

// While a cage is built there are descriptors of the host's directories in it.
// A link to one of them must lead nobody out of it.
TEST_P(Image, NoLinkLeadsToWhatTheCellHasOpen) {
  auto entering = spec({"identity"});
  entering.directory = "/place";
  auto starting = spec({"identity"});
  starting.argv[0] = "/place/bin/payload";
  for (int fd = 3; fd < 20; ++fd) {
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    for (auto* with_link : {&entering, &starting}) {
      with_link->ops = {
          op::MakeDirectory{"/place"},
          op::RunCommand{{"/bin/payload", "replace", "/place", link}}};
    }
    const CellRun entered = run(entering);
    EXPECT_EQ(entered.end.outcome, wire::Outcome::CageError) << link;
    EXPECT_EQ(entered.end.error.step, "enter working directory") << link;
    EXPECT_EQ(run(starting).end.outcome, wire::Outcome::SpawnFailed) << link;
  }
}

TEST_P(Image, OperationsFollowNoLinkOfTheKernel) {
  fs::create_symlink("/proc/self/root", root() / "alias");
  before_ = snapshot(root());
  auto edited = spec({"identity"});
  edited.ops = {op::Truncate{"/alias/etc/passwd", 0}};
  const base::Error error = run(edited).end.error;
  EXPECT_EQ(error.object, "/alias/etc/passwd");
  EXPECT_EQ(error.err, ELOOP);
}

// As root keeps its images: nobody else passes the directory above.
TEST(RootImage, MayLieBelowAClosedDirectory) {
  DRIFTCAGE_ROOT_ONLY("root only");
  DRIFTCAGE_SKIP_UNLESS_EMPTY(why_no_cages());
  const HostDirectory host;
  fs::create_directories(host.path() / "root/bin");
  fs::copy_file(payload_path(), host.path() / "root/bin/payload");
  host.write("tool", "x");
  fs::permissions(host.path(), fs::perms(0700));
  model::CageSpec spec;
  spec.root = host.path() / "root";
  spec.root_is_host = false;
  spec.let_in = {{host.path() / "tool", "/opt/tool"}};
  spec.ops = {op::MountTree{host.path() / "root", "/copy", false}};
  spec.argv = {"/copy/bin/payload", "open", "/opt/tool"};
  spec.trace.engine = model::Engine::Untraced;
  const CellRun run = run_cell(spec);
  EXPECT_EQ(unlike_exit(run, 0), "");
  EXPECT_EQ(run.out, "/opt/tool ok\n");
}

}  // namespace
}  // namespace driftcage::testing
