// SPDX-License-Identifier: Apache-2.0
#include "harness/image/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "harness/image/digest.h"
#include "tests/unit/image/store_maker.h"

namespace driftcage::image {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace fs = std::filesystem;

Store::Fill fill_with(const std::string& text) {
  return [text](const std::string& root,
                const IdShift&) -> base::Result<UnpackResult> {
    DRIFTCAGE_CHECK_OK(base::sys::write_file(root + "/file", text));
    return UnpackResult{{}, {"a note"}};
  };
}

base::Result<UnpackResult> never(const std::string&, const IdShift&) {
  ADD_FAILURE() << "the tree is there already";
  return UnpackResult{};
}

StoredImage image_with(const std::string& reference, const std::string& chain) {
  StoredImage image;
  image.reference = reference;
  image.source_state = "state";
  image.chain = chain;
  image.config.environment["PATH"] = "/bin";
  image.config.user = "1000:1000";
  image.layers = {{"file", chain, 7, "type", chain}};
  return image;
}

std::size_t count(const std::string& folder) {
  const auto begin = fs::directory_iterator(folder);
  return static_cast<std::size_t>(
      std::distance(begin, fs::directory_iterator()));
}

class StoreTest : public ::testing::Test {
 protected:
  // A tree with one file, whose name in the store it returns.
  std::string tree(const std::string& text) const {
    const std::string chain = digest_of(text);
    EXPECT_TRUE(store_.ensure(chain, fill_with(text), {}));
    return chain;
  }

  StorePlace place_;
  Store store_ = place_.store();
};

TEST_F(StoreTest, IsClosedToOthers) {
  const auto status = base::sys::stat(place_.folder());
  EXPECT_EQ(status->st_mode & 07777, 0700u);
}

TEST_F(StoreTest, MakesATreeOnceOnly) {
  const std::string chain = digest_of("tree");
  EXPECT_FALSE(store_.find(chain).value());
  const auto made = store_.ensure(chain, fill_with("hello"), {});
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(base::sys::read_file(made->root + "/file").value(), "hello");
  const auto again = store_.ensure(chain, never, {});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->root, made->root);
  const auto info = store_.tree_info(chain);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->measure.best().entries, 1u);
  EXPECT_EQ(info->measure.best().bytes, 5u);
  EXPECT_THAT(info->notes, ElementsAre("a note"));
}

TEST_F(StoreTest, AFailedFillLeavesNothing) {
  const std::string chain = digest_of("tree");
  const auto failed = store_.ensure(
      chain,
      [](const std::string& root,
         const IdShift&) -> base::Result<UnpackResult> {
        DRIFTCAGE_CHECK_OK(base::sys::write_file(root + "/half", "x"));
        return base::fail("unpack", "x", ENOSPC);
      },
      {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().err, ENOSPC);
  EXPECT_EQ(count(place_.folder() + "/rootfs"), 0u);
  EXPECT_FALSE(store_.find(chain).value());
}

TEST_F(StoreTest, WhatAKilledProcessLeftIsReplaced) {
  const std::string chain = digest_of("tree");
  const std::string rootfs = place_.folder() + "/rootfs/";
  fs::create_directories(rootfs + ".tmp-" + hex_of(chain) + "/root/sub");
  // A tree without its stamp is one that gc was removing.
  fs::create_directories(rootfs + hex_of(chain) + "/root");
  ASSERT_TRUE(store_.ensure(chain, fill_with("whole"), {}));
  EXPECT_EQ(count(rootfs), 1u);
  EXPECT_TRUE(store_.find(chain).value());
}

TEST_F(StoreTest, AfterARestartOfTheMachineATreeIsMeasured) {
  const std::string whole = tree("whole");
  const std::string damaged = tree("damaged");
  for (const std::string& chain : {whole, damaged}) {
    const std::string stamp =
        place_.folder() + "/rootfs/" + hex_of(chain) + "/stamp";
    ASSERT_TRUE(base::sys::write_file(stamp, "another boot\n"));
  }
  fs::resize_file(store_.find(whole).value()->root + "/file", 5);
  fs::resize_file(place_.folder() + "/rootfs/" + hex_of(damaged) + "/root/file",
                  2);
  EXPECT_FALSE(store_.find(damaged).value());
}

TEST_F(StoreTest, ParallelCallersMakeItOnce) {
  const std::string chain = digest_of("tree");
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto tree = store_.ensure(
          chain,
          [&made](const std::string& root,
                  const IdShift&) -> base::Result<UnpackResult> {
            ++made;
            DRIFTCAGE_CHECK_OK(base::sys::write_file(root + "/file", "x"));
            return UnpackResult{};
          },
          {});
      if (tree) ++good;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(good, 8);
}

TEST_F(StoreTest, RecordsComeBackAsTheyWere) {
  const StoredImage image = image_with("tar:/x", digest_of("tree"));
  ASSERT_TRUE(store_.put(image));
  auto read = store_.record("tar:/x").value();
  ASSERT_TRUE(read);
  EXPECT_GT(read->created_s, 0);
  read->created_s = 0;
  EXPECT_EQ(*read, image);
  EXPECT_FALSE(store_.record("tar:/y").value());
}

TEST_F(StoreTest, ADamagedRecordCountsAsNone) {
  ASSERT_TRUE(store_.put(image_with("tar:/x", digest_of("tree"))));
  for (const auto& entry :
       fs::directory_iterator(place_.folder() + "/records")) {
    std::ofstream(entry.path()) << "{\"schema\": 1, \"reference\": 7}";
  }
  EXPECT_FALSE(store_.record("tar:/x").value());
  EXPECT_THAT(store_.list().value(), IsEmpty());
}

TEST_F(StoreTest, ListsByName) {
  ASSERT_TRUE(store_.put(image_with("b", tree("one"))));
  ASSERT_TRUE(store_.put(image_with("a", digest_of("not unpacked"))));
  const auto entries = store_.list().value();
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[0].image.reference, "a");
  EXPECT_FALSE(entries[0].unpacked);
  EXPECT_TRUE(entries[1].unpacked);
  EXPECT_EQ(entries[1].tree_bytes, 3u);
}

