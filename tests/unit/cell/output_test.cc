// SPDX-License-Identifier: Apache-2.0
#include "harness/cell/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/sys.h"
#include "harness/wire/codec.h"

namespace driftcage::cell {
namespace {

class OutputTest : public ::testing::Test {
 protected:
  OutputTest() {
    auto ends = base::sys::pipe().value();
    read_ = std::move(ends.first);
    write_ = std::move(ends.second);
    ::fcntl(read_.get(), F_SETFL, O_NONBLOCK);
    // Room for everything that a test writes without reading.
    ::fcntl(write_.get(), F_SETPIPE_SZ, 1 << 20);
  }

  // Records that have arrived since the last time.
  std::vector<wire::Record> arrived() {
    std::string bytes(1 << 20, '\0');
    const ssize_t size = ::read(read_.get(), bytes.data(), bytes.size());
    if (size > 0) {
      decoder_.feed({bytes.data(), static_cast<std::size_t>(size)});
    }
    std::vector<wire::Record> records;
    while (true) {
      auto record = decoder_.next();
      EXPECT_TRUE(record.has_value());
      if (!record || !*record) return records;
      records.push_back(**record);
    }
  }
  static model::Event event_at(std::uint64_t ns) {
    model::Event event;
    event.exit_ns = ns;
    event.path = "/a/path";
    return event;
  }

  base::UniqueFd read_;
  base::UniqueFd write_;
  wire::Decoder decoder_;
};

TEST_F(OutputTest, KeepsEventsUntilThereAreMany) {
  Output output(write_.get());
  std::size_t written = 0;
  while (arrived().empty()) {
    output.event(event_at(1));
    ASSERT_LT(++written, 100'000u);
  }
  EXPECT_GT(written, 500u);
  EXPECT_TRUE(output.ok());
}

TEST_F(OutputTest, SendsFewEventsAfterATime) {
  Output output(write_.get());
  output.event(event_at(1'000'000));
  EXPECT_TRUE(arrived().empty());
  output.event(event_at(99'000'000));
  EXPECT_TRUE(arrived().empty());
  output.process_end({});
  EXPECT_TRUE(arrived().empty());
  output.event(event_at(101'000'000));
  EXPECT_EQ(arrived().size(), 4u);
  output.event(event_at(150'000'000));
  EXPECT_TRUE(arrived().empty());
}

TEST_F(OutputTest, SendsOtherRecordsAtOnceAndInOrder) {
  Output output(write_.get());
  output.process_start({});
  output.event(event_at(1));
  output.record(wire::End{});
  const auto records = arrived();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<model::ProcessStart>(records[0]));
  EXPECT_TRUE(std::holds_alternative<model::Event>(records[1]));
  EXPECT_TRUE(std::holds_alternative<wire::End>(records[2]));
}

TEST_F(OutputTest, NoticesThatNobodyReads) {
  ::signal(SIGPIPE, SIG_IGN);
  Output output(write_.get());
  read_.reset();
  output.record(wire::Hello{});
  EXPECT_FALSE(output.ok());
  output.event(event_at(1));
  output.flush();
  EXPECT_FALSE(output.ok());
}

}  // namespace
}  // namespace driftcage::cell
