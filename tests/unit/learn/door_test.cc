// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include "harness/base/sys.h"
#include "harness/cell/visitor.h"

namespace driftcage::learn {
namespace {

using ::testing::ElementsAre;

base::UniqueFd knock(const Door& door) {
  struct ::sockaddr_un address {};
  address.sun_family = AF_UNIX;
  const std::string at = door.socket();
  std::memcpy(address.sun_path, at.data(), at.size());
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<struct ::sockaddr*>(&address),
                      sizeof address),
            0);
  return fd;
}

TEST(Door, AVisitorIsHeardAndAnswered) {
  Door door = Door::open().value();
  int status = -1;
  std::thread caller([&] {
    status = cell::visit(door.socket(), {"hint", "a b"});
  });
  std::shared_ptr<Visitor> visitor;
  while (!visitor) visitor = door.accept();
  EXPECT_THAT(visitor->call().words, ElementsAre("hint", "a b"));
  EXPECT_EQ(visitor->pid(), ::getpid());
  EXPECT_EQ(visitor->call().directory,
            std::filesystem::current_path().string());
  EXPECT_TRUE(visitor->say(""));
  visitor->dismiss(7);
  caller.join();
  EXPECT_EQ(status, 7);
  EXPECT_FALSE(visitor->say("late"));
}

TEST(Door, NonsenseAndSilenceAreNoVisitors) {
  Door door = Door::open().value();
  base::UniqueFd nonsense = knock(door);
  ASSERT_TRUE(base::sys::write_all(nonsense.get(), "\xff\xff\xff\xff", "door"));
  ::shutdown(nonsense.get(), SHUT_WR);
  EXPECT_EQ(door.accept(), nullptr);
  base::UniqueFd empty = knock(door);
  empty.reset();
  EXPECT_EQ(door.accept(), nullptr);
  const base::UniqueFd silent = knock(door);
  EXPECT_EQ(door.accept(), nullptr);
  EXPECT_EQ(door.accept(), nullptr);  // nobody at all
}

TEST(Door, TheFolderGoesWithIt) {
  std::string folder;
  {
    const Door door = Door::open().value();
    folder = door.private_folder();
    EXPECT_TRUE(std::filesystem::exists(door.socket()));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
  EXPECT_EQ(cell::visit(folder + "/inside/door", {"check"}), 1);
}

}  // namespace
}  // namespace driftcage::learn