TEST_F(StoreTest, RemoveForgetsAndGcFrees) {
  const std::string chain = tree("text");
  ASSERT_TRUE(store_.put(image_with("a", chain)));
  EXPECT_THAT(store_.gc().value().removed, IsEmpty());
  EXPECT_EQ(store_.remove("b").error().err, ENOENT);
  ASSERT_TRUE(store_.remove("a"));
  const GcResult result = store_.gc().value();
  EXPECT_THAT(result.removed, ElementsAre("tree " + chain));
  EXPECT_EQ(result.bytes, 4u);
  EXPECT_EQ(count(place_.folder() + "/rootfs"), 0u);
  EXPECT_EQ(count(place_.folder() + "/locks"), 0u);
}

TEST_F(StoreTest, GcLeavesWhatIsInUse) {
  const std::string chain = tree("text");
  {
    const auto used = store_.find(chain).value();
    const GcResult result = store_.gc().value();
    EXPECT_THAT(result.removed, IsEmpty());
    EXPECT_THAT(result.in_use, ElementsAre("tree " + chain));
    EXPECT_TRUE(fs::exists(used->root + "/file"));
  }
  EXPECT_THAT(store_.gc().value().removed, SizeIs(1));
}

TEST_F(StoreTest, GcFreesBlobsThatNoImageNeeds) {
  StoredImage image = image_with("a", tree("text"));
  image.blobs = {digest_of("needed")};
  ASSERT_TRUE(store_.put(image));
  for (const char* text : {"needed", "not needed"})
    ASSERT_TRUE(base::sys::write_file(store_.blob(digest_of(text)), text));
  const GcResult result = store_.gc().value();
  EXPECT_THAT(result.removed, ElementsAre("blob " + digest_of("not needed")));
  EXPECT_TRUE(fs::exists(store_.blob(digest_of("needed"))));
}

// The record comes last.
TEST_F(StoreTest, GcLeavesBlobsWhileSomebodyBringsThem) {
  const std::string blob = store_.blob(digest_of("brought"));
  ASSERT_TRUE(base::sys::write_file(blob, "brought"));
  {
    const auto one = store_.keep_blobs().value();
    const auto other = store_.keep_blobs().value();
    const GcResult result = store_.gc().value();
    EXPECT_THAT(result.removed, IsEmpty());
    EXPECT_THAT(result.in_use, ElementsAre(HasSubstr("being fetched")));
    EXPECT_TRUE(fs::exists(blob));
  }
  EXPECT_THAT(store_.gc().value().removed, SizeIs(1));
  EXPECT_FALSE(fs::exists(blob));
  EXPECT_EQ(count(place_.folder() + "/locks"), 0u);
}

TEST_F(StoreTest, GcFreesWorkOfTheKilledOnly) {
  const auto space = store_.workspace().value();
  fs::create_directories(place_.folder() + "/tmp/wKilled/deep");
  const GcResult result = store_.gc().value();
  EXPECT_THAT(result.removed, ElementsAre("unfinished work wKilled"));
  EXPECT_TRUE(fs::exists(space.path));
  EXPECT_THAT(result.in_use, SizeIs(1));
}

TEST_F(StoreTest, AWorkspaceCleansUp) {
  {
    const auto space = store_.workspace().value();
    fs::create_directories(space.path + "/a/b");
  }
  EXPECT_EQ(count(place_.folder() + "/tmp"), 0u);
}

TEST_F(StoreTest, VerifyFindsDamage) {
  StoredImage image = image_with("a", tree("text"));
  image.blobs = {digest_of("blob")};
  const std::string blob = store_.blob(image.blobs[0]);
  ASSERT_TRUE(base::sys::write_file(blob, "blob"));
  EXPECT_THAT(store_.verify(image).value(), IsEmpty());

  ASSERT_TRUE(base::sys::write_file(blob, "BLOB"));
  EXPECT_THAT(store_.verify(image).value(),
              ElementsAre(HasSubstr("another digest")));
  fs::remove(blob);
  EXPECT_THAT(store_.verify(image).value(), ElementsAre(HasSubstr("ENOENT")));
  image.blobs.clear();

  const std::string file = store_.find(image.chain).value()->root + "/file";
  std::ofstream(file) << "TEXT";
  EXPECT_THAT(store_.verify(image).value(),
              ElementsAre(HasSubstr("changed afterwards")));
  std::ofstream(file) << "longer text";
  EXPECT_THAT(store_.verify(image).value(),
              ElementsAre(HasSubstr("1 entries with 11 bytes")));
}

TEST(StoreFolder, FollowsTheXdgRules) {
  EXPECT_EQ(store_folder({{"XDG_CACHE_HOME", "/c"}, {"HOME", "/h"}}).value(),
            "/c/driftcage/images");
  EXPECT_EQ(store_folder({{"XDG_CACHE_HOME", "c"}, {"HOME", "/h"}}).value(),
            "/h/.cache/driftcage/images");
}

}  // namespace
}  // namespace driftcage::image
