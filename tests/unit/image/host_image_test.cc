// SPDX-License-Identifier: Apache-2.0
#include "harness/image/host_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/image/root_maker.h"

namespace driftcage::image {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Image describe(const RootMaker& root, const std::string& path,
               const std::string& home = "/home/u") {
  Image image;
  image.root = root.root();
  describe_host({{"PATH", path}, {"HOME", home}}, image);
  return image;
}

std::vector<std::string> let_in(const Image& image) {
  std::vector<std::string> paths;
  for (const auto& tree : image.let_in) {
    EXPECT_EQ(tree.from, tree.at);
    EXPECT_TRUE(tree.read_only);
    paths.push_back(tree.at);
  }
  return paths;
}

// A Go toolchain as the archives of its makers unpack.
void add_go(const RootMaker& root, const std::string& top) {
  root.program(top + "/bin/go");
  root.directory(top + "/pkg/tool");
}

TEST(HostImage, MasksPrivateFolders) {
  const RootMaker root;
  for (const char* name : {"/home", "/root", "/run", "/mnt", "/srv", "/usr"}) {
    root.directory(name);
  }
  root.link("/media", "/run");
  EXPECT_THAT(describe(root, "/usr/bin").masks,
              UnorderedElementsAre("/home", "/root", "/run", "/mnt", "/srv"));
}

TEST(HostImage, MasksAHomeInAnotherPlace) {
  const RootMaker root;
  root.directory("/home");
  EXPECT_THAT(describe(root, "/bin", "/var/lib/ci").masks,
              UnorderedElementsAre("/home", "/var/lib/ci"));
  // Not a part of the system, and not all of it.
  EXPECT_THAT(describe(root, "/bin", "/usr/local/x").masks,
              ElementsAre("/home"));
  EXPECT_THAT(describe(root, "/bin", "/").masks, ElementsAre("/home"));
}

TEST(HostImage, KeepsWhatExistsOnPath) {
  const RootMaker root;
  root.directory("/usr/bin");
  root.directory("/bin");
  root.directory("/home/u/bin");
  root.link("/opt/home-bin", "/home/u/bin");
  const Image image = describe(
      root, "/usr/bin:/missing::relative:/home/u/bin:/opt/home-bin:/bin/:/bin");
  EXPECT_EQ(image.environment.at("PATH"), "/usr/bin:/bin");
}

TEST(HostImage, EmptyPathFallsBack) {
  const RootMaker root;
  EXPECT_NE(describe(root, "").environment.at("PATH").find("/usr/bin"),
            std::string::npos);
}

TEST(HostImage, LetsInAToolchainOfAVersionManager) {
  const RootMaker root;
  root.directory("/usr/bin");
  add_go(root, "/home/u/sdk/go1.24");
  root.program("/home/u/private/tool");
  const Image image =
      describe(root, "/home/u/sdk/go1.24/bin:/home/u/private:/usr/bin");
  EXPECT_THAT(let_in(image), ElementsAre("/home/u/sdk/go1.24"));
  EXPECT_EQ(image.environment.at("PATH"), "/home/u/sdk/go1.24/bin:/usr/bin");
}

TEST(HostImage, FollowsLinksToTheToolchain) {
  const RootMaker root;
  root.directory("/usr/bin");
  add_go(root, "/home/u/sdk/go1.24");
  // A private bin folder, and one of the system's.
  root.link("/home/u/.local/bin/go", "../../sdk/go1.24/bin/go");
  root.link("/usr/local/bin/go", "/home/u/sdk/go1.24/bin/go");
  const Image image =
      describe(root, "/home/u/.local/bin:/usr/local/bin:/usr/bin");
  EXPECT_THAT(let_in(image), ElementsAre("/home/u/sdk/go1.24"));
  // The private folder is left out: what else is in it is nobody's business.
  EXPECT_EQ(image.environment.at("PATH"),
            "/home/u/sdk/go1.24/bin:/usr/local/bin:/usr/bin");
}

TEST(HostImage, LetsInCompilersToo) {
  const RootMaker root;
  root.program("/home/u/conda/bin/gcc");
  root.directory("/home/u/conda/lib/gcc");
  EXPECT_THAT(let_in(describe(root, "/home/u/conda/bin")),
              ElementsAre("/home/u/conda"));
}

TEST(HostImage, ScriptsWithoutAToolchainStayOut) {
  const RootMaker root;
  root.program("/home/u/.asdf/shims/go");
  root.program("/home/u/bin/go");
  EXPECT_THAT(let_in(describe(root, "/home/u/.asdf/shims:/home/u/bin")),
              IsEmpty());
}

TEST(HostImage, NeverLetsInAWholeHome) {
  const RootMaker root;
  root.directory("/root");
  add_go(root, "/root");
  EXPECT_THAT(let_in(describe(root, "/root/bin", "/root")), IsEmpty());
  EXPECT_THAT(let_in(describe(root, "/root/bin", "/home/u")), IsEmpty());
}

TEST(HostImage, SystemToolchainsNeedNoLettingIn) {
  const RootMaker root;
  add_go(root, "/usr/local/go");
  const Image image = describe(root, "/usr/local/go/bin");
  EXPECT_THAT(let_in(image), IsEmpty());
  EXPECT_EQ(image.environment.at("PATH"), "/usr/local/go/bin");
}

}  // namespace
}  // namespace driftcage::image
