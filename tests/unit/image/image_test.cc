// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "harness/image/open.h"
#include "harness/image/root_view.h"
#include "tests/unit/image/root_maker.h"

namespace driftcage::image {
namespace {

TEST(LookUp, ResolvesLinksInsideTheRoot) {
  const RootMaker root;
  root.program("/opt/tool/bin/run");
  root.link("/usr/bin", "/opt/tool/bin");
  root.link("/up", "../../../../../../opt");
  const auto file = look_up(root.root(), "/usr/bin/run");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->path, "/opt/tool/bin/run");
  EXPECT_EQ(look_up(root.root(), "/up/tool")->path, "/opt/tool");
  EXPECT_EQ(look_up(root.root(), "/")->path, "/");
  EXPECT_FALSE(look_up(root.root(), "/nothing"));
}

TEST(LookUp, DoesNotEscape) {
  const RootMaker root;
  root.link("/passwd", "/etc/passwd");
  EXPECT_FALSE(look_up(root.root(), "/passwd"));
  EXPECT_FALSE(look_up(root.root(), "/../../../../etc/passwd"));
}

TEST(FindProgram, TakesTheFirstExecutableFileOnPath) {
  const RootMaker root;
  root.file("/a/tool");       // no execute bit
  root.directory("/b/tool");  // no file
  root.link("/c/tool", "/d/real");
  root.program("/d/real");
  root.program("/e/tool");
  Image image;
  image.root = root.root();
  image.environment["PATH"] = "/a:/b:/c:/e";
  EXPECT_EQ(find_program(image, "tool"), "/c/tool");
  EXPECT_EQ(find_program(image, "other"), "");
  EXPECT_EQ(find_program(image, ""), "");
  image.environment.clear();
  EXPECT_EQ(find_program(image, "tool"), "");
}

TEST(OpenImage, Directory) {
  const RootMaker root;
  const auto image =
      open_image("dir:" + root.root(), {{"PATH", "/nowhere"}, {"LANG", "C"}});
  ASSERT_TRUE(image) << image.error().message();
  EXPECT_EQ(image->root, root.root());
  EXPECT_FALSE(image->is_host);
  EXPECT_TRUE(image->masks.empty());
  // The caller's environment is the host's, not the image's.
  EXPECT_NE(image->environment.at("PATH").find("/usr/bin"), std::string::npos);
  EXPECT_EQ(image->environment.at("LANG"), "C.UTF-8");
}

TEST(OpenImage, Refuses) {
  const auto unknown = open_image("no-such-kind:alpine", {});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().hint.find("dir:"), std::string::npos)
      << unknown.error().hint;
  EXPECT_EQ(open_image("dir:/nonexistent", {}).error().err, ENOENT);
  EXPECT_EQ(open_image("dir:", {}).error().err, EINVAL);
  EXPECT_EQ(open_image("dir:/etc/passwd", {}).error().err, ENOTDIR);
}

TEST(OpenImage, IdentityFollowsTheToolchain) {
  const RootMaker root;
  root.program("/usr/bin/go");
  const auto identity = [&] {
    return open_image("dir:" + root.root(), {})->identity;
  };
  const std::string before = identity();
  EXPECT_EQ(identity(), before);
  root.file("/usr/bin/go", "another version");
  EXPECT_NE(identity(), before);
}

TEST(OpenImage, HostHasACleanEnvironment) {
  const auto image = open_image(
      "host", {{"PATH", "/usr/bin:/bin"}, {"GOFLAGS", "-x"}, {"TMPDIR", "/x"}});
  ASSERT_TRUE(image);
  EXPECT_TRUE(image->is_host);
  EXPECT_FALSE(image->environment.contains("GOFLAGS"));
  EXPECT_FALSE(image->environment.contains("TMPDIR"));
  EXPECT_FALSE(image->environment.contains("HOME"));
  EXPECT_EQ(image->environment.at("LC_ALL"), "C.UTF-8");
}

}  // namespace
}  // namespace driftcage::image
