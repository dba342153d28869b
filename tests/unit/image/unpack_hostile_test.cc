// SPDX-License-Identifier: Apache-2.0
// Archives made to break out of the root. Each test has two halves: nothing
// outside was touched, and what a harmless image may hold was not refused.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/image/unpack_maker.h"

namespace driftcage::image {
namespace {

using ::testing::HasSubstr;

// With and without openat2(2): a container's seccomp filter may refuse it.
class Hostile : public ::testing::TestWithParam<bool> {
 protected:
  base::Result<UnpackResult> unpack(const std::vector<TarMaker>& layers) {
    UnpackOptions options;
    options.use_openat2 = GetParam();
    return place.unpack(layers, options);
  }
  void TearDown() override { EXPECT_TRUE(place.outside_untouched()); }

  UnpackPlace place;
};
INSTANTIATE_TEST_SUITE_P(Resolver, Hostile, ::testing::Bool(),
                         [](const auto& test) {
                           return test.param ? "Kernel" : "UserSpace";
                         });

std::string message(const base::Result<UnpackResult>& result) {
  return result ? "no error"
                : result.error().message() + " " + result.error().hint;
}

TEST_P(Hostile, C01DotDotStaysInside) {
  const auto result = unpack(
      {TarMaker().file("../x", "1").file("a/../../../outside/known", "2")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.read("x"), "1");
  EXPECT_EQ(place.read("outside/known"), "2");
}

TEST_P(Hostile, C02AbsoluteNameStaysInside) {
  const auto result =
      unpack({TarMaker().file(place.outside() + "/known", "evil")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.read(place.outside() + "/known"), "evil");
}

TEST_P(Hostile, C03WriteThroughAbsoluteLinkStaysInside) {
  const auto archive = TarMaker()
                           .symlink("a", place.outside())
                           .file("a/known", "evil")
                           .file("a/new", "evil");
  const auto result = unpack({archive});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.link("a"), place.outside());
  EXPECT_EQ(place.read(place.outside() + "/known"), "evil");
}

TEST_P(Hostile, C03WriteThroughLinkOfALowerLayer) {
  const auto result = unpack({TarMaker().symlink("a", place.outside()),
                              TarMaker().file("a/known", "evil")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.read(place.outside() + "/known"), "evil");
}

TEST_P(Hostile, C04FileReplacesLink) {
  const auto result = unpack(
      {TarMaker().symlink("a", place.outside() + "/known").file("a", "mine")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_TRUE(S_ISREG(place.stat("a").st_mode));
  EXPECT_EQ(place.read("a"), "mine");
}

TEST_P(Hostile, C05HardLinkToAbsoluteNameIsRefused) {
  const auto result =
      unpack({TarMaker().hard_link("a", place.outside() + "/known")});
  EXPECT_THAT(message(result), HasSubstr("hard link must name a file"));
}

TEST_P(Hostile, C06HardLinkToRelativeNameIsRefused) {
  const auto result = unpack({TarMaker().hard_link("a", "../outside/known")});
  EXPECT_THAT(message(result), HasSubstr("ENOENT"));
}

TEST_P(Hostile, C07DataOverHardLinkLeavesTheOtherNameAlone) {
  const auto result = unpack(
      {TarMaker().file("a", "first").hard_link("b", "a").file("b", "second")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.read("a"), "first");
  EXPECT_EQ(place.read("b"), "second");
}

TEST_P(Hostile, C08HardLinkToLinkIsThatLink) {
  const auto archive =
      TarMaker().symlink("s", place.outside() + "/known").hard_link("h", "s");
  const auto result = unpack({archive, TarMaker().file("h", "data")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.link("s"), place.outside() + "/known");
  EXPECT_EQ(place.read("h"), "data");
  EXPECT_TRUE(S_ISREG(place.stat("h").st_mode));
}

TEST_P(Hostile, C08LinkedLinkKeepsItsKind) {
  const auto result =
      unpack({TarMaker().symlink("s", "../x").hard_link("h", "s")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.link("h"), "../x");
  EXPECT_EQ(place.stat("h").st_nlink, 2u);
}

TEST_P(Hostile, C09TopAsLinkIsRefused) {
  const auto result =
      unpack({TarMaker().symlink(".", place.outside()).file("known", "evil")});
  EXPECT_THAT(message(result), HasSubstr("top of an image"));
}

TEST_P(Hostile, C10ChainOfRelativeLinksStaysInside) {
  const auto archive = TarMaker()
                           .directory("a")
                           .symlink("a/b", "../..")
                           .symlink("c", "a/b/outside")
                           .file("c/known", "evil")
                           .file("a/b/outside/two", "evil");
  const auto result = unpack({archive});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.read("outside/known"), "evil");
  EXPECT_EQ(place.read("outside/two"), "evil");
}

TEST_P(Hostile, C11DirectoryReplacesLinkAndKeepsItsTarget) {
  const auto result = unpack({TarMaker()
                                  .symlink("a", place.outside())
                                  .directory("a", 0777)
                                  .file("a/new", "x")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_TRUE(S_ISDIR(place.stat("a").st_mode));
  EXPECT_EQ(place.mode("a"), 0777u);
  EXPECT_EQ(place.read("a/new"), "x");
}

TEST_P(Hostile, C12DevicesAndPipes) {
  TarMaker archive;
  archive.add({.name = "c", .type = '3', .mode = 0666, .major = 1, .minor = 3});
  archive.add({.name = "b", .type = '4', .mode = 0660, .major = 8});
  archive.add({.name = "p", .type = '6', .mode = 0622});
  const auto result = unpack({archive});
  ASSERT_TRUE(result) << message(result);
  EXPECT_TRUE(S_ISREG(place.stat("c").st_mode));
  EXPECT_TRUE(S_ISREG(place.stat("b").st_mode));
  EXPECT_TRUE(S_ISFIFO(place.stat("p").st_mode));
  EXPECT_EQ(place.mode("p"), 0622u);
  ASSERT_EQ(result->originals.count("c"), 1u);
  EXPECT_EQ(result->originals.at("c").type, EntryType::CharDevice);
  EXPECT_EQ(result->originals.at("b").device, makedev(8, 0));
  EXPECT_THAT(result->notes,
              ::testing::Contains("device replaced by an empty file: 2 times, "
                                  "first at c, b"));
}

TEST_P(Hostile, C13SetuidBitsStay) {
  const auto result = unpack({TarMaker()
                                  .file("su", "x", 04755)
                                  .file("sg", "x", 02711)
                                  .directory("sticky", 01777)});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.mode("su"), 04755u);
  EXPECT_EQ(place.mode("sg"), 02711u);
  EXPECT_EQ(place.mode("sticky"), 01777u);
}

TEST_P(Hostile, C14WhiteoutThroughLinkStaysInside) {
  const auto result = unpack({TarMaker()
                                  .symlink("a", place.outside())
                                  .symlink("r", "../outside")
                                  .directory("outside")
                                  .file("outside/known", "inner"),
                              TarMaker()
                                  .file("a/.wh.known", "")
                                  .file("r/.wh.known", "")
                                  .file("../outside/.wh.none", "")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_FALSE(place.exists("outside/known"));
}

TEST_P(Hostile, C15WhiteoutOfNothingIsRefused) {
  for (const char* name : {".wh...", ".wh..", ".wh.", "a/.wh...", "b/.wh."}) {
    UnpackPlace other;
    const auto result =
        other.unpack({TarMaker().directory("a"), TarMaker().file(name, "")});
    EXPECT_THAT(message(result), HasSubstr("whiteout must name")) << name;
    EXPECT_TRUE(other.outside_untouched());
  }
}

TEST_P(Hostile, C16OpaqueMarkerThroughLinkStaysInside) {
  const auto result = unpack(
      {TarMaker().symlink("a", place.outside()).symlink("r", "../outside"),
       TarMaker().file("a/.wh..wh..opq", "").file("r/.wh..wh..opq", "")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.link("a"), place.outside());
}

TEST_P(Hostile, C17LargeIdsAreRemembered) {
  TarMaker archive;
  archive.add({.name = "f", .bytes = "x", .uid = 70000, .gid = 5});
  const auto result = unpack({archive});
  ASSERT_TRUE(result) << message(result);
  ASSERT_EQ(result->originals.count("f"), 1u);
  EXPECT_EQ(result->originals.at("f").uid, 70000u);
  EXPECT_EQ(result->originals.at("f").gid, 5u);
}

TEST_P(Hostile, C18ClosedDirectoryWithAChild) {
  const auto result = unpack({TarMaker().directory("d", 0).file("d/child", "x"),
                              TarMaker().file("d/second", "y")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.mode("d"), 0u);
  ASSERT_EQ(::chmod((place.root() + "/d").c_str(), 0700), 0);
  EXPECT_EQ(place.read("d/child"), "x");
  EXPECT_EQ(place.read("d/second"), "y");
}

TEST_P(Hostile, C19OverlayAttributesAreEscaped) {
  TarMaker archive;
  archive.add({.name = "d",
               .type = '5',
               .mode = 0755,
               .pax = {{"SCHILY.xattr.user.overlay.opaque", "y"},
                       {"SCHILY.xattr.trusted.overlay.opaque", "y"},
                       {"SCHILY.xattr.user.plain", "kept"}}});
  archive.add({.name = "f",
               .bytes = "x",
               .mode = 0444,
               .pax = {{"SCHILY.xattr.user.plain", "kept"},
                       {"SCHILY.xattr.security.selinux", "label"}}});
  const auto result = unpack({archive});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.attribute("d", "user.overlay.opaque"), "<none>");
  EXPECT_EQ(place.attribute("d", "trusted.overlay.opaque"), "<none>");
  EXPECT_EQ(place.attribute("f", "security.selinux"), "<none>");
  if (place.attribute("f", "user.plain") == "<none>")
    GTEST_SKIP() << "no user.* attributes on this file system";
  EXPECT_EQ(place.attribute("d", "user.overlay.overlay.opaque"), "y");
  EXPECT_EQ(place.attribute("d", "user.plain"), "kept");
  EXPECT_EQ(place.attribute("f", "user.plain"), "kept");
}

TEST_P(Hostile, C20ChildBelowAFile) {
  const auto result =
      unpack({TarMaker().file("f", "file"), TarMaker().file("f/child", "x")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.read("f/child"), "x");
}

TEST_P(Hostile, C20TypesChangeBetweenLayers) {
  const auto result = unpack({TarMaker()
                                  .directory("dir-file")
                                  .file("dir-file/old", "x")
                                  .directory("dir-link")
                                  .file("dir-link/old", "x")
                                  .file("file-dir", "x")
                                  .symlink("link-file", "file-dir")
                                  .file("file-link", "x"),
                              TarMaker()
                                  .file("dir-file", "now a file")
                                  .symlink("dir-link", "file-dir")
                                  .directory("file-dir")
                                  .file("link-file", "now a file")
                                  .symlink("file-link", "gone")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.read("dir-file"), "now a file");
  EXPECT_EQ(place.link("dir-link"), "file-dir");
  EXPECT_TRUE(S_ISDIR(place.stat("file-dir").st_mode));
  EXPECT_EQ(place.read("link-file"), "now a file");
  EXPECT_EQ(place.link("file-link"), "gone");
}

TEST_P(Hostile, C21LongComponentIsNamed) {
  const auto result = unpack({TarMaker().file(std::string(300, 'n'), "x")});
  EXPECT_THAT(message(result), HasSubstr("255 bytes"));
}

TEST_P(Hostile, C22SystemDirectoriesAsLinks) {
  const auto result = unpack({TarMaker()
                                  .symlink("dev", place.outside())
                                  .symlink("proc", "/")
                                  .symlink("etc", "../../outside")
                                  .file("etc/known", "inner")
                                  .file("proc/self/root/x", "y")
                                  .file("dev/null", "")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.read("outside/known"), "inner");
  EXPECT_EQ(place.read("self/root/x"), "y");
}

TEST_P(Hostile, LoopsOfLinksEnd) {
  const auto result =
      unpack({TarMaker().symlink("a", "b").symlink("b", "a").file("a/x", "y")});
  EXPECT_THAT(message(result), HasSubstr("ELOOP"));
}

TEST_P(Hostile, DepthByLinksEnds) {
  // Each link leads 100 levels further down than its name tells.
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "d/";
  TarMaker archive;
  archive.directory(deep).symlink("l1", deep);
  archive.directory("l1/" + deep).symlink("l2", "l1/" + deep);
  archive.directory("l2/" + deep).symlink("l3", "l2/" + deep);
  archive.directory("l3/" + deep);
  const auto result = unpack({archive});
  EXPECT_THAT(message(result), HasSubstr("nested too deeply"));
}

}  // namespace
}  // namespace driftcage::image
