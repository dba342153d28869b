// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/tracee_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "harness/base/unique_fd.h"

namespace driftcage::trace::memory {
namespace {

// Two pages with nothing mapped behind them. A process may read itself, by its
// file in /proc and without.
class TraceeMemoryTest : public ::testing::TestWithParam<bool> {
 protected:
  const std::size_t kPage = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void SetUp() override {
    base_ = static_cast<char*>(mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(base_, MAP_FAILED);
    ASSERT_EQ(munmap(base_ + 2 * kPage, kPage), 0);
    if (GetParam()) file_.reset(open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(static_cast<bool>(file_), GetParam());
  }
  void TearDown() override { munmap(base_, 2 * kPage); }
  [[nodiscard]] Source source() const { return {getpid(), file_.get()}; }

  // Copies `text` so that it ends where the mapping ends.
  std::uint64_t at_end(const void* bytes, std::size_t size) {
    char* place = base_ + 2 * kPage - size;
    std::memcpy(place, bytes, size);
    return reinterpret_cast<std::uint64_t>(place);
  }

  base::UniqueFd file_;
  char* base_ = nullptr;
  std::string out_;
};

INSTANTIATE_TEST_SUITE_P(Ways, TraceeMemoryTest, ::testing::Bool(),
                         [](const auto& way) {
                           return way.param ? "by_file" : "by_call";
                         });

TEST_P(TraceeMemoryTest, StringThatEndsAtTheLastByte) {
  const std::string text = "against the wall";
  EXPECT_TRUE(
      read_string(source(), at_end(text.c_str(), text.size() + 1), out_, 4096));
  EXPECT_EQ(out_, text);
}

TEST_P(TraceeMemoryTest, StringThatRunsIntoNothing) {
  EXPECT_FALSE(read_string(source(), at_end("abc", 3), out_, 4096));
  EXPECT_EQ(out_, "abc");
}

TEST_P(TraceeMemoryTest, StringOverAPageBorder) {
  const std::string text(kPage, 'x');
  EXPECT_TRUE(read_string(source(), at_end(text.c_str(), text.size() + 1), out_,
                          2 * kPage));
  EXPECT_EQ(out_, text);
}

TEST_P(TraceeMemoryTest, LongStringIsCutAtTheLimit) {
  const std::string text(100, 'x');
  EXPECT_TRUE(read_string(source(), at_end(text.c_str(), 101), out_, 10));
  EXPECT_EQ(out_, std::string(10, 'x'));
}

TEST_P(TraceeMemoryTest, PagesThatMayNotBeReadAreRead) {
  const std::uint64_t address = at_end("abc", 4);
  for (const int rights : {PROT_WRITE, PROT_EXEC, PROT_NONE}) {
    ASSERT_EQ(mprotect(base_ + kPage, kPage, rights), 0);
    EXPECT_TRUE(read_string(source(), address, out_, 4096)) << rights;
    EXPECT_EQ(out_, "abc");
  }
}

TEST_P(TraceeMemoryTest, NullIsUnreadable) {
  EXPECT_FALSE(read_string(source(), 0, out_, 10));
}

TEST_P(TraceeMemoryTest, ArraysOfBothWidths) {
  const char* words[] = {"one", "", nullptr};
  std::vector<std::string> out;
  EXPECT_EQ(
      read_string_array(source(), at_end(words, sizeof(words)), true, out),
      ArrayRead::Complete);
  EXPECT_EQ(out, (std::vector<std::string>{"one", ""}));
  const std::uint32_t none[] = {0};
  EXPECT_EQ(read_string_array(source(), at_end(none, sizeof(none)), false, out),
            ArrayRead::Complete);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(read_string_array(source(), 0, true, out), ArrayRead::Complete);
}

TEST_P(TraceeMemoryTest, ArrayWithoutEndOrWithBadPointer) {
  const char* endless[] = {"one", "two"};
  std::vector<std::string> out;
  EXPECT_EQ(
      read_string_array(source(), at_end(endless, sizeof(endless)), true, out),
      ArrayRead::Unreadable);
  const std::uint64_t bad[] = {1, 0};
  EXPECT_EQ(read_string_array(source(), at_end(bad, sizeof(bad)), true, out),
            ArrayRead::Unreadable);
}

TEST_P(TraceeMemoryTest, HugeArrayIsCut) {
  std::vector<const char*> words(100, nullptr);
  const std::string big(kMaxArrayBytes / 50, 'x');
  for (auto& word : words) word = big.c_str();
  words.back() = nullptr;
  std::vector<std::string> out;
  EXPECT_EQ(
      read_string_array(source(), reinterpret_cast<std::uint64_t>(words.data()),
                        true, out),
      ArrayRead::Cut);
}

}  // namespace
}  // namespace driftcage::trace::memory
