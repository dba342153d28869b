// SPDX-License-Identifier: Apache-2.0
#include "harness/run/trace_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "harness/base/sys.h"
#include "harness/wire/codec.h"
#include "tests/stored_trace.h"

namespace driftcage::run {
namespace {

using ::testing::HasSubstr;
using wire::kVersion;

class StoredTrace : public ::testing::Test {
 protected:
  void TearDown() override { ::unlink(file_.c_str()); }
  void write(const std::string& bytes) const {
    ASSERT_TRUE(base::sys::write_file(file_, bytes));
  }
  static std::string trace(std::uint32_t version = kVersion) {
    std::string bytes;
    wire::encode(wire::Hello{version, 0, "seccomp"}, bytes);
    wire::encode(wire::CageUp{"full", {}, {}}, bytes);
    wire::encode(wire::End{}, bytes);
    return bytes;
  }
  // How many records were given; -1 for an error.
  int count(int most = 100) {
    int given = 0;
    const auto status =
        read_trace(file_, [&](const wire::Record&) { return ++given < most; });
    if (!status) error_ = status.error();
    return status ? given : -1;
  }

  const std::string file_ = ::testing::TempDir() + "driftcage-trace-file-" +
                            std::to_string(::getpid());
  base::Error error_;
};

TEST_F(StoredTrace, GivesEveryRecordUntilToldToStop) {
  store_trace(file_, trace());
  EXPECT_EQ(count(), 3);
  EXPECT_EQ(count(2), 2);
}

// Zeros where a disk lost a block still are records: of other paths.
TEST_F(StoredTrace, ChangedBytesAreNoticedByTheSeal) {
  const std::string bytes = trace();
  auto stored = TraceFile::create(file_, 1u << 20);
  ASSERT_TRUE(stored) << stored.error().message();
  // As it comes: records are parted anywhere.
  EXPECT_TRUE(stored->add(std::string_view(bytes).substr(0, 7)));
  EXPECT_TRUE(stored->add(std::string_view(bytes).substr(7)));
  EXPECT_TRUE(stored->seal());
  EXPECT_EQ(stored->size(), bytes.size());
  EXPECT_EQ(count(), 3);
  std::string damaged = base::sys::read_file(file_).value();
  damaged[damaged.find("seccomp") + 2] = '\0';
  write(damaged);
  EXPECT_EQ(count(), -1);
  EXPECT_THAT(error_.hint, HasSubstr("its checksum is another"));
}

TEST_F(StoredTrace, AnEndWithoutTheSealIsCutOff) {
  store_trace(file_, trace());
  const std::string whole = base::sys::read_file(file_).value();
  for (std::size_t left = trace().size(); left < whole.size(); ++left) {
    write(whole.substr(0, left));
    EXPECT_EQ(count(), -1) << left;
    EXPECT_THAT(error_.hint, HasSubstr("its checksum is missing"));
  }
}

TEST_F(StoredTrace, WhatDoesNotFitIsLeftOut) {
  auto stored = TraceFile::create(file_, 10);
  ASSERT_TRUE(stored);
  EXPECT_TRUE(stored->add("12345"));
  EXPECT_FALSE(stored->is_cut());
  EXPECT_TRUE(stored->add("123456"));
  EXPECT_TRUE(stored->add("1"));
  EXPECT_TRUE(stored->is_cut());
  EXPECT_EQ(base::sys::read_file(file_).value(), "12345");
}

TEST_F(StoredTrace, ACutOneEndsWithItsLastCompleteRecord) {
  const std::string whole = trace();
  write(whole.substr(0, whole.size() - 1));
  EXPECT_EQ(count(), 2);
  write("");
  EXPECT_EQ(count(), 0);
}

TEST_F(StoredTrace, DamageAndOtherVersionsAreErrors) {
  write(trace() + std::string(8, '\xff'));
  EXPECT_EQ(count(), -1);
  EXPECT_THAT(error_.hint, HasSubstr("damaged"));
  write(trace(kVersion + 1));
  EXPECT_EQ(count(), -1);
  EXPECT_THAT(error_.hint,
              HasSubstr("another driftcage: decode trace: version"));
  ::unlink(file_.c_str());
  EXPECT_EQ(count(), -1);
  EXPECT_EQ(error_.err, ENOENT);
}

}  // namespace
}  // namespace driftcage::run
