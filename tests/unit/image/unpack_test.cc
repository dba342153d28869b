// SPDX-License-Identifier: Apache-2.0
#include "harness/image/unpack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/image/digest.h"
#include "tests/must_work.h"
#include "tests/unit/image/unpack_maker.h"

namespace driftcage::image {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string message(const base::Result<UnpackResult>& result) {
  return result ? "no error"
                : result.error().message() + " " + result.error().hint;
}

std::vector<std::string> names_below(const std::string& root) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
    names.push_back(entry.path().lexically_relative(root).string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Unpack, KeepsContentModesAndTimes) {
  UnpackPlace place;
  const auto result = place.unpack({TarMaker()
                                        .directory("./d/", 0751)
                                        .file("./d/f", "content", 0640)
                                        .symlink("./d/l", "f")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.read("d/f"), "content");
  EXPECT_EQ(place.mode("d"), 0751u);
  EXPECT_EQ(place.mode("d/f"), 0640u);
  EXPECT_EQ(place.link("d/l"), "f");
  for (const char* path : {"d", "d/f", "d/l"})
    EXPECT_EQ(place.stat(path).st_mtim.tv_sec, 1'000'000'000) << path;
  EXPECT_THAT(result->originals, IsEmpty());
  EXPECT_THAT(result->notes, IsEmpty());
}

TEST(Unpack, DirectoriesNobodyMentionsAreOrdinary) {
  UnpackPlace place;
  const auto result = place.unpack({TarMaker().file("a/b/f", "x")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.mode("a"), 0755u);
  EXPECT_EQ(place.mode("a/b"), 0755u);
  EXPECT_EQ(place.stat("a/b").st_mtim.tv_sec, 0);
}

TEST(Unpack, NamesAreBytes) {
  UnpackPlace place;
  TarMaker archive;
  archive.file("caf\xc3\xa9", "utf-8").file("caf\xe9", "latin");
  archive.add({.name = "x", .bytes = "p", .pax = {{"path", "\xe2\x82\xac"}}});
  const auto result = place.unpack({archive});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.read("caf\xc3\xa9"), "utf-8");
  EXPECT_EQ(place.read("caf\xe9"), "latin");
  EXPECT_EQ(place.read("\xe2\x82\xac"), "p");
}

TEST(Unpack, LayersGoThroughLinksOfLowerLayers) {
  UnpackPlace place;
  const auto result =
      place.unpack({TarMaker()
                        .directory("usr/bin")
                        .symlink("bin", "usr/bin")
                        .directory("run")
                        .symlink("var/run", "/run"),
                    TarMaker().file("bin/tool", "x").file("var/run/pid", "1")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.link("bin"), "usr/bin");
  EXPECT_EQ(place.read("usr/bin/tool"), "x");
  EXPECT_EQ(place.read("run/pid"), "1");
}

TEST(Unpack, PackagesKeepLinksToDirectories) {
  UnpackPlace place;
  UnpackOptions options;
  options.keep_directory_links = true;
  const auto result =
      place.unpack({TarMaker().directory("usr/bin").symlink("bin", "usr/bin"),
                    TarMaker().directory("bin").file("bin/tool", "x")},
                   options);
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.link("bin"), "usr/bin");
  EXPECT_EQ(place.read("usr/bin/tool"), "x");
}

TEST(Unpack, HardLinksAreOneFile) {
  UnpackPlace place;
  const auto result =
      place.unpack({TarMaker().file("a", "x").hard_link("b", "a"),
                    TarMaker().hard_link("d/c", "./b").hard_link("a", "a")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.stat("a").st_nlink, 3u);
  EXPECT_EQ(place.stat("a").st_ino, place.stat("d/c").st_ino);
}

TEST(Unpack, HardLinkBeforeItsTargetIsRefused) {
  UnpackPlace place;
  const auto result =
      place.unpack({TarMaker().hard_link("b", "a").file("a", "x")});
  EXPECT_THAT(message(result), HasSubstr("b: a"));
}

// --- whiteouts -------------------------------------------------------------

TarMaker lower() {
  return TarMaker()
      .directory("d", 0700)
      .file("d/one", "1")
      .file("d/two", "2")
      .directory("d/sub")
      .file("d/sub/deep", "3")
      .file("f", "file");
}

TEST(Whiteout, RemovesFilesAndTrees) {
  UnpackPlace place;
  const auto result = place.unpack({lower(), TarMaker()
                                                 .file("d/.wh.one", "")
                                                 .file(".wh.f", "")
                                                 .file("d/.wh.sub", "")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_THAT(names_below(place.root()), ::testing::ElementsAre("d", "d/two"));
  EXPECT_EQ(place.mode("d"), 0700u);
}

TEST(Whiteout, OpaqueClearsWhatLiesBelow) {
  UnpackPlace place;
  const auto result = place.unpack({lower(), TarMaker()
                                                 .directory("d", 0711)
                                                 .file("d/.wh..wh..opq", "")
                                                 .file("d/new", "n")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_THAT(names_below(place.root()),
              ::testing::ElementsAre("d", "d/new", "f"));
  EXPECT_EQ(place.mode("d"), 0711u);
}

TEST(Whiteout, OrderInsideALayerDoesNotMatter) {
  using Member = TarMaker::Member;
  // One file replaced and removed, a directory removed with a new child in
  // it, and an opaque directory: whatever comes first, the outcome is one.
  std::vector<Member> members{
      {.name = "d/.wh.one"},
      {.name = "d/one", .bytes = "new"},
      {.name = ".wh.e"},
      {.name = "e/child", .bytes = "c"},
      {.name = "d/sub/.wh..wh..opq"},
      {.name = "d/sub/fresh", .bytes = "s"},
  };
  std::vector<int> order{0, 1, 2, 3, 4, 5};
  int nth = 0;
  do {
    // Every 31st of the 720 orders: all members come first and last.
    if (nth++ % 31 != 0) continue;
    UnpackPlace place;
    TarMaker upper;
    for (const int i : order) upper.add(members[static_cast<std::size_t>(i)]);
    const auto result =
        place.unpack({lower().directory("e", 0700).file("e/old", "o"), upper});
    ASSERT_TRUE(result) << message(result);
    ASSERT_THAT(names_below(place.root()),
                ::testing::ElementsAre("d", "d/one", "d/sub", "d/sub/fresh",
                                       "d/two", "e", "e/child", "f"));
    ASSERT_EQ(place.read("d/one"), "new");
    ASSERT_EQ(place.mode("e"), 0755u) << "it is the upper layer's own";
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Whiteout, SeesThroughLinkedNames) {
  UnpackPlace place;
  const auto result = place.unpack(
      {TarMaker().directory("usr").file("usr/a", "old").symlink("u", "usr"),
       TarMaker().file("u/a", "new").file("usr/.wh.a", "")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.read("usr/a"), "new");
}

TEST(Whiteout, MakesNoDirectories) {
  UnpackPlace place;
  const auto result = place.unpack({lower(), TarMaker()
                                                 .file("none/.wh.x", "")
                                                 .file("f/.wh.y", "")
                                                 .file(".wh..wh.plnk/1.2", "")
                                                 .file(".wh..wh.aufs", "")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_FALSE(place.exists("none"));
  EXPECT_EQ(place.read("f"), "file");
  EXPECT_FALSE(place.exists(".wh..wh.plnk"));
  EXPECT_FALSE(place.exists(".wh..wh.aufs"));
}

TEST(Whiteout, OfTheFirstLayerRemovesNothing) {
  UnpackPlace place;
  const auto result =
      place.unpack({TarMaker().file("a", "x").file(".wh.a", "")});
  ASSERT_TRUE(result) << message(result);
  EXPECT_THAT(names_below(place.root()), ::testing::ElementsAre("a"));
}

TEST(Whiteout, RemovedNamesLoseTheirOwners) {
  UnpackPlace place;
  TarMaker first;
  first.add({.name = "d", .type = '5', .uid = 70000});
  first.add({.name = "d/f", .bytes = "x", .uid = 70001});
  first.add({.name = "g", .bytes = "x", .uid = 70002});
  TarMaker second;
  second.file(".wh.d", "").file("g", "root's now");
  for (int i = 0; i < 20; ++i) second.file("n" + std::to_string(i), "x");
  const auto result = place.unpack({first, second});
  ASSERT_TRUE(result) << message(result);
  EXPECT_THAT(result->originals, IsEmpty());
}

// --- budgets ---------------------------------------------------------------

TEST(Budget, Entries) {
  UnpackPlace place;
  UnpackOptions options;
  options.budget.entries = 2;
  const TarMaker two = TarMaker().file("a", "").file("b", "");
  EXPECT_TRUE(UnpackPlace().unpack({two}, options));
  EXPECT_THAT(message(place.unpack({two, TarMaker().file("c", "")}, options)),
              HasSubstr("more than 2 entries"));
}

TEST(Budget, Depth) {
  UnpackPlace place;
  UnpackOptions options;
  options.budget.depth = 3;
  EXPECT_TRUE(UnpackPlace().unpack({TarMaker().file("a/b/c", "")}, options));
  EXPECT_THAT(message(place.unpack({TarMaker().file("a/b/c/d", "")}, options)),
              HasSubstr("more than 3 components"));
}

TEST(Budget, PathLength) {
  UnpackPlace place;
  std::string name;
  for (int i = 0; i < 50; ++i) name += std::string(100, 'x') + "/";
  EXPECT_THAT(message(place.unpack({TarMaker().file(name + "f", "")})),
              HasSubstr("may have 4095 bytes"));
}

TEST(Budget, BytesOverAllLayers) {
  UnpackPlace place;
  UnpackOptions options;
  options.budget.stream.bytes = 100'000;
  const TarMaker layer = TarMaker().file("a", std::string(60'000, 'x'));
  EXPECT_TRUE(UnpackPlace().unpack({layer}, options));
  EXPECT_THAT(message(place.unpack({layer, layer}, options)),
              HasSubstr("bytes"));
}

TEST(Budget, AttributeBytes) {
  UnpackPlace place;
  TarMaker archive;
  archive.add({.name = "f",
               .pax = {{"SCHILY.xattr.user.big", std::string(70'000, 'x')}}});
  EXPECT_THAT(message(place.unpack({archive})),
              HasSubstr("extended attributes are too large"));
}

// --- damage ----------------------------------------------------------------

base::Result<UnpackResult> unpack_bytes(UnpackPlace& place,
                                        const std::string& bytes) {
  const std::string path = place.top() + "/blob";
  std::ofstream(path, std::ios::binary) << bytes;
  auto unpacker = DRIFTCAGE_TRY(Unpacker::open(place.root(), {}));
  auto blob = DRIFTCAGE_TRY(open_blob(path));
  DRIFTCAGE_CHECK_OK(unpacker.add_layer(std::move(blob)));
  return unpacker.finish();
}

TEST(Damage, TruncatedArchiveIsRefused) {
  UnpackPlace place;
  const std::string whole =
      TarMaker().file("a", std::string(5000, 'x')).bytes();
  const auto result = unpack_bytes(place, whole.substr(0, 3000));
  EXPECT_THAT(message(result), HasSubstr("blob: a"));
}

TEST(Damage, SomethingElseIsRefused) {
  UnpackPlace place;
  const auto result = unpack_bytes(place, std::string(5000, 'z'));
  EXPECT_THAT(message(result), HasSubstr("must be a tar archive"));
}

TEST(Damage, DecoderErrorsNameTheBlob) {
  UnpackPlace place;
  const auto result = unpack_bytes(place, "\x1f\x8b" + std::string(500, 'z'));
  EXPECT_FALSE(result);
  EXPECT_THAT(message(result), HasSubstr("blob"));
}

TEST(Damage, NothingAtAllIsAnEmptyLayer) {
  UnpackPlace place;
  const auto result = unpack_bytes(place, "");
  EXPECT_TRUE(result) << message(result);
}

TEST(Damage, NegativeSizeIsRefused) {
  UnpackPlace place;
  TarMaker archive;
  archive.add({.name = "f", .pax = {{"size", "-5"}}});
  EXPECT_FALSE(place.unpack({archive}));
}

TEST(Stream, DigestsCoverTrailingBytes) {
  UnpackPlace place;
  const std::string bytes =
      TarMaker().file("a", "x").bytes() + std::string(700'000, 'j');
  const std::string path = place.top() + "/blob";
  std::ofstream(path, std::ios::binary) << bytes;
  auto unpacker = Unpacker::open(place.root(), {});
  ASSERT_TRUE(unpacker);
  const auto summary = unpacker->add_layer(*open_blob(path));
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->blob_digest, digest_of(bytes));
  EXPECT_EQ(summary->content_digest, digest_of(bytes));
  EXPECT_EQ(summary->blob_size, bytes.size());
}

TEST(Stream, APartOfAFile) {
  UnpackPlace place;
  const std::string tar = TarMaker().file("a", "x").bytes();
  const std::string path = place.top() + "/blob";
  std::ofstream(path, std::ios::binary) << "head" << tar << "tail";
  auto blob = open_blob(path);
  ASSERT_TRUE(blob);
  blob->offset = 4;
  blob->size = tar.size();
  auto unpacker = Unpacker::open(place.root(), {});
  const auto summary = unpacker->add_layer(*std::move(blob));
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->blob_digest, digest_of(tar));
  EXPECT_EQ(place.read("a"), "x");
}

// --- ids -------------------------------------------------------------------

TEST(Ids, ShiftedIntoTheRange) {
  DRIFTCAGE_ROOT_ONLY("only root may give files away");
  UnpackPlace place;
  UnpackOptions options;
  options.ids = usual_ids(place.root());
  if (!options.ids.active()) GTEST_SKIP() << "root lacks CAP_CHOWN";
  TarMaker archive;
  archive.add({.name = "d", .type = '5', .mode = 0750, .uid = 3, .gid = 4});
  archive.add({.name = "d/f", .bytes = "x", .mode = 04755, .uid = 1, .gid = 2});
  archive.add({.name = "d/big", .bytes = "x", .uid = 70000, .gid = 2});
  archive.add({.name = "d/l", .type = '2', .link = "f", .uid = 5});
  const auto result = place.unpack({archive}, options);
  ASSERT_TRUE(result) << message(result);
  const auto base = options.ids.base;
  EXPECT_EQ(place.stat("d").st_uid, base + 3);
  EXPECT_EQ(place.stat("d").st_gid, base + 4);
  EXPECT_EQ(place.stat("d/f").st_uid, base + 1);
  EXPECT_EQ(place.mode("d/f"), 04755u) << "chown would have cleared setuid";
  EXPECT_EQ(place.stat("d/l").st_uid, base + 5);
  EXPECT_EQ(place.stat("d/big").st_uid, base + 65534);
  EXPECT_EQ(place.stat(".").st_uid, base);
  ASSERT_EQ(result->originals.size(), 1u);
  EXPECT_EQ(result->originals.at("d/big").uid, 70000u);
}

TEST(Ids, OwnFilesRememberTheirOwners) {
  UnpackPlace place;
  TarMaker archive;
  archive.add({.name = "d", .type = '5', .mode = 0750, .gid = 42});
  archive.add({.name = "d/l", .type = '2', .link = "f", .uid = 5});
  const auto result = place.unpack({archive});
  ASSERT_TRUE(result) << message(result);
  EXPECT_EQ(place.stat("d").st_uid, ::geteuid());
  EXPECT_EQ(result->originals.at("d").gid, 42u);
  EXPECT_EQ(result->originals.at("d/l").uid, 5u);
}

TEST(Ids, CapabilitiesGetTheRangesRoot) {
  const std::string version2("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  const IdShift shift{0x70000000, 65536};
  const std::string stored = stored_capability(version2, shift);
  ASSERT_EQ(stored.size(), 24u);
  EXPECT_EQ(stored[3], 3);
  EXPECT_EQ(stored.substr(20), std::string("\0\0\0\x70", 4));
  EXPECT_EQ(stored_capability(version2, {}), version2);
  EXPECT_EQ(stored_capability("junk", shift), "");
}

}  // namespace
}  // namespace driftcage::image
