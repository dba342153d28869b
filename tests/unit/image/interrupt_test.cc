// SPDX-License-Identifier: Apache-2.0
// A signal ends what takes long, in good order.
#include "harness/image/interrupt.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

#include "harness/base/sys.h"
#include "harness/image/digest.h"
#include "harness/image/store_lock.h"
#include "tests/unit/image/store_maker.h"

namespace driftcage::image {
namespace {

TEST(Interrupt, EndsAHash) {
  const StorePlace place;
  const std::string file = place.file("blob", "bytes");
  const InterruptGuard guard;
  EXPECT_EQ(digest_file(file)->size, 5u);
  ASSERT_EQ(std::raise(SIGINT), 0);
  const auto stopped = digest_file(file);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().err, EINTR);
  EXPECT_EQ(stopped.error().object, "SIGINT");
}

// Whoever has it may hold it for as long as a large image takes.
TEST(Interrupt, EndsTheWaitForALock) {
  const StorePlace place;
  const std::string file = place.file("lock", "");
  const auto held = lock_path(file, LockKind::Exclusive, true);
  ASSERT_TRUE(held);
  const InterruptGuard guard;
  const pthread_t waiting = ::pthread_self();
  std::atomic<bool> done = false;
  // One signal might come before the wait.
  std::thread sender([&] {
    while (!done) {
      ::pthread_kill(waiting, SIGTERM);
      std::this_thread::yield();
    }
  });
  const auto lock = lock_path(file, LockKind::Shared, true);
  done = true;
  sender.join();
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().err, EINTR);
}

}  // namespace
}  // namespace driftcage::image
