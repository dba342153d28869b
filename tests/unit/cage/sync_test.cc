// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/sync.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

namespace driftcage::cage::sync {
namespace {

TEST(Sync, WhatWasSentBeforeTheOtherSideWentArrives) {
  auto ends = pair();
  ASSERT_TRUE(ends);
  auto [ours, theirs] = *std::move(ends);
  const base::Error error{"open", "/srv/image", EACCES, "hint"};
  send_error(theirs.get(), error);
  // Never read there: the socket has an error of its own now.
  send(ours.get(), Tag::Mapped);
  EXPECT_FALSE(is_hung_up(ours.get()));
  theirs.reset();
  EXPECT_TRUE(is_hung_up(ours.get()));
  const Message message = receive(ours.get());
  EXPECT_EQ(message.tag, Tag::Failed);
  EXPECT_EQ(error_of(message), error);
  EXPECT_EQ(receive(ours.get()).tag, Tag::HangUp);
}

}  // namespace
}  // namespace driftcage::cage::sync
